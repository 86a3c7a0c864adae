// Condition variables (condvar(9)): a queue of threads that gave up a lock, of any kind, until somebody signals.
import { PCATCH } from "../sys/param";
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

/** Of the word with the lock in a continuation: it was shared. Objects are aligned. */
const SHARED: u32 = 1;

/** Releases the lock, waits for a signal, and takes the lock again as it was held. Panics without it. */
export function cv_wait(cv: SyncObject, l: SyncObject): u32 {
  return cv_sleep(cv, l, 0, 0);
}

/** The same, but for `timo` ticks at most: 0, or EWOULDBLOCK. */
export function cv_timedwait(cv: SyncObject, l: SyncObject, timo: i32): u32 {
  return cv_sleep(cv, l, 0, timo);
}

/** As cv_wait; what stops or ends the process ends the wait: 0, EINTR or ERESTART. */
export function cv_wait_sig(cv: SyncObject, l: SyncObject): u32 {
  return cv_sleep(cv, l, PCATCH, 0);
}

/** Both. */
export function cv_timedwait_sig(cv: SyncObject, l: SyncObject, timo: i32): u32 {
  return cv_sleep(cv, l, PCATCH, timo);
}

function cv_sleep(cv: SyncObject, l: SyncObject, pri: u32, timo: i32): u32 {
  const is_shared = lc_is_shared("cv_wait: mutex %s is not owned by thread %N (tid %d)", l);
  sleep_checked(l, cv.so_name, WAITING);
  cv.so_uses++;
  sync_queued(cv);
  sleepq_enter(changetype<u32>(cv), pri, cv.so_name, timo);
  lc_unlock(l, is_shared);
  cont_push(
    K.CV_WAIT_1,
    changetype<u32>(cv),
    is_shared ? changetype<u32>(l) | SHARED : changetype<u32>(l),
  );
  sleepq_wait(pri, timo);
  return PENDING;
}

/** Awake, whoever did it: a waiter of a condition variable looks at its condition again itself. */
export function cv_wait_1(cv: SyncObject, lock: u32, error: i32): u32 {
  sync_awake(cv);
  cont_push(K.RETURN_VALUE, error);
  lc_lock(changetype<SyncObject>(lock & ~SHARED), (lock & SHARED) != 0);
  return PENDING;
}

/** Wakes the best that waits, the first among equals; without any, nothing happens. */
export function cv_signal(cv: SyncObject): u32 {
  wakeup_one(changetype<u32>(cv));
  return done(0);
}

/** Wakes all that wait. */
export function cv_broadcast(cv: SyncObject): u32 {
  if (planted(Plant.CV_BROADCAST_ONE)) wakeup_one(changetype<u32>(cv));
  else wakeup(changetype<u32>(cv));
  return done(0);
}
