// Synchronisation objects of the kernel: mutexes, condition variables, semaphores, barriers and timers.
// Each is a cell of the arena of kernel objects (sys/kobj.ts) and the channel that its waiters sleep on.
import { KOBJ_SIZE } from "./kobj";
import { Thread } from "./proc";

/** Kinds of object; the first word of each cell. */
export const KOBJ_MTX: u32 = 0x4d545821;
export const KOBJ_CV: u32 = 0x43562121;
export const KOBJ_SEMA: u32 = 0x53454d41;
export const KOBJ_BARRIER: u32 = 0x42415252;
export const KOBJ_TIMER: u32 = 0x54494d45;

/** What the host is told of a thread that is about to end (thread_report), where events have a list. */
export const HOST_EVENT_REPORT: u32 = 100;

/**
 * A synchronisation object, 64 bytes. What a field means depends on the kind:
 *
 *  0      4      8       12          16      20      24        28
 * | kind | name | owner | owner_tid | value | limit | waiters | contended |
 *  32     36            40           48              56
 * | uses | waiters_max | waited     | since         | expiry |
 */
@unmanaged
export class SyncObject {
  so_kind: u32; //        KOBJ_*
  so_name: u32; //        a string: also the wait message of who sleeps on it
  so_owner: Thread; //    mutex: who holds it, null = free
  so_owner_tid: i32; //   mutex: the owner's id, which tells whether the structure is still the owner's
  so_value: i32; //       semaphore: its value; barrier: how many have arrived
  so_limit: i32; //       barrier: how many meet
  so_waiters: i32; //     threads that sleep on it, or were woken and have not run yet
  so_contended: u32; //   how often a thread had to wait
  so_uses: u32; //        locks taken, waits and posts made, times that a barrier opened
  so_waiters_max: i32; // most waiters at a time
  so_waited: u64; //      cycles that threads have waited, all together, up to so_since
  so_since: u64;
  so_expiry: u64; //      timer: its last expiry in cycles, 0 = not started
}

if (offsetof<SyncObject>() > KOBJ_SIZE) ERROR("KOBJ_SIZE: a synchronisation object is larger");
