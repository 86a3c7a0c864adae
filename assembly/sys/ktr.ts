// The trace: fixed-size records of what the kernel did. The host empties the buffer when it is full or when a
// run call returns. A record is written only if its class is in ktr_mask.
//
// Locking: the buffer is written by the CPU that runs, one at a time; the host reads it when it is flushed.
import { ktr_flush } from "../env";
import { machine } from "./machine";

/** Record types, with the meaning of a, b, c, d. Threads and processes are given by address. */
export enum Ktr {
  SWITCH = 1, //     from, to, run queue mask, td_pri of from, td_pri of to
  XSWITCH = 2, //    the same, for an exiting thread
  START = 3, //      thread that runs for the first time
  ALLOC = 4, //      LWKT: thread, its source (0 fresh, 1 template, 2 reused)
  SPLZ = 5, //       LWKT: thread
  INTR = 6, //       LWKT: thread, interrupt thread
  RETURN = 7, //     thread whose body has returned
  KFREE = 8, //      LWKT: thread whose stack is freed
  ZFREE = 9, //      LWKT: thread whose structure is freed
  RUNNABLE = 10, //  thread put on the run queue (FreeBSD)
  FBSWITCH = 11, //  last thread that ran, thread that runs now (FreeBSD: idle threads do not count)
  TICK = 12, //      ticks, low and high word
  ZOMBIE = 13, //    process
  HARVEST = 14, //   process, pid, exit code
  STOPPED = 15, //   process
  CTOR = 16, //      tid
  DTOR = 17, //      tid
  INIT = 18, //      memory domain
  FINI = 19, //      memory domain
  TIDSET = 20, //    tid
  TIDCLEAR = 21, //  tid
  COUNT = 22, //     change of the thread count
  WAKEUP = 23, //    thread made runnable, thread that did it
  CREATE = 24, //    thread, process, tid, pid
  EXIT = 25, //      thread, process
  NAME = 26, //      thread, name: format and its argument
  SLEEP = 27, //     thread that the next SWITCH puts to sleep, wait message, channel
  SUSPEND = 28, //   thread that was suspended while asleep
}

/** kr_why of a WAKEUP made by a callout: the thread in kr_b merely happened to be running. */
export const WHY_CALLOUT: u32 = 16;

// Classes of records, bits of ktr_mask.
export const KTR_SCHED: u32 = 0x1; //   SWITCH, XSWITCH, START, WAKEUP, CREATE, EXIT, NAME
export const KTR_LWKT: u32 = 0x2; //    ALLOC, SPLZ, INTR, RETURN, KFREE, ZFREE
export const KTR_PROC: u32 = 0x4; //    RUNNABLE, FBSWITCH, TICK, ZOMBIE, HARVEST, STOPPED
export const KTR_THREAD: u32 = 0x8; //  CTOR, DTOR, INIT, FINI, TIDSET, TIDCLEAR, COUNT
export const KTR_STATE: u32 = 0x10; //  SLEEP, SUSPEND, CREATE of LWKT threads, NAME after a CREATE

/** Why a thread left its CPU. */
export enum SW {
  YIELD = 0, //     still runnable, voluntary
  PREEMPTED = 1, // still runnable, involuntary
  SLEEP = 2, //     asleep: tsleep, or blocked on an LWKT wait structure
  SUSPENDED = 3,
  DESCHEDULED = 4, // taken off the run queue
  EXIT = 5,
}

/** One record: 32 bytes. */
@unmanaged
export class KtrRecord {
  kr_time: u64; //  clock of the CPU that wrote it, in cycles
  kr_type: u16;
  kr_cpu: u8;
  kr_why: u8; //    SWITCH: why `from` leaves, SW_*; WAKEUP: WHY_CALLOUT or 0
  kr_a: u32;
  kr_b: u32;
  kr_c: u32;
  kr_d: u32;
  kr_e: u32;
}

/** Writes a record, if its class is on. */
export function ktr(
  cls: u32,
  type: Ktr,
  a: u32 = 0,
  b: u32 = 0,
  c: u32 = 0,
  d: u32 = 0,
  e: u32 = 0,
): void {
  if ((machine().ktr_mask & cls) != 0) ktr_write(type, a, b, c, d, e);
}

function ktr_write(type: Ktr, a: u32, b: u32, c: u32, d: u32, e: u32): void {
  const m = machine();
  const gd = m.curcpu;
  const at = m.ktr_next;
  const r = changetype<KtrRecord>(at);
  r.kr_time = gd.gd_cycles;
  r.kr_type = <u16>type;
  r.kr_cpu = <u8>gd.gd_cpuid;
  r.kr_why = <u8>gd.gd_switch_why;
  r.kr_a = a;
  r.kr_b = b;
  r.kr_c = c;
  r.kr_d = d;
  r.kr_e = e;
  m.ktr_next = at + offsetof<KtrRecord>();
  if (m.ktr_next == m.ktr_end) ktr_drain();
}

/** Hands all records to the host and empties the buffer. */
export function ktr_drain(): void {
  const m = machine();
  const to = m.ktr_next;
  if (to == m.ktr_base) return;
  m.ktr_next = m.ktr_base;
  ktr_flush(m.ktr_base, to);
}
