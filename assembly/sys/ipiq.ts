// The letters of threads: what kern/lwkt_ipiq.ts carries out, and the host looks at.
import { machine } from "./machine";
import { Thread } from "./proc";

// What is asked of the owner of a thread: the bits of lt_new and lt_due. docs/law-between-cpus.md, section 2.
export const ASK_ARRIVE: u32 = 0x1; // the thread is in transit, and arrives
export const ASK_SETPRI: u32 = 0x2; // level lt_pri % 32, and lt_pri / 32 critical sections more
export const ASK_PRIO: u32 = 0x4; //   FreeBSD priority lt_prio
export const ASK_GRANT: u32 = 0x8; //  the token that it waits for is its CPU's
export const ASK_STOP: u32 = 0x10; //  off the run queue
export const ASK_RUN: u32 = 0x20; //   on the run queue
export const ASK_INTR: u32 = 0x40; //  interrupt it
export const ASK_AST: u32 = 0x80; //   it looks at its next safe point
export const ASK_MOVE: u32 = 0x100; // to CPU lt_cpu
export const ASK_LEND: u32 = 0x1000; // what is lent to it has changed
/** The bits that are messages. */
export const ASK_KINDS: u32 = 0x11ff;
/** The owner's own reminder: a thread that could not be moved (td_migrate) is to be looked at again. */
export const ASK_RETRY: u32 = 0x200;
/** RUN was asked after STOP, */
export const ASK_RUN_LAST: u32 = 0x400;
/** and SETPRI after PRIO. */
export const ASK_SETPRI_LAST: u32 = 0x800;

/** What other CPUs ask of a thread: an array of 16 bytes each, of machines with several CPUs only. */
@unmanaged
export class Letter {
  lt_new: u16; //      ASK_*: written in this round,
  lt_due: u16; //      and before: to be carried out
  lt_pri_new: u16; //  words of SETPRI,
  lt_pri_due: u16;
  lt_prio_new: u8; //  PRIO
  lt_prio_due: u8;
  lt_cpu_new: u8; //   and MOVE
  lt_cpu_due: u8;
  lt_slot: u32; //     where it stands in the list of new letters
}

if (offsetof<Letter>() != 16) ERROR("a letter is a quarter of a thread");

/** The letter of a thread. */
export function letter(td: Thread): Letter {
  return changetype<Letter>((changetype<usize>(td) >> 2) + machine().letter_delta);
}

/** True if something is asked of a thread, on a machine with several CPUs. */
export function letter_written(td: Thread): bool {
  const l = letter(td);
  return (l.lt_new | l.lt_due) != 0;
}

/** Bytes of a list of letters: each thread's can stand in it twice, once where it was before. */
export function letter_list_bytes(td_count: u32): u64 {
  return <u64>td_count * 2 * sizeof<usize>();
}

/** Place `i` of a list: a thread. */
export function letter_at(list: usize, i: u32): usize {
  return list + <usize>i * sizeof<usize>();
}

/** Address of the CPUs that a thread must not run on, a bit each: 0 unless its affinity was set. */
export function excluded_cpus(td: Thread): usize {
  return (changetype<usize>(td) >> 3) + machine().affinity_delta;
}
