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
  intr_register = 37, //       the thread that serves an interrupt line
  intr_wait = 38, //           the caller waits for its line's next interrupt
  // The machine.
  compute = 48, //             a0, a1: cycles
  cycles = 49, //              returns the CPU's clock in a0, a1
  curthread = 50,
  curcpu = 51,
  random = 52, //              32 random bits of the machine's seed
  // Kernel threads and processes (kern/kern_kthread.ts).
  kthread_add = 64, //         func, arg, proc or 0, flags, pages, fmt, fmtarg; a1: thread
  kthread_exit = 65,
  kthread_suspend = 66, //     thread, timo
  kthread_resume = 67, //      thread
  kthread_suspend_check = 68,
  kthread_start = 69, //       name, func, arg; a1: thread
  kproc_create = 70, //        func, arg, flags, pages, fmt, fmtarg; a1: process, a2: thread
  kproc_exit = 71, //          code
  kproc_suspend = 72, //       process, timo
  kproc_resume = 73, //        process
  kproc_suspend_check = 74, // process
  kproc_start = 75, //         name, func, arg; a1: process, a2: thread
  kproc_kthread_add = 76, //   func, arg, proc or 0, flags, pages, procname, fmt, fmtarg; a1: thread, a2: process
  // User processes and their threads.
  fork = 77, //                func, arg, flags, pages, uid or -1; a1: process, a2: thread
  thr_create = 78, //          func, arg; a1: thread
  thr_exit = 79,
  exit = 80, //                code
  wait = 81, //                process
  proc_stop = 82, //           process
  proc_cont = 83, //           process
  ast = 84,
  // Sleeping and the scheduler.
  msleep = 85, //              channel, priority, wmesg, timo
  wakeup = 86, //              channel
  wakeup_one = 87, //          channel
  pause = 88, //               wmesg, timo
  sched_relinquish = 89,
  sched_add = 90, //           thread
  sched_prio = 91, //          thread, priority
  ticks = 92,
  // Threads (kern/kern_thread.ts, kern_single.ts).
  thread_exit = 96,
  thread_alloc = 97, //        pages; returns the thread or 0
  thread_free = 98, //         thread
  thread_recycle = 99, //      thread, pages; a1: pages now
  thread_reap = 100,
  thread_reap_all = 101,
  thread_reap_barrier = 102,
  thread_single = 103, //      process, mode
  thread_single_end = 104, //  process, mode
  thread_suspend_check = 105, // return_instead
  thread_suspend_check_needed = 106,
  thread_check_susp = 107, //  sleep
  thread_unsuspend = 108, //   process
  thread_run_flash = 109, //   thread
  tdfind = 110, //             tid, pid or -1; returns the thread or 0
  pfind = 111, //              pid; returns the process or 0
  proc_setcred = 112, //       process, uid
  proc_setlimit = 113, //      process, id
  thread_cow_update = 114,
  thread_cow_synced = 115,
  cow_sync_creds = 116, //     only the pointers
  // What a test needs to look into the allocation of ids.
  tid_alloc = 120,
  tid_free = 121, //           tid
  tidhash_add = 122, //        thread
  tidhash_remove = 123, //     thread
  kstack_fail = 124, //        n: that many kernel stack allocations fail next
  // Event handlers and shutdown.
  eventhandler_register = 126, // list, function, argument, priority; returns a handle or 0
  eventhandler_deregister = 127, // handle
  reboot = 128, //             howto: runs the shutdown handlers
  // Synchronisation objects (kern/kern_sync.ts); a *_create leaves the object in a1.
  mtx_create = 160, //         name
  mtx_lock = 161, //           mutex
  mtx_unlock = 162, //         mutex
  cv_create = 163, //          name
  cv_wait = 164, //            condition variable, mutex
  cv_signal = 165, //          condition variable
  cv_broadcast = 166, //       condition variable
  sema_create = 167, //        name, value
  sema_wait = 168, //          semaphore
  sema_post = 169, //          semaphore
  barrier_create = 170, //     name, parties
  barrier_wait = 171, //       barrier; returns 1 for the last to arrive
  // Time.
  timer_create = 172, //       name
  timer_wait = 173, //         timer, period (cycles, two words), mode
  timer_next = 174, //         last expiry, period (two words each), mode; returns the expiry in a0, a1
  sleep_until = 175, //        cycles since boot, two words
  sleep = 176, //              cycles, two words
  // What a thread asks of the scheduler.
  cpuset_setaffinity = 177, // mask of CPUs, two words
  sched_prio_self = 178, //    priority
  thread_report = 179, //      tells the host that the caller is about to end
  mtx_owned = 180, //          mutex; returns 1 if the caller holds it
}
