// Condition variables (condvar(9)): a queue of threads that gave up a mutex until somebody signals.
//
// The original wakes the waiter of best priority; here it is the one that came first, as workload files
// have it, in constant time.
import { SyncObject } from "../sys/sync";
import { DONE, K, set_retval } from "./cont";
import { mtx_assert_once, mtx_lock, mtx_release } from "./kern_mutex";
import { sync_awake, sync_sleep, sync_wake_first } from "./kern_sync";
import { wakeup } from "./kern_synch";

/** Releases the mutex, waits for a signal, and takes the mutex again. Panics without the mutex. */
export function cv_wait(cv: SyncObject, m: SyncObject): u32 {
  mtx_assert_once("cv_wait: mutex %s is not owned by thread %N (tid %d)", m);
  cv.so_uses++;
  mtx_release(m);
  return sync_sleep(cv, K.CV_WAIT_1, changetype<u32>(m));
}

/** Awake, whoever did it: a waiter of a condition variable looks at its condition again itself. */
export function cv_wait_1(cv: SyncObject, m: SyncObject): u32 {
  sync_awake(cv);
  return mtx_lock(m);
}

/** Wakes the thread that has waited longest; without any, nothing happens. */
export function cv_signal(cv: SyncObject): u32 {
  sync_wake_first(cv);
  set_retval(0);
  return DONE;
}

/** Wakes all that wait. */
export function cv_broadcast(cv: SyncObject): u32 {
  wakeup(changetype<u32>(cv));
  set_retval(0);
  return DONE;
}
