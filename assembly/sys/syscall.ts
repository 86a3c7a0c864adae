// Kernel-call numbers. Machine and LWKT calls are below 64, FreeBSD's from 64 up. The host's table of
// arguments and documentation, src/core/calls.ts, has an entry for each member.

/** Kernel calls by name. */
export enum Sys {
  body_return = 0, // the body has returned: ends the thread
  lwkt_yield = 1,
  lwkt_yield_quick = 2,
  lwkt_switch = 3,
  lwkt_schedule_self = 4,
  lwkt_deschedule_self = 5,
  lwkt_schedule = 6,
  lwkt_deschedule = 7,
  lwkt_setpri = 8,
  lwkt_setpri_self = 9,
  lwkt_preempt = 10,
  lwkt_preempted_proc = 11,
  lwkt_block = 12,
  lwkt_signal = 13,
  lwkt_init_wait = 14,
  lwkt_gettoken = 15,
  lwkt_reltoken = 16,
  lwkt_regettoken = 17,
  lwkt_havetoken = 18,
  crit_enter = 19,
  crit_exit = 20,
  crit_exit_noyield = 21,
  crit_panic = 22,
  lwkt_create = 23,
  lwkt_exit = 24,
  lwkt_kthread_create = 25, // DragonFly's kthread_create (lwkt_thread.c 815)
  lwkt_kthread_exit = 26, //   DragonFly's kthread_exit (lwkt_thread.c 857)
  lwkt_free_thread = 27,
  lwkt_proc_exit = 28, //      an exit that reaps nothing: cpu_proc_exit's
  lwkt_wait_gen = 29, //       generation of a wait structure
  lwkt_migrate = 30,
  lwkt_setcpu_self = 31,
  interrupt = 32, //           an interrupt request for a thread, as a device makes it
  intr_enter = 33,
  intr_exit = 34,
  set_reqpri = 35,
  set_untimely_switch = 36,
  // The machine.
  compute = 48, //             a0, a1: cycles
  cycles = 49, //              returns the CPU's clock in a0, a1
  curthread = 50,
  curcpu = 51,
  random = 52, //              32 random bits of the machine's seed
}
