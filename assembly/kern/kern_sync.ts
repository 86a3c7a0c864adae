// Synchronisation objects: creation, what all kinds share, and their kernel calls.
//
// An object is a cell of the kernel objects' arena; its address is the channel that its waiters sleep on,
// so that the sleep queues hold them in the order in which they came, and whoever looks (a deadlock
// report, ps) finds the object by a sleeper's channel.
//
// A waiter that runs again looks at the object anew (its continuation), because anybody can wake a
// channel; a mutex is handed over by name, so that for its new owner that look is all there is to do.
// Rejected: one kind of lock from which programs build the rest. Each of these objects then costs a
// program several calls, and nobody can tell what a sleeping thread is waiting for.
import { panic } from "../env";
import { EINVAL, ENOMEM } from "../sys/errno";
import { curthread, mycpu } from "../sys/globaldata";
import { KOBJ_SIZE } from "../sys/kobj";
import { machine } from "../sys/machine";
import { Frame, TDI_SLEEPING, Thread } from "../sys/proc";
import { KOBJ_BARRIER, KOBJ_CV, KOBJ_MTX, KOBJ_SEMA, KOBJ_TIMER, SyncObject } from "../sys/sync";
import { Sys } from "../sys/syscall";
import { is_td } from "../sys/thread";
import { cont_push, DONE, K, PENDING, set_retval } from "./cont";
import { cv_broadcast, cv_signal, cv_wait, cv_wait_1 } from "./kern_condvar";
import { cpuset_setaffinity, sched_prio_self } from "./kern_cpuset";
import { mtx_lock, mtx_lock_1, mtx_owned, mtx_unlock } from "./kern_mutex";
import { thread_report } from "./kern_report";
import { barrier_wait, barrier_wait_1, sema_post, sema_wait, sema_wait_1 } from "./kern_sema";
import {
  msleep,
  setrunnable,
  sleepq_lookup,
  sleepq_remove,
  td_clear_inhib,
  td_is_sleeping,
} from "./kern_synch";
import { nanosleep_1, sleep_until, timer_1, timer_next, timer_wait } from "./kern_time";

/** First of the call numbers of this file. */
export const SYS_SYNC: u32 = 160;
/** First of its continuations. */
export const K_SYNC: u32 = 200;

// ---- What all kinds share ----

/** Makes an object of a kind, or returns null if the arena of kernel objects is used up. */
function sync_create(kind: u32, name: u32): SyncObject {
  const m = machine();
  const at = m.kobj_next;
  if (at == m.kobj_end) return changetype<SyncObject>(0);
  m.kobj_next = at + KOBJ_SIZE;
  const o = changetype<SyncObject>(at);
  o.so_kind = kind;
  o.so_name = name;
  return o;
}

/** Brings the time that threads have waited up to date; CPUs' clocks differ by up to a quantum. */
function sync_account(o: SyncObject): void {
  const now = mycpu().gd_cycles;
  if (now <= o.so_since) return;
  o.so_waited += <u64>o.so_waiters * (now - o.so_since);
  o.so_since = now;
}

/** Puts the current thread to sleep on an object; continuation `fn` is next, with the object and `b`. */
export function sync_sleep(o: SyncObject, fn: K, b: u32 = 0): u32 {
  sync_account(o);
  o.so_contended++;
  o.so_waiters++;
  if (o.so_waiters > o.so_waiters_max) o.so_waiters_max = o.so_waiters;
  cont_push(fn, changetype<u32>(o), b);
  msleep(changetype<u32>(o), 0, o.so_name, 0);
  return PENDING;
}

/** The current thread, which slept on the object, runs again. */
export function sync_awake(o: SyncObject): void {
  sync_account(o);
  o.so_waiters--;
}

/** The thread that has slept on an object for longest, taken off the queue and made runnable, or null. */
export function sync_wake_first(o: SyncObject): Thread {
  const td = sleepq_lookup(changetype<u32>(o));
  if (!is_td(td)) return td;
  sleepq_remove(td);
  if (td_is_sleeping(td)) {
    td_clear_inhib(td, TDI_SLEEPING);
    setrunnable(td);
  }
  return td;
}

// ---- Kernel calls ----

function result(value: i32): u32 {
  set_retval(value);
  return DONE;
}

/** Leaves 0 and an object's address in a1, or ENOMEM. */
function created(o: SyncObject, f: Frame): u32 {
  if (changetype<usize>(o) == 0) return result(ENOMEM);
  f.a1 = changetype<u32>(o);
  return result(0);
}

/** The object at an address that a thread gave as an argument. */
function arg_object(nr: u32, address: u32, kind: u32): SyncObject {
  const m = machine();
  if (
    address < <u32>m.kobj_base ||
    address >= <u32>m.kobj_next ||
    (address & (<u32>KOBJ_SIZE - 1)) != 0 ||
    changetype<SyncObject>(address).so_kind != kind
  ) {
    panic(
      "kernel call %d: 0x%x is not an object of that kind, thread %N",
      nr,
      address,
      changetype<usize>(curthread()),
    );
  }
  return changetype<SyncObject>(address);
}

function wide(low: u32, high: u32): u64 {
  return ((<u64>high) << 32) | <u64>low;
}

/** Performs a kernel call with a number from SYS_SYNC up. */
export function sync_syscall(nr: u32, f: Frame): u32 {
  switch (nr) {
    case Sys.mtx_create:
      return created(sync_create(KOBJ_MTX, f.a0), f);
    case Sys.mtx_lock:
      return mtx_lock(arg_object(nr, f.a0, KOBJ_MTX));
    case Sys.mtx_unlock:
      return mtx_unlock(arg_object(nr, f.a0, KOBJ_MTX));
    case Sys.mtx_owned:
      return result(mtx_owned(arg_object(nr, f.a0, KOBJ_MTX), curthread()) ? 1 : 0);
    case Sys.cv_create:
      return created(sync_create(KOBJ_CV, f.a0), f);
    case Sys.cv_wait:
      return cv_wait(arg_object(nr, f.a0, KOBJ_CV), arg_object(nr, f.a1, KOBJ_MTX));
    case Sys.cv_signal:
      return cv_signal(arg_object(nr, f.a0, KOBJ_CV));
    case Sys.cv_broadcast:
      return cv_broadcast(arg_object(nr, f.a0, KOBJ_CV));
    case Sys.sema_create:
      return sema_create(f);
    case Sys.sema_wait:
      return sema_wait(arg_object(nr, f.a0, KOBJ_SEMA));
    case Sys.sema_post:
      return sema_post(arg_object(nr, f.a0, KOBJ_SEMA));
    case Sys.barrier_create:
      return barrier_create(f);
    case Sys.barrier_wait:
      return barrier_wait(arg_object(nr, f.a0, KOBJ_BARRIER));
    case Sys.timer_create:
      return created(sync_create(KOBJ_TIMER, f.a0), f);
    case Sys.timer_wait:
      return timer_wait(arg_object(nr, f.a0, KOBJ_TIMER), wide(f.a1, f.a2), f.a3);
    case Sys.timer_next:
      return timer_next(f, wide(f.a0, f.a1), wide(f.a2, f.a3), f.a4);
    case Sys.sleep_until:
      return sleep_until(wide(f.a0, f.a1));
    case Sys.sleep:
      return sleep_until(mycpu().gd_cycles + wide(f.a0, f.a1));
    case Sys.cpuset_setaffinity:
      return cpuset_setaffinity(wide(f.a0, f.a1));
    case Sys.sched_prio_self:
      return sched_prio_self(f.a0);
    case Sys.thread_report:
      return thread_report(f.a0);
    default:
      panic("unknown kernel call %d", nr);
      return DONE;
  }
}

function sema_create(f: Frame): u32 {
  if (<i32>f.a1 < 0) return result(EINVAL);
  const value = f.a1;
  const o = sync_create(KOBJ_SEMA, f.a0);
  if (changetype<usize>(o) != 0) o.so_value = value;
  return created(o, f);
}

function barrier_create(f: Frame): u32 {
  if (<i32>f.a1 < 1) return result(EINVAL);
  const parties = f.a1;
  const o = sync_create(KOBJ_BARRIER, f.a0);
  if (changetype<usize>(o) != 0) o.so_limit = parties;
  return created(o, f);
}

/** Goes on with a continuation from K_SYNC up. */
export function sync_continue(fn: u32, a: u32, b: u32): u32 {
  switch (fn) {
    case K.MTX_LOCK_1:
      return mtx_lock_1(changetype<SyncObject>(a));
    case K.CV_WAIT_1:
      return cv_wait_1(changetype<SyncObject>(a), changetype<SyncObject>(b));
    case K.SEMA_WAIT_1:
      return sema_wait_1(changetype<SyncObject>(a));
    case K.BARRIER_WAIT_1:
      return barrier_wait_1(changetype<SyncObject>(a), b);
    case K.NANOSLEEP_1:
      return nanosleep_1(wide(a, b));
    case K.TIMER_1:
      return timer_1(a);
    default:
      unreachable();
      return DONE;
  }
}
