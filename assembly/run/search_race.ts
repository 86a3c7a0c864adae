// Data races: two threads access the same byte, at least one writes, neither access is atomic, and nothing
// orders them.
//
// Order is kept in vector clocks. One step happens before another if a chain connects them: the program order
// of a thread; from a release of a lock, a post of a semaphore or an atomic store to a later acquire of the
// same lock, semaphore or word; and from waking or creating a thread to that thread. A timeout orders
// nothing, nor does a wakeup without a sleeper. A CPU's critical sections come one after the other, as if each
// took a lock of that CPU, which a thread also gives back where it leaves the CPU in the middle of one. A call with
// no better rule orders all calls on the same object, so that some races are missed but none is reported falsely.
//
// In machine code a plain load or store may be a C atomic, which counts as one if a fence is next to it
// (cpu/rv32_search.ts). Nothing races with a byte that atomics access, in this schedule or in those before the search
// (s_shared): a relaxed access of it looks plain.
//
// Fences order by themselves, as in C: everything before a fence that releases happens before everything after one
// that acquires, if a store behind the former is seen by a load before the latter. For that each thread has two
// more clocks: its own at its last fence that releases, which its stores leave with their words; and
// what the words that it has loaded had, which it gets at its next fence that acquires.

import { lwkt_token_pool_lookup } from "../kern/lwkt_pool";
import { has_tokens } from "../kern/lwkt_tokref";
import { globaldata } from "../sys/globaldata";
import { machine } from "../sys/machine";
import { RACE_BYTES_MAX, RACE_CLOCKS_MAX, RACE_THREADS_MAX } from "../sys/param";
import { Plant, planted } from "../sys/plant";
import { Thread } from "../sys/proc";
import {
  FENCED_ACQUIRE,
  FENCED_BEFORE,
  FENCED_RELEASE,
  Pending,
  RACE_ACCESS_SIZE,
  RACE_CLOCK_SIZE,
  RaceAccess,
  RaceClock,
  RaceLook,
  Search,
  SearchThread,
  SHARED_ATOMIC_SHIFT,
  search_thread,
} from "../sys/search";
import { Sys } from "../sys/syscall";
import { td_frame, td_index } from "../sys/thread";
import { REF_EXCLUSIVE, td_tokens, token_of, token_ref } from "../sys/token";
import { channel_of, search_is_critical } from "./search_reach";

// Values of s_actor that are not a thread's number.
/** No thread: time has advanced. */
export const RACE_NOBODY: u32 = 0;
/** Messages were delivered, which any thread may have sent. */
export const RACE_EVERYBODY: u32 = u32.MAX_VALUE;

/** Host words count as one location each; guest addresses are below. */
const GUEST_END: u32 = 0x8000_0000;
const GOLDEN: u32 = 0x9e37_79b9;
/** Bytes of a thread's clock: a time of each thread. */
const CLOCK_BYTES: usize = <usize>RACE_THREADS_MAX * sizeof<u32>();

export function race_begin(s: Search): void {
  s.s_actor = RACE_NOBODY;
  s.s_raced = 0;
  if (s.s_races == 0) return;
  memory.fill(s.s_clocks, 0, <usize>RACE_THREADS_MAX * CLOCK_BYTES);
  for (let i: u32 = 0; i < s.s_sync_count; i++) {
    memory.fill(load<u32>(s.s_sync_used + <usize>i * sizeof<u32>()), 0, RACE_CLOCK_SIZE);
  }
  s.s_sync_count = 0;
  for (let i: u32 = 0; i < s.s_access_count; i++) {
    memory.fill(load<u32>(s.s_access_used + <usize>i * sizeof<u32>()), 0, RACE_ACCESS_SIZE);
  }
  s.s_access_count = 0;
  if (s.s_fenced != 0)
    memory.fill(s.s_fence_clocks, 0, <usize>(2 * RACE_THREADS_MAX) * CLOCK_BYTES);
  s.s_fenced = 0;
}

/** True for a thread that has a clock. */
function has_clock(number: u32): bool {
  return number - 1 < RACE_THREADS_MAX;
}

/** The clock of a thread: for each other thread, how far it was when it was last ordered before this one. */
function clock_of(s: Search, number: u32): usize {
  return s.s_clocks + <usize>(number - 1) * CLOCK_BYTES;
}

function time_of(clock: usize, number: u32): u32 {
  return load<u32>(clock + <usize>(number - 1) * sizeof<u32>());
}

/** The clock of a thread at its last fence that releases. */
function released_clock(s: Search, number: u32): usize {
  return s.s_fence_clocks + <usize>(2 * number - 2) * CLOCK_BYTES;
}

/** What a thread gets at its next fence that acquires. */
function loaded_clock(s: Search, number: u32): usize {
  return s.s_fence_clocks + <usize>(2 * number - 1) * CLOCK_BYTES;
}

/** Orders everything before `from` before `to`. */
function join(to: usize, from: usize): void {
  for (let i: usize = 0; i < CLOCK_BYTES; i += sizeof<u32>()) {
    if (load<u32>(to + i) < load<u32>(from + i)) store<u32>(to + i, load<u32>(from + i));
  }
}

// ---- Threads ----

/** A thread gets its number; the thread that took the last step may have created it. */
export function race_thread(s: Search, number: u32, td: Thread): void {
  if (!has_clock(number)) return;
  store<u32>(s.s_tds + <usize>(number - 1) * sizeof<usize>(), changetype<u32>(td));
  race_wake(s, number);
}

/**
 * A thread begins a step: it has its CPU for itself now if it is in a critical section, and its lwkt-modern
 * tokens, and is ordered behind the threads that had them meanwhile.
 */
export function race_step(s: Search, td: Thread, number: u32): void {
  s.s_actor = number;
  if (s.s_races == 0 || !has_clock(number)) return;
  race_fence(s, search_thread(td_index(td)));
  const own = clock_of(s, number) + <usize>(number - 1) * sizeof<u32>();
  store<u32>(own, load<u32>(own) + 1);
  if (is_critical(td)) acquire(s, number, cpu_key(td));
  if (has_tokens(td)) takes_tokens(s, td, number);
}

/** The fences of a thread since its last visible operation. */
function race_fence(s: Search, sn: SearchThread): void {
  const clock = clock_of(s, sn.sn_number);
  if (s.s_fenced != 0 && (sn.sn_fenced & FENCED_ACQUIRE) != 0) {
    join(clock, loaded_clock(s, sn.sn_number));
  }
  if ((sn.sn_fenced & FENCED_RELEASE) != 0 && !planted(Plant.RACE_NO_FENCES)) {
    s.s_fenced = 1;
    join(released_clock(s, sn.sn_number), clock);
    sn.sn_fenced = FENCED_BEFORE;
  }
  sn.sn_fenced &= FENCED_BEFORE;
}

function is_critical(td: Thread): bool {
  return !planted(Plant.RACE_NO_CRITICAL) && search_is_critical(td);
}

/** Stands for the critical sections of a thread's CPU. */
function cpu_key(td: Thread): u32 {
  return changetype<u32>(globaldata(td.td_cpu));
}

function takes_tokens(s: Search, td: Thread, number: u32): void {
  const tt = td_tokens(td);
  for (let i: u32 = 0; i < tt.tt_count; i++) {
    acquire(s, number, changetype<u32>(token_of(load<u32>(token_ref(tt, i)))));
  }
}

/** A thread makes a call, and may leave its CPU and its tokens to others. A reader has changed nothing. */
function leaves_tokens(s: Search, td: Thread, number: u32): void {
  const tt = td_tokens(td);
  for (let i: u32 = 0; i < tt.tt_count; i++) {
    const ref = load<u32>(token_ref(tt, i));
    if ((ref & REF_EXCLUSIVE) != 0) release(s, number, changetype<u32>(token_of(ref)));
  }
}

/** The thread that took the last step has woken or created a thread. */
export function race_wake(s: Search, number: u32): void {
  if (s.s_races == 0 || !has_clock(number)) return;
  const clock = clock_of(s, number);
  if (s.s_actor == RACE_EVERYBODY) {
    for (let other: u32 = 1; other <= min(s.s_begun, RACE_THREADS_MAX); other++) {
      join(clock, clock_of(s, other));
    }
  } else if (s.s_actor != number && has_clock(s.s_actor)) join(clock, clock_of(s, s.s_actor));
}

// ---- Ordering objects ----

/** The clock of an object or word; 0 if there are too many, or none yet and `makes` is false. */
function sync_of(s: Search, key: u32, makes: bool = true): usize {
  let at = (key * GOLDEN) % RACE_CLOCKS_MAX;
  while (true) {
    const clock = changetype<RaceClock>(s.s_sync + <usize>at * RACE_CLOCK_SIZE);
    if (clock.rc_key == key) break;
    if (clock.rc_key == 0) {
      if (!makes || s.s_sync_count == RACE_CLOCKS_MAX / 2) return 0;
      store<u32>(s.s_sync_used + <usize>s.s_sync_count * sizeof<u32>(), changetype<u32>(clock));
      s.s_sync_count++;
      clock.rc_key = key;
      break;
    }
    at = (at + 1) % RACE_CLOCKS_MAX;
  }
  return s.s_sync + <usize>at * RACE_CLOCK_SIZE + offsetof<RaceClock>("rc_clock");
}

function acquire(s: Search, number: u32, key: u32): void {
  if (!has_clock(number)) return;
  const clock = sync_of(s, key);
  if (clock != 0) join(clock_of(s, number), clock);
}

function release(s: Search, number: u32, key: u32): void {
  if (!has_clock(number)) return;
  const clock = sync_of(s, key);
  if (clock != 0) join(clock, clock_of(s, number));
}

/** True for calls that order nothing, or whose order race_wake records. */
function orders_nothing(nr: u32): bool {
  switch (nr) {
    case Sys.lwkt_yield:
    case Sys.sched_relinquish:
    case Sys.wakeup:
    case Sys.wakeup_one:
    case Sys.wakeup_any:
    case Sys.mtx_assert:
    case Sys.rw_assert:
    case Sys.sx_assert:
    case Sys.rm_assert:
    case Sys.lockmgr_assert:
    case Sys.tsleep:
    case Sys.cv_signal:
    case Sys.cv_broadcast:
      return true;
    default:
      return false;
  }
}

/** True for calls that release the lock in their second argument while they wait. */
function waits_without_lock(nr: u32): bool {
  switch (nr) {
    case Sys.cv_wait:
    case Sys.cv_wait_unlock:
    case Sys.cv_timedwait:
    case Sys.cv_wait_sig:
    case Sys.cv_timedwait_sig:
    case Sys.msleep:
    case Sys.msleep_spin:
    case Sys.mtx_sleep:
    case Sys.rw_sleep:
    case Sys.sx_sleep:
    case Sys.rm_sleep:
      return true;
    default:
      return false;
  }
}

/**
 * A thread makes kernel call `nr` (its plain number, for C programs, too); sn_acquire is what it acquires
 * when it returns.
 */
export function race_call(s: Search, td: Thread, sn: SearchThread, nr: u32): void {
  if (s.s_races == 0) return;
  sn.sn_acquire = 0;
  if (is_critical(td)) release(s, sn.sn_number, cpu_key(td));
  if (has_tokens(td)) leaves_tokens(s, td, sn.sn_number);
  const frame = td_frame(td);
  if (orders_nothing(nr)) return;
  if (waits_without_lock(nr)) {
    release(s, sn.sn_number, frame.a1);
    if (nr != Sys.cv_wait_unlock) sn.sn_acquire = frame.a1;
    return;
  }
  switch (nr) {
    case Sys.mtx_unlock:
    case Sys.mtx_unlock_spin:
    case Sys.rw_runlock:
    case Sys.rw_wunlock:
    case Sys.rw_downgrade:
    case Sys.sx_sunlock:
    case Sys.sx_xunlock:
    case Sys.sx_downgrade:
    case Sys.rm_runlock:
    case Sys.rm_wunlock:
    case Sys.lockmgr_disown:
    case Sys.sema_post:
    case Sys.lwkt_reltoken:
      release(s, sn.sn_number, frame.a0);
      return;
    case Sys.mtx_lock:
    case Sys.mtx_lock_spin:
    case Sys.rw_rlock:
    case Sys.rw_wlock:
    case Sys.sx_slock:
    case Sys.sx_xlock:
    case Sys.sx_slock_sig:
    case Sys.sx_xlock_sig:
    case Sys.rm_rlock:
    case Sys.rm_wlock:
    case Sys.sema_wait:
    case Sys.lwkt_gettoken:
    case Sys.lwkt_gettoken_shared:
      sn.sn_acquire = frame.a0;
      return;
    case Sys.lwkt_getpooltoken:
      sn.sn_acquire = pool_token(sn, frame.a0);
      return;
    case Sys.lwkt_relpooltoken:
      release_pooled(s, sn.sn_number, pool_token(sn, frame.a0));
      return;
    case Sys.lockmgr:
      release(s, sn.sn_number, frame.a0);
      if (frame.a2 != 0) release(s, sn.sn_number, frame.a2);
      sn.sn_acquire = frame.a0;
      return;
    default:
      if (ends_thread(nr)) race_end(s, td, sn.sn_number);
      else if (frame.a0 != 0) {
        release(s, sn.sn_number, frame.a0);
        sn.sn_acquire = frame.a0;
      }
  }
}

function ends_thread(nr: u32): bool {
  if (nr == Sys.body_return || nr == Sys.kthread_exit || nr == Sys.kproc_exit) return true;
  return nr == Sys.lwkt_exit || nr == Sys.thr_exit || nr == Sys.exit;
}

/** A thread ends, which happens before whatever learns of that from it or its process, such as wait(). */
function race_end(s: Search, td: Thread, number: u32): void {
  release(s, number, changetype<u32>(td));
  const proc = changetype<u32>(td.td_proc);
  if (proc != 0) release(s, number, proc);
}

function release_pooled(s: Search, number: u32, token: u32): void {
  if (token != 0) release(s, number, token);
}

/** The pool token of the address in a call's argument. */
function pool_token(sn: SearchThread, argument: u32): u32 {
  return changetype<u32>(lwkt_token_pool_lookup(channel_of(sn.sn_op, argument)));
}

/** A thread's call returns. */
export function race_return(s: Search, sn: SearchThread): void {
  if (s.s_races == 0 || sn.sn_acquire == 0) return;
  acquire(s, sn.sn_number, sn.sn_acquire);
  sn.sn_acquire = 0;
}

// ---- Memory ----

/** A thread accesses `size` bytes from sn_op on. */
export function race_access(s: Search, sn: SearchThread, size: u32): void {
  if (s.s_races == 0 || !has_clock(sn.sn_number)) return;
  const writes = sn.sn_pending == Pending.CHANGE;
  const bytes: u32 = sn.sn_op >= GUEST_END ? 1 : size;
  for (let i: u32 = 0; i < bytes; i++) {
    const access = access_of(s, sn.sn_op + i);
    if (changetype<usize>(access) == 0) return;
    if (sn.sn_atomic != 0 || is_atomic(s, sn.sn_op + i)) access.ra_atomic = 1;
    else if (access.ra_atomic == 0) access_byte(s, sn, access, writes);
  }
  const word = sn.sn_op & ~3;
  if (s.s_fenced != 0) pass_fences(s, sn, word, writes);
  if (sn.sn_atomic == 0) return;
  if (writes) release(s, sn.sn_number, word);
  acquire(s, sn.sn_number, word);
}

/** True for a byte that is known to be of an atomic variable. */
function is_atomic(s: Search, address: u32): bool {
  if (address >= machine().guest_size) return false;
  const entry: u32 = load<u8>(s.s_shared + <usize>(address >> 2));
  return ((entry >> (SHARED_ATOMIC_SHIFT + (address & 3))) & 1) != 0;
}

/** A store leaves with its word what the thread's fences have released, and a load gets that for fences to come. */
function pass_fences(s: Search, sn: SearchThread, word: u32, writes: bool): void {
  const released = released_clock(s, sn.sn_number);
  const releases = writes && (sn.sn_fenced & FENCED_BEFORE) != 0;
  const clock = sync_of(s, word, releases);
  if (clock == 0) return;
  if (releases) join(clock, released);
  if (!writes || sn.sn_atomic != 0) join(loaded_clock(s, sn.sn_number), clock);
}

function access_of(s: Search, key: u32): RaceAccess {
  let at = (key * GOLDEN) % RACE_BYTES_MAX;
  while (true) {
    const access = changetype<RaceAccess>(s.s_access + <usize>at * RACE_ACCESS_SIZE);
    if (access.ra_key == key + 1) return access;
    if (access.ra_key == 0) {
      if (s.s_access_count == RACE_BYTES_MAX / 2) return changetype<RaceAccess>(0);
      store<u32>(
        s.s_access_used + <usize>s.s_access_count * sizeof<u32>(),
        changetype<u32>(access),
      );
      s.s_access_count++;
      access.ra_key = key + 1;
      return access;
    }
    at = (at + 1) % RACE_BYTES_MAX;
  }
}

/** A thread's last read of a byte. */
function look_of(access: RaceAccess, number: u32): RaceLook {
  const looks = changetype<usize>(access) + offsetof<RaceAccess>("ra_reads");
  return changetype<RaceLook>(looks + <usize>(number - 1) * offsetof<RaceLook>());
}

function access_byte(s: Search, sn: SearchThread, access: RaceAccess, writes: bool): void {
  const me = sn.sn_number;
  const clock = clock_of(s, me);
  const writer = access.ra_writer;
  if (writer != 0 && time_of(clock, writer) < access.ra_time) {
    race_found(s, sn, true, writer, access.ra_step);
  }
  if (!writes) {
    look_of(access, me).rl_time = time_of(clock, me);
    look_of(access, me).rl_step = s.s_steps;
    return;
  }
  for (let other: u32 = 1; other <= min(s.s_begun, RACE_THREADS_MAX); other++) {
    const look = look_of(access, other);
    if (time_of(clock, other) < look.rl_time) race_found(s, sn, false, other, look.rl_step);
  }
  access.ra_writer = me;
  access.ra_time = time_of(clock, me);
  access.ra_step = s.s_steps;
}

function race_found(s: Search, sn: SearchThread, wrote: bool, number: u32, step: u32): void {
  if (s.s_raced != 0) return;
  s.s_raced = 1;
  s.s_race_word = sn.sn_op;
  s.s_race_wrote = u32(wrote);
  s.s_race_first = changetype<Thread>(load<usize>(s.s_tds + <usize>(number - 1) * sizeof<usize>()));
  s.s_race_step = step;
  s.s_race_second = s.s_td;
  s.s_race_writes = u32(sn.sn_pending == Pending.CHANGE);
}
