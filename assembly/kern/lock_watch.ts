// What may be noted when locks are taken and released. A machine without such an option pays one look at a word.
import { LOCK_PROFILE, LOCK_WITNESS, machine } from "../sys/machine";
import { Thread } from "../sys/proc";
import { SyncObject } from "../sys/sync";
import {
  lockprof_awake,
  lockprof_blocked,
  lockprof_forget,
  lockprof_released,
  lockprof_taken,
} from "./kern_lockprof";
import { witness_blocked, witness_checkorder, witness_lock, witness_unlock } from "./subr_witness";

/** `td` wants a lock, and will wait for it. */
export function lock_wanted(o: SyncObject, td: Thread, exclusive: bool): void {
  if ((machine().lock_watch & LOCK_WITNESS) != 0) witness_checkorder(o, td, exclusive);
}

/** The lock is taken: `td` begins to wait for it. */
export function lock_blocked(o: SyncObject, td: Thread): void {
  const watch = machine().lock_watch;
  if (watch == 0) return;
  if ((watch & LOCK_WITNESS) != 0) witness_blocked(o);
  if ((watch & LOCK_PROFILE) != 0) lockprof_blocked(o, td);
}

/** `td` has the lock. */
export function lock_taken(o: SyncObject, td: Thread, exclusive: bool): void {
  const watch = machine().lock_watch;
  if (watch == 0) return;
  if ((watch & LOCK_WITNESS) != 0) witness_lock(o, td, exclusive);
  if ((watch & LOCK_PROFILE) != 0) lockprof_taken(o);
}

/** `td`, which waited for the lock and has it, runs again. */
export function lock_awake(o: SyncObject, td: Thread): void {
  if ((machine().lock_watch & LOCK_PROFILE) != 0) lockprof_awake(o, td);
}

/** `td` has it no more. */
export function lock_released(o: SyncObject, td: Thread): void {
  const watch = machine().lock_watch;
  if (watch == 0) return;
  if ((watch & LOCK_WITNESS) != 0) witness_unlock(o, td);
  if ((watch & LOCK_PROFILE) != 0) lockprof_released(o);
}

/** An object is given back. */
export function lock_forgotten(o: SyncObject): void {
  if ((machine().lock_watch & LOCK_PROFILE) != 0) lockprof_forget(o);
}
