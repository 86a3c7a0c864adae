// Counting semaphores (sema(9)) and barriers.
import { EWOULDBLOCK } from "../sys/errno";
import { Plant, planted } from "../sys/plant";
import { SyncObject } from "../sys/sync";
import { cont_push, done, K, PENDING } from "./cont";
import { sync_awake, sync_queued, sync_sleep } from "./kern_sync";
import { tsleep, wakeup, wakeup_one } from "./kern_synch";

// ---- Semaphores ----

/**
 * Takes one unit, sleeping while there is none. As in the original, a running thread may get it before a
 * woken one.
 */
export function sema_wait(s: SyncObject): u32 {
  if (s.so_value == 0) return sync_sleep(s, K.SEMA_WAIT_1);
  s.so_value--;
  s.so_uses++;
  return done(0);
}

export function sema_wait_1(s: SyncObject): u32 {
  sync_awake(s);
  return sema_wait(s);
}

/** Takes one unit if there is one: 1, or 0. */
export function sema_trywait(s: SyncObject): u32 {
  if (s.so_value == 0) return 0;
  s.so_value--;
  s.so_uses++;
  return 1;
}

/** Takes one unit, sleeping for `timo` ticks at a time while there is none: 0, or EWOULDBLOCK. */
export function sema_timedwait(s: SyncObject, timo: i32): u32 {
  return sema_timed(s, timo, 0);
}

function sema_timed(s: SyncObject, timo: i32, error: i32): u32 {
  const has = sema_trywait(s) != 0;
  if (has || error != 0) return done(has ? 0 : error);
  sync_queued(s);
  cont_push(K.SEMA_TIMED_1, changetype<u32>(s), timo);
  tsleep(changetype<u32>(s), 0, s.so_name, timo);
  return PENDING;
}

/**
 * Awake: takes a unit that has come even if the time is over. If another thread was faster it waits for the
 * whole time again, as in the original (kern_sema.c 115): the timeout is a lower bound.
 */
export function sema_timedwait_1(s: SyncObject, timo: i32, error: i32): u32 {
  sync_awake(s);
  return sema_timed(s, timo, planted(Plant.SEMA_SHORT) ? EWOULDBLOCK : error);
}

/** Adds one unit and wakes the best waiter, the first among equals. */
export function sema_post(s: SyncObject): u32 {
  s.so_value++;
  if (!planted(Plant.SEMA_ONE_WAKE) || s.so_value == 1) wakeup_one(changetype<u32>(s));
  return done(0);
}

// ---- Barriers ----

/**
 * Waits until as many threads as the barrier was made for have arrived; the barrier then starts anew. The
 * last one to arrive does not wait and gets 1, the others get 0.
 */
export function barrier_wait(b: SyncObject): u32 {
  b.so_value++;
  if (b.so_value < b.so_limit) return sync_sleep(b, K.BARRIER_WAIT_1, b.so_uses);
  b.so_value = 0;
  b.so_uses++;
  wakeup(changetype<u32>(b));
  return done(1);
}

/** Awake: has the barrier opened since it had opened `turn` times? */
export function barrier_wait_1(b: SyncObject, turn: u32): u32 {
  sync_awake(b);
  if (b.so_uses == turn && !planted(Plant.BARRIER_EARLY))
    return sync_sleep(b, K.BARRIER_WAIT_1, turn);
  return done(0);
}
