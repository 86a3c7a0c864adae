// Hooks for lock profiling and WITNESS when locks are taken and released. A machine without such an option
// pays one load and test. A lock may be exempt (so_unwatched).
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

/** The hooks, LOCK_*, that apply to a lock in a machine that has `watch`. */
function watched(watch: u32, o: SyncObject): u32 {
  return watch & ~o.so_unwatched;
}

/**
 * `td` is about to take a lock and may wait for it; `but`, if not null, is a lock that it releases before it
 * waits.
 */
export function lock_wanted(
  o: SyncObject,
  td: Thread,
  exclusive: bool,
  but: SyncObject = changetype<SyncObject>(0),
): void {
  const watch = machine().lock_watch;
  if (watch == 0) return;
  if ((watched(watch, o) & LOCK_WITNESS) != 0) witness_checkorder(o, td, exclusive, but);
}

/** The lock is taken: `td` begins to wait. */
export function lock_blocked(o: SyncObject, td: Thread): void {
  const watch = machine().lock_watch;
  if (watch == 0) return;
  const what = watched(watch, o);
  if ((what & LOCK_WITNESS) != 0) witness_blocked(o);
  if ((what & LOCK_PROFILE) != 0) lockprof_blocked(o, td);
}

/** `td` has taken the lock. */
export function lock_taken(o: SyncObject, td: Thread, exclusive: bool): void {
  const watch = machine().lock_watch;
  if (watch == 0) return;
  const what = watched(watch, o);
  if ((what & LOCK_WITNESS) != 0) witness_lock(o, td, exclusive);
  if ((what & LOCK_PROFILE) != 0) lockprof_taken(o);
}

/** `td` runs again, with the lock that it waited for. */
export function lock_awake(o: SyncObject, td: Thread): void {
  const watch = machine().lock_watch;
  if (watch == 0) return;
  if ((watched(watch, o) & LOCK_PROFILE) != 0) lockprof_awake(o, td);
}

/** `td` has released it. */
export function lock_released(o: SyncObject, td: Thread): void {
  const watch = machine().lock_watch;
  if (watch == 0) return;
  const what = watched(watch, o);
  if ((what & LOCK_WITNESS) != 0) witness_unlock(o, td);
  if ((what & LOCK_PROFILE) != 0) lockprof_released(o);
}

/** A lock is freed. */
export function lock_forgotten(o: SyncObject): void {
  if ((machine().lock_watch & LOCK_PROFILE) != 0) lockprof_forget(o);
}
