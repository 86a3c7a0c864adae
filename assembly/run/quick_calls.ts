// Kernel calls that the emulated CPU makes without leaving what it is doing: a mutex that is free is taken, and one
// that nobody waits for is freed. Such a call changes the mutex and its caller's registers, and nothing that a run
// of the inner loop (cpu/rv32.ts) keeps for itself. All else, bad arguments included, goes through trap, with the
// same effect: a call is either done here whole, or not begun.
//
// Which calls these are says cpu/rv32_decode.ts (RvOp.QUICK): others do not pay for the question. What the loop has
// looked at before it asks is in cpu_state's `quick`, and the slice does not end with the call.
import { mtx_owned, mtx_take } from "../kern/kern_mutex";
import { GDF_INTR, GDF_RESCHED, GlobalData } from "../sys/globaldata";
import { Thread } from "../sys/proc";
import { KOBJ_MTX, MTX_SPIN, SyncObject } from "../sys/sync";
import { Sys } from "../sys/syscall";
import { is_td, td_frame } from "../sys/thread";
import { kobj_valid } from "./arg";

/** Performs mtx_lock or mtx_unlock, `nr`, of `td`, which runs, if it is quick and nothing else is due; false if not. */
export function quick_call(gd: GlobalData, td: Thread, nr: u32): bool {
  if ((gd.gd_flags & (GDF_RESCHED | GDF_INTR)) != 0) return false;
  const f = td_frame(td);
  if (!kobj_valid(f.a0)) return false;
  const m = changetype<SyncObject>(f.a0);
  if (m.so_kind != KOBJ_MTX || (m.so_flags & MTX_SPIN) != 0) return false;
  if (nr == Sys.mtx_lock) {
    if (!mtx_take(m, td)) return false;
  } else if (!mtx_drop(m, td)) return false;
  gd.gd_slice_td = td;
  f.retval = 0;
  f.a0 = 0;
  return true;
}

/** Frees a mutex that `td` holds once and nobody waits for. */
function mtx_drop(m: SyncObject, td: Thread): bool {
  if (!mtx_owned(m, td) || m.so_value != 0 || is_td(m.so_first)) return false;
  m.so_owner = changetype<Thread>(0);
  m.so_owner_tid = 0;
  return true;
}
