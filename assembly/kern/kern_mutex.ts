// Mutexes (mutex(9)): one owner, and a turnstile (kern/subr_turnstile.ts) for who waits.
//
// The original lets whoever comes first take a mutex that was released, a running thread before a woken
// one. Here the one who releases it hands it to the best that waits: who gets it is then decided when it is
// released, not by how fast CPUs are, and nobody starves among equals.
//
// A spin mutex is held in a critical section; who finds it taken looks again and again, in virtual time.
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
import { mi_switch } from "./sched";
import { SPIN_CYCLES, spins_for } from "./subr_adaptive";
import { turnstile_block, turnstile_disown, turnstile_hand_over } from "./subr_turnstile";

/** True for a mutex's options that exist. */
export function mtx_options_valid(options: u32): bool {
  if ((options & ~MTX_OPTIONS) != 0) return false;
  return (options & MTX_SPIN) == 0 || (options & MTX_NOLEND) == 0;
}

/** True if `td` holds the mutex; a structure that was reused since is not the owner any more. */
export function mtx_owned(m: SyncObject, td: Thread): bool {
  return m.so_owner == td && m.so_owner_tid == cold(td).td_tid;
}

/** True if the mutex is free and is `td`'s now. */
export function mtx_take(m: SyncObject, td: Thread): bool {
  if (is_td(m.so_owner)) return false;
  m.so_owner = td;
  m.so_owner_tid = cold(td).td_tid;
  m.so_uses++;
  return true;
}

/** The same, and whoever watches locks is told. */
function mtx_take_noted(m: SyncObject, td: Thread): bool {
  if (!mtx_take(m, td)) return false;
  lock_taken(m, td, true);
  return true;
}

/** Ends the machine with a sentence about a mutex and the current thread. */
function mtx_panic(text: string, m: SyncObject, td: Thread): void {
  panic(text, m.so_name, changetype<usize>(td), cold(td).td_tid);
}

/** The owner takes a mutex once more. Panics if that is not one that may recurse. */
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

/** Takes the mutex, sleeping until its turn comes. Panics if the caller holds it already and it may not recurse. */
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

/** Waits for the mutex, in its turnstile unless its owner runs. */
function mtx_wait(m: SyncObject, td: Thread): u32 {
  if (spins_for(m, K.MTX_ADAPTIVE)) return PENDING;
  turnstile_block(m, td, TS_EXCLUSIVE);
  cont_push_on(td, K.MTX_LOCK_1, changetype<u32>(m));
  mi_switch();
  return PENDING;
}

/** Spins: is it free? */
export function mtx_adaptive(m: SyncObject): u32 {
  const td = curthread();
  return mtx_take_noted(m, td) ? mtx_lock_1(m) : mtx_wait(m, td);
}

/** Awake: who released the mutex has made it ours. */
export function mtx_lock_1(m: SyncObject): u32 {
  const td = curthread();
  sync_awake(m);
  lock_awake(m, td);
  return done_of(td, 0);
}

/** Takes the mutex if that takes no waiting: 1, or 0. */
export function mtx_trylock(m: SyncObject): u32 {
  const td = curthread();
  if ((m.so_flags & MTX_SPIN) != 0) panic("mtx_trylock() of spin mutex %s", m.so_name);
  if (mtx_take_noted(m, td)) return 1;
  if (!mtx_owned(m, td) || (m.so_flags & MTX_RECURSE) == 0) return 0;
  m.so_value++;
  return 1;
}

/** Hands the mutex, which the current thread holds once, to the best that waits, or frees it. Does not switch. */
export function mtx_release(m: SyncObject, td: Thread = curthread()): void {
  turnstile_disown(m, td);
  turnstile_hand_over(m);
}

/** Releases the mutex. Panics if the caller does not hold it. */
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

/** Looks at a spin mutex for the `looks`th time. */
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

/** Takes a spin mutex and enters its critical section if it is free: 1, or 0, also for who has it already. */
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
 * Sleeps as tsleep does and releases the mutex meanwhile: the thread is on the sleep queue before it
 * releases, so that who changes under the mutex what it waits for, and wakes it, finds it asleep. Takes the mutex again
 * before it returns, unless PDROP is in `pri`. Without a mutex (null) it is tsleep.
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

/** As msleep, with a spin mutex, which the current thread holds once: nothing takes its CPU before it is asleep. */
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

/** Panics, with `text` or because it has recursed, unless the current thread holds the mutex exactly once. */
export function mtx_assert_once(text: string, m: SyncObject): void {
  const td = curthread();
  if (!mtx_owned(m, td)) mtx_panic(text, m, td);
  if ((m.so_flags & MTX_SPIN) != 0) panic("spin locks can only use msleep_spin");
  if (m.so_value != 0) panic("mutex %s recursed", m.so_name);
}
