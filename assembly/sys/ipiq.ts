// Letters: requests to the owner of a thread. kern/lwkt_ipiq.ts carries them out; the host may look at them.
//
// Locking: any CPU writes the `new` part in its slice. The `due` part is touched between two rounds, and by the thread's
// owner when its critical section ends. Both are emptied when the thread ends.
import { machine } from "./machine";
import { Thread } from "./proc";

// Requests to the owner of a thread: bits of lt_new and lt_due. See docs/law-between-cpus.md, section 2.
export const ASK_ARRIVE: u32 = 0x1; // the thread is in transit, and arrives
export const ASK_SETPRI: u32 = 0x2; // set LWKT level lt_pri % 32, and add lt_pri / 32 critical sections
export const ASK_PRIO: u32 = 0x4; //   set FreeBSD priority lt_prio
export const ASK_GRANT: u32 = 0x8; //  the token that it waits for now belongs to its CPU
export const ASK_STOP: u32 = 0x10; //  take it off the run queue
export const ASK_RUN: u32 = 0x20; //   put it on the run queue
export const ASK_INTR: u32 = 0x40; //  interrupt it
export const ASK_AST: u32 = 0x80; //   have it handle its ASTs at its next safe point
export const ASK_MOVE: u32 = 0x100; // move it to CPU lt_cpu
export const ASK_LEND: u32 = 0x1000; // the priority lent to it has changed
/** The bits that count as messages. */
export const ASK_KINDS: u32 = 0x11ff;
/**
 * In the argument of MOVE, and in td_migrate: the set excludes the thread's CPU, and this is just one of the set; not
 * needed where the scheduler has given the thread another one meanwhile.
 */
export const MOVE_INTO_SET: u32 = 0x80;
/** Set by the owner for itself: try again to move a thread that could not be moved (td_migrate). */
export const ASK_RETRY: u32 = 0x200;
/** RUN was requested after STOP. */
export const ASK_RUN_LAST: u32 = 0x400;
/** SETPRI was requested after PRIO. */
export const ASK_SETPRI_LAST: u32 = 0x800;

/** What other CPUs request of a thread: an array of 16-byte entries, on machines with several CPUs only. */
@unmanaged
export class Letter {
  lt_new: u16; //      ASK_*: requested in this round
  lt_due: u16; //      ASK_*: requested in an earlier round, to be carried out
  lt_pri_new: u16; //  argument of SETPRI, new and due
  lt_pri_due: u16;
  lt_prio_new: u8; //  argument of PRIO, new and due
  lt_prio_due: u8;
  lt_cpu_new: u8; //   argument of MOVE, new and due
  lt_cpu_due: u8;
  lt_slot: u32; //     its place in the list of new letters
}

if (offsetof<Letter>() != 16) ERROR("a letter is a quarter of a thread");

/** The letter of a thread. */
export function letter(td: Thread): Letter {
  return changetype<Letter>((changetype<usize>(td) >> 2) + machine().letter_delta);
}

/** True if a request is pending for a thread of a machine with several CPUs. */
export function letter_written(td: Thread): bool {
  const l = letter(td);
  return (l.lt_new | l.lt_due) != 0;
}

/** Bytes of a list of letters: each thread can be in it twice, once at the place it had before. */
export function letter_list_bytes(td_count: u32): u64 {
  return <u64>td_count * 2 * sizeof<usize>();
}

/** Address of entry `i` of a list: a thread. */
export function letter_at(list: usize, i: u32): usize {
  return list + <usize>i * sizeof<usize>();
}

/** Address of the set of CPUs that a thread must not run on: 0 unless its affinity was set. */
export function excluded_cpus(td: Thread): usize {
  return (changetype<usize>(td) >> 3) + machine().affinity_delta;
}
