// Synchronisation objects: the common part of all kinds.
//
// An object is a cell of the kernel object arena. Its address is the channel that its waiters sleep on, so
// that the sleep queues hold them in order of arrival, and ps or a deadlock report can find the object from a
// sleeper's channel.
//
// A waiter that runs again looks at the object anew (its continuation), because any thread can wake a
// channel. Lock waiters are in the lock's turnstile instead (kern/subr_turnstile.ts). Rejected: one kind of
// lock from which programs build the rest; each object would cost a program several calls, and nobody could
// tell what a sleeping thread waits for.
import { EBUSY } from "../sys/errno";
import { mycpu } from "../sys/globaldata";
import { KOBJ_LOCKMGR, KOBJ_RM, KOBJ_RW, KOBJ_SX, SyncObject } from "../sys/sync";
import { is_td } from "../sys/thread";
import { cont_push, K, PENDING } from "./cont";
import { kobj_alloc, kobj_free } from "./kern_kobj";
import { sleepq_lookup, tsleep } from "./kern_synch";
import { lock_forgotten } from "./lock_watch";

/** Creates an object of a kind; null if the kernel object arena is full. */
export function sync_create(kind: u32, name: u32): SyncObject {
  const o = changetype<SyncObject>(kobj_alloc());
  if (changetype<usize>(o) == 0) return o;
  o.so_kind = kind;
  o.so_name = name;
  return o;
}

/** True for a lock that so_value threads share. */
function is_shared_lock(o: SyncObject): bool {
  return (
    o.so_kind == KOBJ_RW ||
    o.so_kind == KOBJ_SX ||
    o.so_kind == KOBJ_RM ||
    o.so_kind == KOBJ_LOCKMGR
  );
}

/** Frees an object: EBUSY while a thread holds it or waits for it. */
export function sync_destroy(o: SyncObject): i32 {
  if (is_td(o.so_owner) || o.so_waiters != 0) return EBUSY;
  if (is_shared_lock(o) && o.so_value != 0) return EBUSY;
  if (is_td(sleepq_lookup(changetype<u32>(o)))) return EBUSY;
  lock_forgotten(o);
  kobj_free(changetype<usize>(o));
  return 0;
}

/**
 * Adds the time that `waiters` threads have waited since the last update; the CPUs' clocks differ by up to a
 * quantum.
 */
function sync_account(o: SyncObject, waiters: i32): void {
  const now = mycpu().gd_cycles;
  const since = o.so_since;
  if (now <= since) return;
  if (waiters != 0) o.so_waited += <u64>waiters * (now - since);
  o.so_since = now;
}

/** The current thread is about to wait for an object. */
export function sync_queued(o: SyncObject): void {
  o.so_contended++;
  sync_requeued(o);
}

/** It has waited already for the same request, and is about to wait again. */
export function sync_requeued(o: SyncObject): void {
  const before = o.so_waiters;
  sync_account(o, before);
  const waiters = before + 1;
  o.so_waiters = waiters;
  if (waiters > o.so_waiters_max) o.so_waiters_max = waiters;
}

/** Puts the current thread to sleep on an object; continuation `fn` is next, with the object and `b`. */
export function sync_sleep(o: SyncObject, fn: K, b: u32 = 0): u32 {
  sync_queued(o);
  cont_push(fn, changetype<u32>(o), b);
  tsleep(changetype<u32>(o), 0, o.so_name, 0);
  return PENDING;
}

/** The current thread, which slept on the object, runs again. */
export function sync_awake(o: SyncObject): void {
  const waiters = o.so_waiters;
  sync_account(o, waiters);
  o.so_waiters = waiters - 1;
}
