// What may be noted when locks are taken and released. A machine without such an option pays one look at a word.
import { LOCK_WITNESS, machine } from "../sys/machine";
import { Thread } from "../sys/proc";
import { SyncObject } from "../sys/sync";
import { witness_blocked, witness_checkorder, witness_lock, witness_unlock } from "./subr_witness";

function is_watched(what: u32): bool {
  return (machine().lock_watch & what) != 0;
}

/** `td` wants a lock, and will wait for it. */
export function lock_wanted(o: SyncObject, td: Thread, exclusive: bool): void {
  if (is_watched(LOCK_WITNESS)) witness_checkorder(o, td, exclusive);
}

/** The lock is taken: a thread begins to wait for it. */
export function lock_blocked(o: SyncObject): void {
  if (is_watched(LOCK_WITNESS)) witness_blocked(o);
}

/** `td` has the lock. */
export function lock_taken(o: SyncObject, td: Thread, exclusive: bool): void {
  if (is_watched(LOCK_WITNESS)) witness_lock(o, td, exclusive);
}

/** `td` has it no more. */
export function lock_released(o: SyncObject, td: Thread): void {
  if (is_watched(LOCK_WITNESS)) witness_unlock(o, td);
}
