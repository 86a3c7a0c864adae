// ASTs across CPUs (forward_signal, kern_thread.c 1290): a thread of a user process that is asked to stop is
// told so, and obeys when it is next between two of its own instructions (docs/law-between-cpus.md, section
// 8).
//
// With one CPU the requester is running, so no other thread is: the others notice where they call ast, as
// recorded. With several CPUs a thread may be in the middle of a long computation and never make a call.
import { EINTR, ERESTART } from "../sys/errno";
import { GDF_RESCHED, GlobalData, mycpu } from "../sys/globaldata";
import { machine } from "../sys/machine";
import { Plant, planted } from "../sys/plant";
import {
  P_KPROC,
  P_SYSTEM,
  TDA_SEEN,
  TDA_SUSPEND,
  TDB_INCALL,
  TDL_PREEMPT_LOCK,
  TDS,
  Thread,
} from "../sys/proc";
import { cold } from "../sys/thread";
import { cont_push_on, K } from "./cont";
import { is_proc } from "./kern_fork";
import { ipi_ast, is_mine } from "./lwkt_ipiq";

/** True for a thread that has to handle an AST before it runs its own code again. */
export function ast_pending(td: Thread): bool {
  if ((cold(td).td_ast & TDA_SUSPEND) == 0) return false;
  const p = td.td_proc;
  return is_proc(p) && (p.p_flag & (P_KPROC | P_SYSTEM)) == 0;
}

/**
 * True, once, for a thread that first gets the result of its call, which says that its sleep was interrupted,
 * so that it can undo what it did before the sleep. After that the AST comes first.
 */
export function ast_after_result(td: Thread, result: i32): bool {
  const c = cold(td);
  if ((result != EINTR && result != ERESTART) || (c.td_ast & TDA_SEEN) != 0) return false;
  c.td_ast |= TDA_SEEN;
  return true;
}

/** Tells a thread whose suspend AST has just been set to look at it. */
export function ast_tell(td: Thread): void {
  if (machine().ncpus == 1 || td.td_inhib != 0 || !ast_pending(td)) return;
  if (planted(Plant.AST_UNTOLD)) return;
  if (is_mine(td)) ast_told(mycpu(), td);
  else ipi_ast(td);
}

/**
 * Carries out such a request for a thread of this CPU. One in a kernel call, or preempted by an interrupt,
 * notices by itself when it returns from that.
 */
export function ast_told(gd: GlobalData, td: Thread): void {
  if (!ast_pending(td)) return;
  if (td == gd.gd_curthread || (td.td_lwflags & TDL_PREEMPT_LOCK) != 0) {
    gd.gd_flags |= GDF_RESCHED;
    return;
  }
  const in_kernel = td.td_kfn != 0 && td.td_kfn != K.COMPUTE;
  if (in_kernel || (td.td_body & TDB_INCALL) != 0 || td.td_state == <u8>TDS.INACTIVE) return;
  cont_push_on(td, K.AST);
}
