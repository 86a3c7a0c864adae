// Every kernel call: its number, its arguments in the order of their registers, its result, and what it
// does. The program builder and the bodies of JavaScript threads are typed from this one table.

import { Sys } from "../generated/layout.js";
import type { CallTable } from "./call-table.js";

/** The kernel calls by name. */
export const calls = {
  // ---- Light weight kernel threads (DragonFly); only under the lwkt scheduler ----
  lwkt_yield: {
    nr: Sys.lwkt_yield,
    args: [],
    returns: "void",
    doc: "Lets threads of the same or a higher priority run.",
  },
  lwkt_yield_quick: {
    nr: Sys.lwkt_yield_quick,
    args: [],
    returns: "void",
    doc: "Runs pending interrupts of a higher priority; yields to nobody else.",
  },
  lwkt_switch: {
    nr: Sys.lwkt_switch,
    args: [],
    returns: "void",
    doc: "Switches to the next runnable thread; the caller comes back when it is picked again.",
  },
  lwkt_schedule_self: {
    nr: Sys.lwkt_schedule_self,
    args: [],
    returns: "void",
    doc: "Puts the caller on the run queue.",
  },
  lwkt_deschedule_self: {
    nr: Sys.lwkt_deschedule_self,
    args: [],
    returns: "void",
    doc: "Takes the caller off the run queue; it runs on until it switches.",
  },
  lwkt_schedule: {
    nr: Sys.lwkt_schedule,
    args: ["thread"],
    returns: "void",
    doc: "Makes a thread runnable, off the wait queue it may be blocked on.",
  },
  lwkt_deschedule: {
    nr: Sys.lwkt_deschedule,
    args: ["thread"],
    returns: "void",
    doc: "Takes a thread off its run queue; asynchronous if another CPU owns it.",
  },
  lwkt_setpri: {
    nr: Sys.lwkt_setpri,
    args: ["thread", "i32"],
    returns: "void",
    doc: "Sets a thread's LWKT priority, 0 to 31; larger runs first.",
  },
  lwkt_setpri_self: {
    nr: Sys.lwkt_setpri_self,
    args: ["i32"],
    returns: "void",
    doc: "Sets the caller's LWKT priority, 0 to 31.",
  },
  lwkt_preempt: {
    nr: Sys.lwkt_preempt,
    args: ["thread", "i32"],
    returns: "void",
    doc: "Lets an interrupt thread run until it blocks; the caller must be in one critical section.",
  },
  lwkt_preempted_proc: {
    nr: Sys.lwkt_preempted_proc,
    args: [],
    returns: "proc",
    doc: "The process of the thread that was interrupted, at the end of the chain; 0 for none.",
  },
  lwkt_block: {
    nr: Sys.lwkt_block,
    args: ["wait", "string", "i32"],
    returns: "i32",
    doc: "Blocks on a wait structure unless its generation has moved on; returns the generation.",
  },
  lwkt_signal: {
    nr: Sys.lwkt_signal,
    args: ["wait"],
    returns: "void",
    doc: "Advances the generation of a wait structure and wakes all that are blocked on it.",
  },
  lwkt_init_wait: {
    nr: Sys.lwkt_init_wait,
    args: ["wait"],
    returns: "void",
    doc: "Empties the queue of a wait structure.",
  },
  lwkt_wait_gen: {
    nr: Sys.lwkt_wait_gen,
    args: ["wait"],
    returns: "i32",
    doc: "The generation of a wait structure, to be handed to lwkt_block.",
  },
  lwkt_gettoken: {
    nr: Sys.lwkt_gettoken,
    args: ["token"],
    returns: "void",
    doc: "Acquires a token; the caller is in a critical section until it releases it.",
  },
  lwkt_reltoken: {
    nr: Sys.lwkt_reltoken,
    args: ["token"],
    returns: "void",
    doc: "Releases a token.",
  },
  lwkt_regettoken: {
    nr: Sys.lwkt_regettoken,
    args: ["token"],
    returns: "bool",
    doc: "Acquires a token again; true if it had been lost.",
  },
  lwkt_havetoken: {
    nr: Sys.lwkt_havetoken,
    args: ["token"],
    returns: "bool",
    doc: "True if this CPU owns a token.",
  },
  crit_enter: {
    nr: Sys.crit_enter,
    args: [],
    returns: "void",
    doc: "Enters a critical section: no interrupt thread and no message takes the CPU.",
  },
  crit_exit: {
    nr: Sys.crit_exit,
    args: [],
    returns: "void",
    doc: "Leaves a critical section; what was held back runs now.",
  },
  crit_exit_noyield: {
    nr: Sys.crit_exit_noyield,
    args: [],
    returns: "void",
    doc: "Leaves a critical section; what was held back stays so for now.",
  },
  crit_panic: { nr: Sys.crit_panic, args: [], returns: "never", doc: "Panics." },
  lwkt_create: {
    nr: Sys.lwkt_create,
    args: ["address", "u32", "thread", "u32", "string", "u32"],
    returns: "created",
    doc: "Creates a thread: function, argument, template or 0, flags, name format and its argument. ENOMEM if all are in use.",
  },
  lwkt_exit: { nr: Sys.lwkt_exit, args: [], returns: "never", doc: "Ends the calling LWKT thread." },
  lwkt_kthread_create: {
    nr: Sys.lwkt_kthread_create,
    args: ["address", "u32", "string", "u32"],
    returns: "created",
    doc: "DragonFly's kthread_create: function, argument, name format and its argument. ENOMEM if all are in use.",
  },
  lwkt_kthread_exit: {
    nr: Sys.lwkt_kthread_exit,
    args: [],
    returns: "never",
    doc: "DragonFly's kthread_exit: ends the calling LWKT thread.",
  },
  lwkt_free_thread: {
    nr: Sys.lwkt_free_thread,
    args: ["thread"],
    returns: "void",
    doc: "Frees an exited thread, into the CPU's cache while that has fewer than 6.",
  },
  lwkt_proc_exit: {
    nr: Sys.lwkt_proc_exit,
    args: [],
    returns: "never",
    doc: "Ends the calling thread without putting its structure on the free list.",
  },
  lwkt_migrate: {
    nr: Sys.lwkt_migrate,
    args: ["thread", "u32"],
    returns: "i32",
    doc: "Moves a thread that does not run to another CPU. 0, EBUSY if it runs here, EINVAL for no such CPU.",
  },
  lwkt_setcpu_self: {
    nr: Sys.lwkt_setcpu_self,
    args: ["u32"],
    returns: "i32",
    doc: "Moves the caller to another CPU. 0, EBUSY in a critical section, EINVAL for no such CPU.",
  },
  interrupt: {
    nr: Sys.interrupt,
    args: ["thread"],
    returns: "bool",
    doc: "Requests an interrupt of an interrupt thread, as a device does. True if it ran, false if it is pended.",
  },
  intr_enter: {
    nr: Sys.intr_enter,
    args: [],
    returns: "void",
    doc: "Enters an interrupt: switching is not allowed until intr_exit.",
  },
  intr_exit: { nr: Sys.intr_exit, args: [], returns: "void", doc: "Leaves an interrupt." },
  set_reqpri: {
    nr: Sys.set_reqpri,
    args: ["i32"],
    returns: "void",
    doc: "Sets the priority above which pending work of this CPU runs.",
  },
  set_untimely_switch: {
    nr: Sys.set_untimely_switch,
    args: ["i32"],
    returns: "void",
    doc: "Sets the sysctl lwkt.untimely_switch.",
  },
  // ---- The machine ----
  compute: {
    nr: Sys.compute,
    args: ["cycles"],
    returns: "void",
    doc: "Runs for an amount of time, which may be interrupted like any other code.",
  },
  cycles: {
    nr: Sys.cycles,
    args: [],
    returns: "u64",
    doc: "This CPU's clock: cycles since boot.",
  },
  curthread: { nr: Sys.curthread, args: [], returns: "thread", doc: "The calling thread." },
  curcpu: { nr: Sys.curcpu, args: [], returns: "u32", doc: "The CPU that runs the caller." },
  random: {
    nr: Sys.random,
    args: [],
    returns: "u32",
    doc: "32 random bits, a function of the machine's seed.",
  },
} as const satisfies CallTable;

/** Name of a kernel call. */
export type CallName = keyof typeof calls;
