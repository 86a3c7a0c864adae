// What a sleep does with a lock of any kind: struct lock_class (lock(9)). Condition variables use locks only
// through this.
import { curthread } from "../sys/globaldata";
import { KOBJ_MTX, KOBJ_RM, KOBJ_RW, KOBJ_SX, SyncObject } from "../sys/sync";
import { mtx_assert_once, mtx_lock, mtx_release } from "./kern_mutex";
import { rm_held, rm_rlock, rm_runlock, rm_wlock, rm_wunlock } from "./kern_rmlock";
import { rw_held, rw_release, rw_rlock, rw_runlock, rw_wlock } from "./kern_rwlock";

/** True for the kinds of lock that a thread can release while it waits for a condition. */
export function lc_can_sleep(kind: u32): bool {
  return kind == KOBJ_MTX || kind == KOBJ_RW || kind == KOBJ_SX || kind == KOBJ_RM;
}

/**
 * True if the current thread shares the lock. Panics, for a mutex with `text`, unless it holds the lock
 * exactly once.
 */
export function lc_is_shared(text: string, l: SyncObject): bool {
  if (l.so_kind == KOBJ_RM) return !rm_held(l);
  if (l.so_kind != KOBJ_MTX) return !rw_held(l);
  mtx_assert_once(text, l);
  return false;
}

/** Releases the lock. Does not switch (lc_unlock). */
export function lc_unlock(l: SyncObject, is_shared: bool): void {
  if (l.so_kind == KOBJ_MTX) mtx_release(l);
  else if (l.so_kind == KOBJ_RM) {
    if (is_shared) rm_runlock(l);
    else rm_wunlock(l);
  } else if (is_shared) rw_runlock(l);
  else rw_release(l, curthread());
}

/** Takes the lock again as it was held (lc_lock). */
export function lc_lock(l: SyncObject, is_shared: bool): u32 {
  if (l.so_kind == KOBJ_MTX) return mtx_lock(l);
  if (l.so_kind == KOBJ_RM) return is_shared ? rm_rlock(l) : rm_wlock(l);
  return is_shared ? rw_rlock(l) : rw_wlock(l);
}
