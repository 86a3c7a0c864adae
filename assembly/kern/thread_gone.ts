// The end of a thread for everything that refers to it: the one place where references are dropped
// (docs/law-between-cpus.md, section 11), since its structure will soon be reused. Timers are cancelled
// elsewhere: at a wakeup, and when a structure is freed.
import { excluded_cpus } from "../sys/ipiq";
import { LOCK_WITNESS, machine } from "../sys/machine";
import { Plant, planted } from "../sys/plant";
import { TDF_PENDED, TDL_INTR, TDL_TOKWAIT, Thread } from "../sys/proc";
import { cold, is_td } from "../sys/thread";
import { K } from "./cont";
import { intr_forget } from "./lwkt_intr";
import { ipi_forget } from "./lwkt_ipiq";
import { token_forget, token_forgo } from "./lwkt_token";
import { has_tokens, tokens_gone } from "./lwkt_tokref";
import { sched_gone } from "./sched";
import { turnstile_forget } from "./subr_turnstile";
import { witness_thread_exit } from "./subr_witness";

/** `td` is about to leave its CPU for good, or its structure is freed without having run. */
export function thread_gone(td: Thread): void {
  if ((td.td_lwflags & (TDL_INTR | TDL_TOKWAIT)) != 0 || (td.td_flags & TDF_PENDED) != 0) {
    intr_forget(td);
    token_forget(td);
  }
  if (has_tokens(td)) tokens_gone(td);
  if (is_td(td.td_preempted)) preempted_forget(td);
  if ((machine().lock_watch & LOCK_WITNESS) != 0) witness_thread_exit(td);
  turnstile_forget(td);
  sched_gone(td);
  if (machine().ncpus == 1) return;
  token_forgo(td);
  cold(td).td_migrate = 0;
  ipi_forget(td);
  if (!planted(Plant.AFFINITY_OUTLIVES)) store<u64>(excluded_cpus(td), 0);
}

/** The thread that `td` has preempted must not refer to it when it resumes (K.PREEMPT_1). */
function preempted_forget(td: Thread): void {
  const low = td.td_preempted;
  if (planted(Plant.PREEMPTED_LOOKS)) return;
  if (low.td_kfn == <u8>K.PREEMPT_1 && low.td_ka == changetype<u32>(td)) low.td_ka = 0;
}
