// Every import from the host, and nothing else. None is called on a path that a switch takes.

// @ts-ignore: decorator
@external("env", "panic")
declare function host_panic(fmt: usize, arg0: usize, arg1: usize, arg2: usize): void;

// @ts-ignore: decorator
@external("env", "printf")
declare function host_printf(
  fmt: usize,
  arg0: usize,
  arg1: usize,
  arg2: usize,
  arg3: usize,
  arg4: usize,
  arg5: usize,
): void;

// @ts-ignore: decorator
@external("env", "ktr_flush")
declare function host_ktr_flush(from: usize, to: usize): void;

// @ts-ignore: decorator
@external("env", "event")
declare function host_event(list: u32, cookie: u32, arg: u32): void;

// @ts-ignore: decorator
@external("env", "text_hot")
declare function host_text_hot(pc: u32, left: u32): void;

// @ts-ignore: decorator
@external("env", "text_changed")
declare function host_text_changed(from: u32, to: u32): void;

@external("env", "cnputsn")
declare function host_cnputsn(from: usize, length: u32): void;

// @ts-ignore: decorator
@external("env", "fault")
declare function host_fault(td: usize, kind: u32, pc: u32, address: u32): void;

// A scheduler written in JavaScript (kern/sched_host.ts).

/** A thread waits for a CPU; `keeps_turn` is 1 if it was preempted within its slice. */
// @ts-ignore: decorator
@external("env", "sched_queue")
export declare function host_queue(td: Thread, cpu: u32, keeps_turn: u32): void;

/** A thread no longer waits for a CPU. */
// @ts-ignore: decorator
@external("env", "sched_unqueue")
export declare function host_unqueue(td: Thread, cpu: u32): void;

/** Takes the thread that a CPU runs next from those that wait for it. */
// @ts-ignore: decorator
@external("env", "sched_take")
export declare function host_take(cpu: u32): Thread;

/** Not 0 if `td` preempts `cur`. */
// @ts-ignore: decorator
@external("env", "sched_preempts")
export declare function host_preempts(td: Thread, cur: Thread): i32;

/** A thread has run for some ticks: 1 if its slice is over, 0 if not, -1 to use the kernel's slices. */
// @ts-ignore: decorator
@external("env", "sched_tick")
export declare function host_tick(td: Thread, cpu: u32, ticks: u32): i32;

/** The CPU, of a set, for a thread; -1 to let the kernel choose. */
// @ts-ignore: decorator
@external("env", "sched_pick_cpu")
export declare function host_pick_cpu(td: Thread, low: u32, high: u32): i32;

import { machine } from "./sys/machine";
import { Thread } from "./sys/proc";

/**
 * Stops the machine for good: the host throws a KernelPanic with the text, formatted as printf does
 * (%d %u %x %s with an interned or static string, %p with a thread's or process's address).
 */
export function panic(fmt: string, arg0: usize = 0, arg1: usize = 0, arg2: usize = 0): void {
  const m = machine();
  m.panicked = 1;
  m.panic_fmt = changetype<usize>(fmt);
  m.panic_arg0 = arg0;
  m.panic_arg1 = arg1;
  m.panic_arg2 = arg2;
  host_panic(changetype<usize>(fmt), arg0, arg1, arg2);
  unreachable();
}

/** The kernel's printf, to the host's console. %N prints the name of a thread or process. */
export function printf(
  fmt: string,
  arg0: usize = 0,
  arg1: usize = 0,
  arg2: usize = 0,
  arg3: usize = 0,
  arg4: usize = 0,
  arg5: usize = 0,
): void {
  host_printf(changetype<usize>(fmt), arg0, arg1, arg2, arg3, arg4, arg5);
}

/** Hands the trace records in [from, to) to the host. */
export function ktr_flush(from: usize, to: usize): void {
  host_ktr_flush(from, to);
}

/** Calls the host's event handler `cookie` of a list (sys/eventhandler.ts) with the event's argument. */
export function event(list: u32, cookie: u32, arg: u32): void {
  host_event(list, cookie, arg);
}

/**
 * Tells the host's compiler that CPUs spend time at a guest address. A `left` other than 0 says that they get
 * there from compiled code, entered at `left` - 1, that is too short to pay off.
 */
export function text_hot(pc: u32, left: u32): void {
  host_text_hot(pc, left);
}

/** Tells the host's compiler that the text in [from, to) has been decoded again. */
export function text_changed(from: u32, to: u32): void {
  host_text_changed(from, to);
}

/** Outputs what a C program prints: bytes of guest memory, by their kernel address. */
export function cnputsn(from: usize, length: u32): void {
  host_cnputsn(from, length);
}

/** Reports a fault (RV_FAULT_*) of a thread to the host, with its registers still unchanged. */
export function fault_report(td: usize, kind: u32, pc: u32, address: u32): void {
  host_fault(td, kind, pc, address);
}
