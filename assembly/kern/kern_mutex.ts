// Mutexes (mutex(9)): one owner, and a turnstile (kern/subr_turnstile.ts) for the waiters.
//
// In the original, the first thread to come takes a released mutex, a running one before a woken one. Here the
// owner hands it to the best waiter when it releases it: who gets it does not depend on the speed of CPUs,
// and equals do not starve.
//
// A spin mutex is held in a critical section; a thread that finds it taken tries again and again, in virtual
// time.
import { panic, printf } from "../env";
import { curthread } from "../sys/globaldata";
import { PDROP, SPIN_LOOKS_MAX } from "../sys/param";
import { Thread } from "../sys/proc";
import {
  MTX_NOLEND,
  MTX_OPTIONS,
  MTX_RECURSE,
  MTX_SPIN,
  SyncObject,
  TS_EXCLUSIVE,
} from "../sys/sync";
import { cold, is_td } from "../sys/thread";
import { cont_push, cont_push_on, DONE, done_of, K, PENDING, set_retval } from "./cont";
import { sync_awake, sync_queued } from "./kern_sync";
import { sleep_checked, sleepq_enter, sleepq_wait, tsleep } from "./kern_synch";
import { lock_awake, lock_blocked, lock_taken, lock_wanted } from "./lock_watch";
import { crit_enter, crit_exit, crit_exit_noyield } from "./lwkt_thread";
import { mi_switch_out } from "./sched";
import { SPIN_CYCLES, spins_for } from "./subr_adaptive";
import { turnstile_block, turnstile_disown, turnstile_hand_over } from "./subr_turnstile";

/** True for a valid combination of mutex options. */
export function mtx_options_valid(options: u32): bool {
  if ((options & ~MTX_OPTIONS) != 0) return false;
  return (options & MTX_SPIN) == 0 || (options & MTX_NOLEND) == 0;
}

/** True if `td` owns the mutex. A structure that has been reused since is not the owner. */
export function mtx_owned(m: SyncObject, td: Thread): bool {
  return m.so_owner == td && m.so_owner_tid == cold(td).td_tid;
}

/** Takes the mutex if it is free; true if so. */
export function mtx_take(m: SyncObject, td: Thread): bool {
  if (is_td(m.so_owner)) return false;
  m.so_owner = td;
  m.so_owner_tid = cold(td).td_tid;
  m.so_uses++;
  return true;
}

/** The same, with a note to the lock watchers. */
function mtx_take_noted(m: SyncObject, td: Thread): bool {
  if (!mtx_take(m, td)) return false;
  lock_taken(m, td, true);
  return true;
}

/** Panics with a text about a mutex and the current thread. */
function mtx_panic(text: string, m: SyncObject, td: Thread): void {
  panic(text, m.so_name, changetype<usize>(td), cold(td).td_tid);
}

/** The owner takes a mutex again. Panics if it may not recurse. */
function mtx_recurse(m: SyncObject, td: Thread): u32 {
  if ((m.so_flags & MTX_RECURSE) == 0) {
    panic(
      "mtx_lock: thread %N (tid %d) recursed on non-recursive mutex %s",
      changetype<usize>(td),
      cold(td).td_tid,
      m.so_name,
    );
  }
  m.so_value++;
  return done_of(td, 0);
}

/** Takes the mutex, sleeping until it is handed over. Panics if the caller owns it and it may not recurse. */
export function mtx_lock(m: SyncObject): u32 {
  const td = curthread();
  if ((m.so_flags & MTX_SPIN) != 0) panic("mtx_lock() of spin mutex %s", m.so_name);
  lock_wanted(m, td, true);
  if (mtx_take_noted(m, td)) return done_of(td, 0);
  if (mtx_owned(m, td)) return mtx_recurse(m, td);
  lock_blocked(m, td);
  sync_queued(m);
  return mtx_wait(m, td);
}

/** Waits for the mutex, in its turnstile unless its owner is running. */
function mtx_wait(m: SyncObject, td: Thread): u32 {
  if (spins_for(m, K.MTX_ADAPTIVE)) return PENDING;
  turnstile_block(m, td, TS_EXCLUSIVE);
  cont_push_on(td, K.MTX_LOCK_1, changetype<u32>(m));
  mi_switch_out();
  return PENDING;
}

/** Spinning: tries again. */
export function mtx_adaptive(m: SyncObject): u32 {
  const td = curthread();
  return mtx_take_noted(m, td) ? mtx_lock_1(m) : mtx_wait(m, td);
}

/** Awake: the previous owner has handed the mutex to this thread. */
export function mtx_lock_1(m: SyncObject): u32 {
  const td = curthread();
  sync_awake(m);
  lock_awake(m, td);
  return done_of(td, 0);
}

/** Takes the mutex if it is free: 1, or 0. */
export function mtx_trylock(m: SyncObject): u32 {
  const td = curthread();
  if ((m.so_flags & MTX_SPIN) != 0) panic("mtx_trylock() of spin mutex %s", m.so_name);
  if (mtx_take_noted(m, td)) return 1;
  if (!mtx_owned(m, td) || (m.so_flags & MTX_RECURSE) == 0) return 0;
  m.so_value++;
  return 1;
}

/** Hands the mutex, which `td` owns without recursion, to the best waiter, or frees it. Does not switch. */
export function mtx_release(m: SyncObject, td: Thread = curthread()): void {
  turnstile_disown(m, td);
  turnstile_hand_over(m);
}

/** Releases the mutex. Panics if the caller does not own it. */
export function mtx_unlock(m: SyncObject): u32 {
  const td = curthread();
  if ((m.so_flags & MTX_SPIN) != 0) panic("mtx_unlock() of spin mutex %s", m.so_name);
  if (!mtx_owned(m, td)) {
    mtx_panic("mtx_unlock: mutex %s is not owned by thread %N (tid %d)", m, td);
  }
  if (m.so_value != 0) m.so_value--;
  else mtx_release(m, td);
  return done_of(td, 0);
}

// ---- Spin mutexes ----

/** Takes a spin mutex, and enters a critical section that lasts until it is released. */
export function mtx_lock_spin(m: SyncObject): u32 {
  if ((m.so_flags & MTX_SPIN) == 0) panic("mtx_lock_spin() of sleep mutex %s", m.so_name);
  crit_enter();
  lock_wanted(m, curthread(), true);
  return mtx_spin_1(m, 0);
}

/** Tries a spin mutex for the `looks`th time. */
export function mtx_spin_1(m: SyncObject, looks: u32): u32 {
  const td = curthread();
  if (mtx_owned(m, td)) return mtx_recurse(m, td);
  if (mtx_take_noted(m, td)) {
    if (looks != 0) {
      sync_awake(m);
      lock_awake(m, td);
    }
    return done_of(td, 0);
  }
  if (looks == 0) {
    lock_blocked(m, td);
    sync_queued(m);
  }
  if (looks == SPIN_LOOKS_MAX) {
    printf(
      "spin lock 0x%x (%s) held by %N (tid %d) too long\n",
      changetype<usize>(m),
      m.so_name,
      changetype<usize>(m.so_owner),
      m.so_owner_tid,
    );
    panic("spin lock held too long");
  }
  cont_push(K.MTX_SPIN_1, changetype<u32>(m), looks + 1);
  cont_push(K.COMPUTE, SPIN_CYCLES);
  return PENDING;
}

/**
 * Takes a spin mutex and enters its critical section if it is free: 1; otherwise, even if the caller owns it, 0.
 */
export function mtx_trylock_spin(m: SyncObject): u32 {
  if ((m.so_flags & MTX_SPIN) == 0) panic("mtx_trylock_spin() of sleep mutex %s", m.so_name);
  if (!mtx_take_noted(m, curthread())) return 0;
  crit_enter();
  return 1;
}

/** Releases a spin mutex and leaves its critical section. */
export function mtx_unlock_spin(m: SyncObject): u32 {
  const td = curthread();
  if ((m.so_flags & MTX_SPIN) == 0) panic("mtx_unlock_spin() of sleep mutex %s", m.so_name);
  if (!mtx_owned(m, td)) {
    mtx_panic("mtx_unlock_spin: mutex %s is not owned by thread %N (tid %d)", m, td);
  }
  if (m.so_value != 0) m.so_value--;
  else mtx_release(m, td);
  set_retval(0);
  return crit_exit();
}

// ---- sleep(9) with an interlock ----

/**
 * Sleeps as tsleep does, with the mutex released. The thread is on the sleep queue before the release, so
 * that a thread that changes the condition under the mutex and then wakes the channel cannot miss it. Takes
 * the mutex again before it returns, unless `pri` has PDROP. Without a mutex (null) it is tsleep.
 */
export function msleep(wchan: u32, m: SyncObject, pri: u32, wmesg: u32, timo: i32): u32 {
  if (changetype<usize>(m) == 0) {
    if ((pri & PDROP) != 0) panic("PDROP requires a non-Giant lock");
    return tsleep(wchan, pri, wmesg, timo);
  }
  mtx_assert_once("msleep: mutex %s is not owned by thread %N (tid %d)", m);
  sleep_checked(m, wmesg);
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

/**
 * As msleep, with a spin mutex that the current thread owns without recursion: nothing takes its CPU before
 * it sleeps.
 */
export function msleep_spin(wchan: u32, m: SyncObject, wmesg: u32, timo: i32): u32 {
  const td = curthread();
  if ((m.so_flags & MTX_SPIN) == 0) panic("msleep_spin() of sleep mutex %s", m.so_name);
  if (!mtx_owned(m, td)) panic("mutex %s not owned", m.so_name);
  if (m.so_value != 0) panic("mutex %s recursed", m.so_name);
  sleep_checked(m, wmesg);
  sleepq_enter(wchan, 0, wmesg, timo);
  mtx_release(m);
  crit_exit_noyield();
  cont_push(K.MSLEEP_SPIN_1, changetype<u32>(m));
  sleepq_wait(0, timo);
  return PENDING;
}

/** Awake, with the result of the sleep: takes the mutex again. */
export function msleep_spin_1(m: SyncObject, error: i32): u32 {
  cont_push(K.RETURN_VALUE, error);
  mtx_lock_spin(m);
  return PENDING;
}

/** Panics, with `text` or because it has recursed, unless the current thread owns the mutex exactly once. */
export function mtx_assert_once(text: string, m: SyncObject): void {
  const td = curthread();
  if (!mtx_owned(m, td)) mtx_panic(text, m, td);
  if ((m.so_flags & MTX_SPIN) != 0) panic("spin locks can only use msleep_spin");
  if (m.so_value != 0) panic("mutex %s recursed", m.so_name);
}
