// Condition variables (condvar(9)): threads release a lock of any kind and wait for a signal.
import { PCATCH, PDROP } from "../sys/param";
import { Plant, planted } from "../sys/plant";
import { SyncObject } from "../sys/sync";
import { cont_push, done, K, PENDING } from "./cont";
import { sync_awake, sync_queued } from "./kern_sync";
import {
  sleep_checked,
  sleepq_enter,
  sleepq_wait,
  WAITING,
  wakeup,
  wakeup_one,
} from "./kern_synch";
import { lc_is_shared, lc_lock, lc_unlock } from "./lock_class";

/** Bit of a continuation's lock word, free since objects are aligned: the lock was shared. */
const SHARED: u32 = 1;

/** Releases the lock, waits for a signal, and takes the lock again as it was held. Panics if it is not held. */
export function cv_wait(cv: SyncObject, l: SyncObject): u32 {
  return cv_sleep(cv, l, 0, 0);
}

/** As cv_wait, for at most `timo` ticks: 0, or EWOULDBLOCK. */
export function cv_timedwait(cv: SyncObject, l: SyncObject, timo: i32): u32 {
  return cv_sleep(cv, l, 0, timo);
}

/** As cv_wait, interrupted when the process stops or ends: 0, EINTR or ERESTART. */
export function cv_wait_sig(cv: SyncObject, l: SyncObject): u32 {
  return cv_sleep(cv, l, PCATCH, 0);
}

/** As cv_wait, with a timeout and interruptible. */
export function cv_timedwait_sig(cv: SyncObject, l: SyncObject, timo: i32): u32 {
  return cv_sleep(cv, l, PCATCH, timo);
}

/** As cv_wait, without taking the lock again. */
export function cv_wait_unlock(cv: SyncObject, l: SyncObject): u32 {
  return cv_sleep(cv, l, PDROP, 0);
}

function cv_sleep(cv: SyncObject, l: SyncObject, pri: u32, timo: i32): u32 {
  const is_shared = lc_is_shared("cv_wait: mutex %s is not owned by thread %N (tid %d)", l);
  sleep_checked(l, cv.so_name, WAITING);
  cv.so_uses++;
  sync_queued(cv);
  sleepq_enter(changetype<u32>(cv), pri, cv.so_name, timo);
  lc_unlock(l, is_shared);
  const again = is_shared ? changetype<u32>(l) | SHARED : changetype<u32>(l);
  cont_push(K.CV_WAIT_1, changetype<u32>(cv), (pri & PDROP) == 0 ? again : 0);
  sleepq_wait(pri, timo);
  return PENDING;
}

/** Awake, for whatever reason: the caller checks its condition again. `lock` is 0 if it is not to be taken. */
export function cv_wait_1(cv: SyncObject, lock: u32, error: i32): u32 {
  sync_awake(cv);
  if (lock == 0) return done(error);
  cont_push(K.RETURN_VALUE, error);
  lc_lock(changetype<SyncObject>(lock & ~SHARED), (lock & SHARED) != 0);
  return PENDING;
}

/** Wakes the best waiter, the first among equals, if there is one. */
export function cv_signal(cv: SyncObject): u32 {
  wakeup_one(changetype<u32>(cv));
  return done(0);
}

/** Wakes all waiters. */
export function cv_broadcast(cv: SyncObject): u32 {
  if (planted(Plant.CV_BROADCAST_ONE)) wakeup_one(changetype<u32>(cv));
  else wakeup(changetype<u32>(cv));
  return done(0);
}
