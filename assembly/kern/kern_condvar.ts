// Condition variables (condvar(9)): a queue of threads that gave up a mutex until somebody signals.
//
// The original wakes the waiter of best priority; here it is the one that came first, as workload files
// have it, in constant time.
import { PCATCH } from "../sys/param";
import { Plant, planted } from "../sys/plant";
import { SyncObject } from "../sys/sync";
import { cont_push, DONE, K, PENDING, set_retval } from "./cont";
import { mtx_assert_once, mtx_lock, mtx_release } from "./kern_mutex";
import { sync_awake, sync_queued, sync_wake_first } from "./kern_sync";
import { sleep_checked, sleepq_enter, sleepq_wait, wakeup } from "./kern_synch";

/** Releases the mutex, waits for a signal, and takes the mutex again. Panics without the mutex. */
export function cv_wait(cv: SyncObject, m: SyncObject): u32 {
  return cv_sleep(cv, m, 0, 0);
}

/** The same, but for `timo` ticks at most: 0, or EWOULDBLOCK. */
export function cv_timedwait(cv: SyncObject, m: SyncObject, timo: i32): u32 {
  return cv_sleep(cv, m, 0, timo);
}

/** As cv_wait; what stops or ends the process ends the wait: 0, EINTR or ERESTART. */
export function cv_wait_sig(cv: SyncObject, m: SyncObject): u32 {
  return cv_sleep(cv, m, PCATCH, 0);
}

/** Both. */
export function cv_timedwait_sig(cv: SyncObject, m: SyncObject, timo: i32): u32 {
  return cv_sleep(cv, m, PCATCH, timo);
}

function cv_sleep(cv: SyncObject, m: SyncObject, pri: u32, timo: i32): u32 {
  mtx_assert_once("cv_wait: mutex %s is not owned by thread %N (tid %d)", m);
  sleep_checked(m, cv.so_name);
  cv.so_uses++;
  sync_queued(cv);
  sleepq_enter(changetype<u32>(cv), pri, cv.so_name, timo);
  mtx_release(m);
  cont_push(K.CV_WAIT_1, changetype<u32>(cv), changetype<u32>(m));
  sleepq_wait(pri, timo);
  return PENDING;
}

/** Awake, whoever did it: a waiter of a condition variable looks at its condition again itself. */
export function cv_wait_1(cv: SyncObject, m: SyncObject, error: i32): u32 {
  sync_awake(cv);
  cont_push(K.RETURN_VALUE, error);
  mtx_lock(m);
  return PENDING;
}

/** Wakes the thread that has waited longest; without any, nothing happens. */
export function cv_signal(cv: SyncObject): u32 {
  sync_wake_first(cv);
  set_retval(0);
  return DONE;
}

/** Wakes all that wait. */
export function cv_broadcast(cv: SyncObject): u32 {
  if (planted(Plant.CV_BROADCAST_ONE)) sync_wake_first(cv);
  else wakeup(changetype<u32>(cv));
  set_retval(0);
  return DONE;
}
