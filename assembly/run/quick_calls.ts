// Kernel calls that the interpreter makes inside its loop: taking a mutex, rwlock or sx that is free, sharing
// a lock that nobody owns or wants exclusively, and releasing a lock without waiters. Such a call changes the
// lock, the caller's registers and its count of shared locks, and nothing that the loop (cpu/rv32.ts) keeps
// in locals. Everything else, including invalid arguments, goes through trap, with the same effect: a call is
// either performed here completely, or not begun.
//
// cpu/rv32_decode.ts decides which calls these are (RvOp.QUICK), so that other calls do not pay for the test.
// What the loop has checked beforehand is in CpuState.quick, and the slice does not end with the call.
//
// The conditions of a call are combined into one word that must be 0: a pair of calls on a mutex is 6 %
// faster than with a branch for each condition.

import { GDF_INTR, GDF_RESCHED, GlobalData } from "../sys/globaldata";
import { KOBJ_SIZE } from "../sys/kobj";
import { machine } from "../sys/machine";
import { SLOCKS_MAX } from "../sys/param";
import { Thread } from "../sys/proc";
import { KOBJ_MTX, KOBJ_RW, KOBJ_SX, MTX_SPIN, SyncObject, td_slocks } from "../sys/sync";
import { Sys } from "../sys/syscall";
import { cold, td_frame } from "../sys/thread";

/** Shift from a cell's offset to its number. */
const KOBJ_SHIFT: u32 = ctz<u32>(<u32>KOBJ_SIZE);

/** Performs quick kernel call `nr` of `td`, which is running, if possible, and if nothing else is due. */
export function quick_call(gd: GlobalData, td: Thread, nr: u32): bool {
  const f = td_frame(td);
  const m = machine();
  // The number of the object: beyond the last one if the address is not an object's.
  const cell = rotr<u32>(f.a0 - <u32>m.kobj_base, KOBJ_SHIFT);
  if (cell >= <u32>(m.kobj_next - m.kobj_base) >> KOBJ_SHIFT) return false;
  if ((gd.gd_flags & (GDF_RESCHED | GDF_INTR)) != 0) return false;
  const o = changetype<SyncObject>(f.a0);
  if (nr == Sys.mtx_lock) {
    if ((not_mutex(o) | changetype<u32>(o.so_owner)) != 0) return false;
    own(o, td);
  } else if (nr == Sys.mtx_unlock) {
    if ((not_mutex(o) | not_mine(o, td) | o.so_value | changetype<u32>(o.so_first)) != 0)
      return false;
    disown(o);
  } else if (!shared_call(o, td, nr)) return false;
  gd.gd_slice_td = td;
  f.retval = 0;
  f.a0 = 0;
  return true;
}

/** The same for locks that are shared. */
function shared_call(o: SyncObject, td: Thread, nr: u32): bool {
  const is_rw = nr <= <u32>Sys.rw_wunlock;
  if (o.so_kind != (is_rw ? KOBJ_RW : KOBJ_SX)) return false;
  if ((changetype<u32>(o.so_first) | changetype<u32>(o.so_shared_first)) != 0) return false;
  switch (is_rw ? nr : nr - <u32>(Sys.sx_slock - Sys.rw_rlock)) {
    case Sys.rw_rlock:
      return share(o, td);
    case Sys.rw_runlock:
      return unshare(o, td);
    case Sys.rw_wlock:
      if ((changetype<u32>(o.so_owner) | o.so_value) != 0) return false;
      own(o, td);
      return true;
    default:
      if ((not_mine(o, td) | o.so_value) != 0) return false;
      disown(o);
      return true;
  }
}

if (
  Sys.rw_runlock - Sys.rw_rlock != Sys.sx_sunlock - Sys.sx_slock ||
  Sys.rw_wlock - Sys.rw_rlock != Sys.sx_xlock - Sys.sx_slock ||
  Sys.rw_wunlock - Sys.rw_rlock != Sys.sx_xunlock - Sys.sx_slock
)
  ERROR("rwlock and sx have their calls in one order");

/** Not 0 for anything but a sleep mutex. */
function not_mutex(o: SyncObject): u32 {
  return (o.so_kind ^ KOBJ_MTX) | (o.so_flags & MTX_SPIN);
}

/** Not 0 unless `td` owns the lock exclusively. */
function not_mine(o: SyncObject, td: Thread): u32 {
  return (changetype<u32>(o.so_owner) ^ changetype<u32>(td)) | (o.so_owner_tid ^ cold(td).td_tid);
}

function own(o: SyncObject, td: Thread): void {
  o.so_owner = td;
  o.so_owner_tid = cold(td).td_tid;
  o.so_uses++;
}

function disown(o: SyncObject): void {
  o.so_owner = changetype<Thread>(0);
  o.so_owner_tid = 0;
}

/** Shares a lock that has no exclusive owner and no waiters. */
function share(o: SyncObject, td: Thread): bool {
  const count = td_slocks(td, o.so_kind);
  if (changetype<usize>(o.so_owner) != 0 || load<u8>(count) == SLOCKS_MAX) return false;
  store<u8>(count, load<u8>(count) + 1);
  o.so_value++;
  o.so_uses++;
  return true;
}

/** Stops sharing a lock without waiters. */
function unshare(o: SyncObject, td: Thread): bool {
  const count = td_slocks(td, o.so_kind);
  if (changetype<usize>(o.so_owner) != 0 || o.so_value == 0 || load<u8>(count) == 0) return false;
  store<u8>(count, load<u8>(count) - 1);
  o.so_value--;
  return true;
}
