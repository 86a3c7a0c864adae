// Assertions about locks: mtx_assert, rw_assert, sx_assert, rm_assert and lockmgr_assert, with the originals'
// panics.
//
// The sharers of an rwlock, an sx or a lockmgr lock are not known: as in the originals without WITNESS, one can
// only assert that somebody shares it. The readers of an rmlock are known.
import { panic } from "../env";
import { curthread } from "../sys/globaldata";
import {
  KOBJ_RM,
  KOBJ_RW,
  LA_LOCKED,
  LA_NOTRECURSED,
  LA_RECURSED,
  LA_SLOCKED,
  LA_UNLOCKED,
  LA_XLOCKED,
  LockMgr,
  SyncObject,
} from "../sys/sync";
import { is_td } from "../sys/thread";
import { lk_held_alone } from "./kern_lock";
import { mtx_owned } from "./kern_mutex";
import { rm_owned, rm_shares } from "./kern_rmlock";
import { rw_wowned } from "./kern_rwlock";

/**
 * Panics unless `what` holds: the current thread owns the mutex, or with MA_NOTOWNED does not (kern_mutex.c,
 * __mtx_assert).
 */
export function mtx_assert(m: SyncObject, what: u32): void {
  const is_owned = mtx_owned(m, curthread());
  if (what == LA_UNLOCKED) {
    if (is_owned) panic("mutex %s owned", m.so_name);
    return;
  }
  if (held_kind(what) != LA_XLOCKED) panic("unknown mtx_assert");
  if (!is_owned) panic("mutex %s not owned", m.so_name);
  if (m.so_value != 0) {
    if ((what & LA_NOTRECURSED) != 0) panic("mutex %s recursed", m.so_name);
  } else if ((what & LA_RECURSED) != 0) panic("mutex %s unrecursed", m.so_name);
}

/** The same for a lock that can be shared: rwlock, sx or rmlock. */
export function shared_lock_assert(l: SyncObject, what: u32): void {
  const kind = held_kind(what);
  if (what == LA_UNLOCKED) assert_unlocked(l);
  else if (kind == LA_XLOCKED) {
    if (!owns(l)) panic("Lock %s not exclusively locked", l.so_name);
    assert_depth(l, what, l.so_value != 0 && l.so_kind != KOBJ_RM);
  } else if (kind == LA_LOCKED || kind == LA_SLOCKED) assert_locked(l, what, kind == LA_SLOCKED);
  else unknown(l, what);
}

/** The same of a lockmgr lock (kern_lock.c, _lockmgr_assert). One that was disowned counts as everybody's. */
export function lockmgr_assert(o: SyncObject, what: u32): void {
  const lk = changetype<LockMgr>(o);
  const is_alone = lk_held_alone(lk, curthread());
  const kind = held_kind(what);
  if (what == LA_UNLOCKED) {
    if (is_alone) panic("Lock %s exclusively locked", lk.so_name);
  } else if (kind == LA_XLOCKED) {
    if (!is_alone) panic("Lock %s not exclusively locked", lk.so_name);
    assert_depth(lk, what, lk.lk_recurse != 0);
  } else if (kind == LA_LOCKED || kind == LA_SLOCKED) {
    const is_share = kind == LA_SLOCKED;
    if (lk.so_value == 0 && (is_share || !is_alone)) {
      if (is_share) panic("Lock %s not sharelocked", lk.so_name);
      panic("Lock %s not locked", lk.so_name);
    }
    if (lk.so_value == 0) assert_depth(lk, what, lk.lk_recurse != 0);
  } else panic("Unknown lockmgr lock assertion: %d", what);
}

/** The assertion without its recursion bits. With both of them, nothing is asserted about recursion. */
function held_kind(what: u32): u32 {
  const both = LA_RECURSED | LA_NOTRECURSED;
  return (what & both) == both ? LA_UNLOCKED : what & ~both;
}

function unknown(l: SyncObject, what: u32): void {
  if (l.so_kind == KOBJ_RW) panic("Unknown rw lock assertion: %d", what);
  else if (l.so_kind == KOBJ_RM) panic("Unknown rm lock assertion: %d", what);
  else panic("Unknown sx lock assertion: %d", what);
}

/** True if the current thread owns the lock exclusively. */
function owns(l: SyncObject): bool {
  return l.so_kind == KOBJ_RM ? rm_owned(l, curthread()) : rw_wowned(l, curthread());
}

/** How often the current thread shares the lock; if sharers are not known, the number of sharers. */
function shares(l: SyncObject): u32 {
  if (l.so_kind == KOBJ_RM) return rm_shares(l, curthread());
  return is_td(l.so_owner) ? 0 : l.so_value;
}

function assert_locked(l: SyncObject, what: u32, is_shared: bool): void {
  const is_alone = owns(l);
  const is_rm = l.so_kind == KOBJ_RM;
  if (is_rm && is_alone && is_shared) panic("Lock %s exclusively locked", l.so_name);
  const count = shares(l);
  if ((is_alone && is_shared) || (!is_alone && count == 0)) {
    if (!is_shared) panic("Lock %s not locked", l.so_name);
    else if (l.so_kind == KOBJ_RW || is_rm) panic("Lock %s not read locked", l.so_name);
    else panic("Lock %s not share locked", l.so_name);
  }
  if (is_rm) assert_depth(l, what, !is_alone && count > 1);
  else if (is_alone) assert_depth(l, what, l.so_value != 0);
}

function assert_unlocked(l: SyncObject): void {
  if (owns(l)) panic("Lock %s exclusively locked", l.so_name);
  if (l.so_kind == KOBJ_RM && shares(l) != 0) panic("Lock %s read locked", l.so_name);
}

function assert_depth(l: SyncObject, what: u32, is_recursed: bool): void {
  if (is_recursed && (what & LA_NOTRECURSED) != 0) panic("Lock %s recursed", l.so_name);
  if (!is_recursed && (what & LA_RECURSED) != 0) panic("Lock %s not recursed", l.so_name);
}
