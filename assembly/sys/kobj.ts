// Kernel objects that thread code names by address: LWKT wait structures, tokens and, in sys/sync.ts, locks.
// They live in an arena of 128-byte cells and their storage is stable ("wait structures use stable storage",
// lwkt_thread.c 470).
//
// Locking: the queue and generation of a wait structure belong to the CPU that owns its token, in a critical section.
// t_cpu and t_reqcpu are the owning CPU's; a token's line and grant are shared by all CPUs, and change hands between
// two rounds or at a release (kern/lwkt_token.ts).
import { Thread } from "./proc";

/** Kinds of object: the first word of each cell. */
export const KOBJ_WAIT: u32 = 0x57414954;
export const KOBJ_TOKEN: u32 = 0x544f4b4e;
export const KOBJ_EVENT: u32 = 0x45564e54;
export const KOBJ_PEND: u32 = 0x50454e44;
/** Bytes of a cell: two cache lines. All but the queues of a lock is in the first. */
export const KOBJ_SIZE: usize = 128;

/** A token: owned by a CPU, not by a thread (lwkt_thread.c 680-754). */
@unmanaged
export class LwktToken {
  ko_kind: u32; //   KOBJ_TOKEN, or KOBJ_WAIT for the token inside a wait structure
  t_cpu: i32; //     owner
  t_reqcpu: i32; //  the CPU that gets it when it is released
  t_granted: Thread; // the waiter that it was granted to, which has not yet noticed
  t_round: u32; //     Machine.rounds as of the last round boundary when it was granted
  t_line: Thread; //   first and last thread that wait for it
  t_line_last: Thread;
  t_count: u32; //     number of waiters
  t_due: u32; //       number of waiters that have waited since an earlier round
  t_next: LwktToken; // next token with waiters (Machine.tok_first)
  t_listed: u32; //    1 = it is in that list
}

/** A wait structure: a token, a generation number and a queue of blocked threads. */
@unmanaged
export class LwktWait extends LwktToken {
  wa_gen: i32;
  wa_count: i32;
  wa_waitq: Thread; //       first and last blocked thread
  wa_waitq_last: Thread;
}

if (offsetof<LwktWait>() > KOBJ_SIZE) ERROR("KOBJ_SIZE: struct lwkt_wait is larger");
if ((KOBJ_SIZE & (KOBJ_SIZE - 1)) != 0) ERROR("KOBJ_SIZE must be a power of two");
