// The end of a thread whose body has returned, or that a fault has stopped.
import { curthread } from "../sys/globaldata";
import { KTR_LWKT, Ktr, ktr } from "../sys/ktr";
import { machine } from "../sys/machine";
import { P_KPROC } from "../sys/proc";
import { DONE } from "./cont";
import { exit1, kern_thr_exit } from "./kern_exit";
import { is_proc } from "./kern_fork";
import { kthread_exit } from "./kern_kthread";
import { lwkt_exit } from "./lwkt_create";

/** Ends the current thread as its kind does. */
export function thread_end(): u32 {
  const td = curthread();
  const p = td.td_proc;
  if (machine().bare != 0 || !is_proc(p)) {
    ktr(KTR_LWKT, Ktr.RETURN, changetype<u32>(td));
    return lwkt_exit();
  }
  if ((p.p_flag & P_KPROC) != 0) return kthread_exit();
  return kern_thr_exit() == DONE ? exit1(0) : DONE;
}
