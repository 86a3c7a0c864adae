// Read-mostly locks: rmlock(9), after kern_rmlock.c.
//
// Readers share the lock without regard to each other. A writer takes a mutex inside the lock, from which
// moment no new reader enters, and waits for each reader to leave. Readers that come meanwhile queue for that
// mutex, too; one that gets it registers as a reader and hands the mutex on. The writer waits in the
// turnstile of the lock itself, whose owner is the oldest reader, and lends it priority; those that wait for
// the mutex lend to the writer.
//
// A reader's tracker is kept by the kernel, in a cell of its arena, and found by its thread. In the original
// it is on the reader's stack and in a list of its CPU, and a reader does not change its CPU.
import { panic } from "../env";
import { EBUSY } from "../sys/errno";
import { curthread } from "../sys/globaldata";
import { LOCK_PROFILE, LOCK_WITNESS, machine } from "../sys/machine";
import { PDROP } from "../sys/param";
import { Plant, planted } from "../sys/plant";
import { Thread } from "../sys/proc";
import {
  KOBJ_RM,
  KOBJ_RM_LOCK,
  KOBJ_RM_READER,
  MTX_NOLEND,
  RM_OPTIONS,
  RM_RECURSE,
  RM_SLEEPABLE,
  RmLock,
  RmReader,
  SyncObject,
  TS_EXCLUSIVE,
} from "../sys/sync";
import { cold, is_td } from "../sys/thread";
import { cont_push, DONE, done, K, PENDING } from "./cont";
import { kobj_alloc, kobj_free } from "./kern_kobj";
import { mtx_lock, mtx_owned, mtx_release, mtx_take } from "./kern_mutex";
import { sync_awake, sync_create, sync_destroy, sync_queued } from "./kern_sync";
import { sleep_checked, sleepq_enter, sleepq_wait } from "./kern_synch";
import { lock_awake, lock_blocked, lock_released, lock_taken, lock_wanted } from "./lock_watch";
import { mi_switch_out } from "./sched";
import {
  turnstile_block,
  turnstile_claim,
  turnstile_disown,
  turnstile_own,
  turnstile_signal,
  turnstile_unclaim,
} from "./subr_turnstile";
import { witness_owner } from "./subr_witness";

/** True for valid options of such a lock. */
export function rm_options_valid(options: u32): bool {
  return (options & ~RM_OPTIONS) == 0;
}

/** Creates a lock; null if the kernel object arena has no room for it and its mutex. */
export function rm_create(name: u32, options: u32): SyncObject {
  const lock = sync_create(KOBJ_RM_LOCK, name);
  if (changetype<usize>(lock) == 0) return lock;
  const rm = changetype<RmLock>(sync_create(KOBJ_RM, name));
  if (changetype<usize>(rm) == 0) {
    kobj_free(changetype<usize>(lock));
    return rm;
  }
  lock.so_unwatched = LOCK_WITNESS | LOCK_PROFILE;
  if ((options & RM_SLEEPABLE) != 0) lock.so_flags = MTX_NOLEND;
  rm.so_flags = options;
  rm.rm_lock = lock;
  return rm;
}

/** Frees a lock: EBUSY while a thread holds it or waits for it. */
export function rm_destroy(o: SyncObject): i32 {
  const rm = changetype<RmLock>(o);
  const lock = rm.rm_lock;
  if (is_td(lock.so_owner)) return EBUSY;
  const error = sync_destroy(rm);
  if (error == 0) kobj_free(changetype<usize>(lock));
  return error;
}

/** True if `td` is the lock's writer. */
export function rm_owned(o: SyncObject, td: Thread): bool {
  return mtx_owned(changetype<RmLock>(o).rm_lock, td);
}

// ---- Readers ----

function is_reader(r: RmReader): bool {
  return changetype<usize>(r) != 0;
}

/** The latest of a thread's reader entries, or null. */
function reader_of(rm: RmLock, td: Thread): RmReader {
  return reader_from(rm.rm_last, td);
}

/** The thread's entry before `last`. */
function reader_before(last: RmReader, td: Thread): RmReader {
  return reader_from(last.rmp_prev, td);
}

/** The thread's latest entry that is not after `last`, or null. */
function reader_from(last: RmReader, td: Thread): RmReader {
  let r = last;
  while (is_reader(r) && (r.rmp_thread != td || r.rmp_tid != cold(td).td_tid)) r = r.rmp_prev;
  return r;
}

/** How many times a thread shares the lock. */
export function rm_shares(o: SyncObject, td: Thread): u32 {
  let count: u32 = 0;
  let r = reader_of(changetype<RmLock>(o), td);
  while (is_reader(r)) {
    count++;
    r = reader_before(r, td);
  }
  return count;
}

/** Makes `td` a reader. */
function reader_add(rm: RmLock, td: Thread): void {
  const r = changetype<RmReader>(kobj_alloc());
  if (!is_reader(r)) panic("rm_rlock: no room for another reader of %s", rm.so_name);
  r.rmp_kind = KOBJ_RM_READER;
  r.rmp_thread = td;
  r.rmp_tid = cold(td).td_tid;
  r.rmp_prev = rm.rm_last;
  if (is_reader(rm.rm_last)) rm.rm_last.rmp_next = r;
  else rm.rm_first = r;
  rm.rm_last = r;
  rm.so_value++;
  rm.so_uses++;
  lock_taken(rm, td, false);
}

function reader_remove(rm: RmLock, r: RmReader): void {
  rm.so_value--;
  if (is_reader(r.rmp_prev)) r.rmp_prev.rmp_next = r.rmp_next;
  else rm.rm_first = r.rmp_next;
  if (is_reader(r.rmp_next)) r.rmp_next.rmp_prev = r.rmp_prev;
  else rm.rm_last = r.rmp_prev;
  kobj_free(changetype<usize>(r));
}

/** The planted fault: readers are kept out by a writer that has the lock, but not by one that waits. */
function reader_passes(rm: RmLock): bool {
  return planted(Plant.RM_READER_PASSES) && is_reader(rm.rm_first);
}

/** Shares the lock if that needs no waiting. */
function share(rm: RmLock, td: Thread): bool {
  if (is_td(rm.rm_lock.so_owner) && !reader_passes(rm)) {
    if ((rm.so_flags & RM_RECURSE) == 0 || !is_reader(reader_of(rm, td))) return false;
    if (planted(Plant.RM_AGAIN_WAITS)) return false;
  }
  reader_add(rm, td);
  return true;
}

/** Shares the lock. Panics if the caller is its writer, or shares it and may not recurse. */
export function rm_rlock(o: SyncObject): u32 {
  const rm = changetype<RmLock>(o);
  const td = curthread();
  if ((rm.so_flags & RM_RECURSE) == 0 && is_reader(reader_of(rm, td))) {
    panic("rm_rlock: recursed on non-recursive rmlock %s", rm.so_name);
  }
  if (rm_owned(rm, td)) panic("rm_rlock: wlock already held for %s", rm.so_name);
  lock_wanted(rm, td, false);
  if (share(rm, td)) return done(0);
  lock_blocked(rm, td);
  sync_queued(rm);
  cont_push(K.RM_RLOCK_1, changetype<u32>(rm));
  mtx_lock(rm.rm_lock);
  return PENDING;
}

/** Has the mutex, so there is no writer. */
export function rm_rlock_1(rm: RmLock): u32 {
  const td = curthread();
  sync_awake(rm);
  reader_add(rm, td);
  lock_awake(rm, td);
  mtx_release(rm.rm_lock);
  return done(0);
}

/** Shares the lock if that needs no waiting: 1, or 0. */
export function rm_try_rlock(o: SyncObject): u32 {
  return share(changetype<RmLock>(o), curthread()) ? 1 : 0;
}

/** Stops sharing the lock; a waiting writer waits for the next reader, or has the lock. */
export function rm_runlock(o: SyncObject): u32 {
  const rm = changetype<RmLock>(o);
  const td = curthread();
  if (rm_owned(rm, td)) panic("Lock %s exclusively locked", rm.so_name);
  const r = reader_of(rm, td);
  if (!is_reader(r)) panic("Lock %s not read locked", rm.so_name);
  reader_remove(rm, r);
  lock_released(rm, td);
  if (rm.so_owner != td || is_reader(reader_of(rm, td))) return done(0);
  turnstile_unclaim(rm, td);
  if (is_reader(rm.rm_first)) wait_for(rm, rm.rm_first);
  else turnstile_signal(rm);
  return done(0);
}

/** Makes the writer wait for this reader: for ever if that thread has ended. */
function wait_for(rm: RmLock, r: RmReader): void {
  if (cold(r.rmp_thread).td_tid != r.rmp_tid) return;
  if ((machine().lock_watch & LOCK_WITNESS) != 0) witness_owner(r.rmp_thread);
  turnstile_claim(rm, r.rmp_thread);
}

// ---- Writers ----

/** Takes the lock exclusively. Panics if the caller is its writer already. */
export function rm_wlock(o: SyncObject): u32 {
  const rm = changetype<RmLock>(o);
  const td = curthread();
  if (rm_owned(rm, td)) panic("Lock %s exclusively locked", rm.so_name);
  if (is_reader(reader_of(rm, td))) panic("Lock %s read locked", rm.so_name);
  lock_wanted(rm, td, true);
  if (!is_reader(rm.rm_first) && mtx_take(rm.rm_lock, td)) {
    turnstile_own(rm, td);
    return done(0);
  }
  lock_blocked(rm, td);
  sync_queued(rm);
  cont_push(K.RM_WLOCK_1, changetype<u32>(rm));
  mtx_lock(rm.rm_lock);
  return PENDING;
}

/** Has the mutex: waits for the oldest reader, and lends to it. */
export function rm_wlock_1(rm: RmLock): u32 {
  const td = curthread();
  const reader = rm.rm_first;
  const is_only = reader == rm.rm_last;
  if (is_reader(reader) && (is_only || !planted(Plant.RM_WRITER_EARLY))) {
    wait_for(rm, reader);
    turnstile_block(rm, td, TS_EXCLUSIVE);
    cont_push(K.RM_WLOCK_1, changetype<u32>(rm));
    mi_switch_out();
    return PENDING;
  }
  sync_awake(rm);
  turnstile_own(rm, td);
  lock_awake(rm, td);
  return done(0);
}

/** Releases the lock to the best waiter. Panics if the caller is not its writer. */
export function rm_wunlock(o: SyncObject): u32 {
  const rm = changetype<RmLock>(o);
  const td = curthread();
  if (!rm_owned(rm, td)) panic("Lock %s not exclusively locked", rm.so_name);
  turnstile_disown(rm, td);
  mtx_release(rm.rm_lock);
  return done(0);
}

// ---- sleep(9) ----

/** True if the current thread is the writer. Panics unless it is that or a reader without recursion. */
export function rm_held(o: SyncObject): bool {
  const td = curthread();
  if (rm_owned(o, td)) return true;
  const r = reader_of(changetype<RmLock>(o), td);
  if (!is_reader(r)) panic("Lock %s not locked", o.so_name);
  if (is_reader(reader_before(r, td))) panic("Lock %s recursed", o.so_name);
  return false;
}

/** As msleep, with a lock that the current thread shares or owns, and takes again in the same way afterwards. */
export function rm_sleep(wchan: u32, o: SyncObject, pri: u32, wmesg: u32, timo: i32): u32 {
  const is_alone = rm_held(o);
  sleep_checked(o, wmesg);
  sleepq_enter(wchan, pri, wmesg, timo);
  if (is_alone) rm_wunlock(o);
  else rm_runlock(o);
  if ((pri & PDROP) == 0) cont_push(is_alone ? K.RM_SLEEP_W : K.RM_SLEEP_R, changetype<u32>(o));
  return sleepq_wait(pri, timo) == DONE && (pri & PDROP) != 0 ? DONE : PENDING;
}

/** Awake, with the result of the sleep: takes the lock again. */
export function rm_sleep_1(o: SyncObject, is_alone: bool, error: i32): u32 {
  cont_push(K.RETURN_VALUE, error);
  if (is_alone && !planted(Plant.RM_SLEEP_SHARES)) rm_wlock(o);
  else rm_rlock(o);
  return PENDING;
}
