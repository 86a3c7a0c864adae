// Mutexes (mtx(9)), the sleeping kind: one owner, handed over in the order of arrival.
//
// The original lets whoever comes first take a mutex that was released, a running thread before a woken
// one. Here the one who releases it hands it to the first waiter: who gets it is then decided when it is
// released, not by how fast CPUs are, and nobody starves.
import { panic } from "../env";
import { curthread } from "../sys/globaldata";
import { PDROP } from "../sys/param";
import { Thread } from "../sys/proc";
import { SyncObject } from "../sys/sync";
import { cold, is_td } from "../sys/thread";
import { cont_push, DONE, K, PENDING, set_retval } from "./cont";
import { sync_awake, sync_sleep, sync_wake_first } from "./kern_sync";
import { sleepq_enter, sleepq_wait, tsleep } from "./kern_synch";

/** True if `td` holds the mutex; a structure that was reused since is not the owner any more. */
export function mtx_owned(m: SyncObject, td: Thread): bool {
  return m.so_owner == td && m.so_owner_tid == cold(td).td_tid;
}

function mtx_set_owner(m: SyncObject, td: Thread): void {
  m.so_owner = td;
  m.so_owner_tid = is_td(td) ? cold(td).td_tid : 0;
  if (is_td(td)) m.so_uses++;
}

/** Takes the mutex, sleeping until its turn comes. Panics if the caller holds it already. */
export function mtx_lock(m: SyncObject): u32 {
  const td = curthread();
  if (mtx_owned(m, td)) {
    panic(
      "mtx_lock: thread %N (tid %d) recursed on non-recursive mutex %s",
      changetype<usize>(td),
      cold(td).td_tid,
      m.so_name,
    );
  }
  if (is_td(m.so_owner)) return sync_sleep(m, K.MTX_LOCK_1);
  mtx_set_owner(m, td);
  set_retval(0);
  return DONE;
}

/** Awake: the mutex is ours, unless something else woke its channel. */
export function mtx_lock_1(m: SyncObject): u32 {
  sync_awake(m);
  if (!mtx_owned(m, curthread())) return mtx_lock(m);
  set_retval(0);
  return DONE;
}

/** Hands the mutex to the thread that has waited longest, or frees it. Does not switch. */
export function mtx_release(m: SyncObject): void {
  mtx_set_owner(m, sync_wake_first(m));
}

/** Releases the mutex. Panics if the caller does not hold it. */
export function mtx_unlock(m: SyncObject): u32 {
  const td = curthread();
  if (!mtx_owned(m, td)) {
    panic(
      "mtx_unlock: mutex %s is not owned by thread %N (tid %d)",
      m.so_name,
      changetype<usize>(td),
      cold(td).td_tid,
    );
  }
  mtx_release(m);
  set_retval(0);
  return DONE;
}

// ---- sleep(9) with an interlock ----

/**
 * Sleeps as tsleep does and releases the mutex meanwhile: the thread is on the sleep queue before it
 * releases, so that who changes under the mutex what it waits for, and wakes it, finds it asleep. Takes the mutex again
 * before it returns, unless PDROP is in `pri`. Without a mutex (null) it is tsleep.
 */
export function msleep(wchan: u32, m: SyncObject, pri: u32, wmesg: u32, timo: i32): u32 {
  if (changetype<usize>(m) == 0) {
    if ((pri & PDROP) != 0) panic("PDROP requires a non-Giant lock");
    return tsleep(wchan, pri, wmesg, timo);
  }
  const td = curthread();
  if (!mtx_owned(m, td)) {
    panic(
      "msleep: mutex %s is not owned by thread %N (tid %d)",
      m.so_name,
      changetype<usize>(td),
      cold(td).td_tid,
    );
  }
  sleepq_enter(wchan, pri, wmesg, timo);
  mtx_release(m);
  if ((pri & PDROP) == 0) cont_push(K.MSLEEP_1, changetype<u32>(m));
  return sleepq_wait(pri, timo) == DONE && (pri & PDROP) != 0 ? DONE : PENDING;
}

/** Awake, with the result of the sleep: takes the mutex again. */
export function msleep_1(m: SyncObject, error: i32): u32 {
  cont_push(K.RETURN_VALUE, error);
  mtx_lock(m);
  return PENDING;
}
