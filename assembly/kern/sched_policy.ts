// Policies of threads (sched_setscheduler(2)): their valid values and initial priorities, and a thread's rank
// on the run queues and who preempts whom. The same for all schedulers that have policies; how CPU use and
// sleep change priorities is up to each.
import { machine, Sched } from "../sys/machine";
import { PRI_MIN_IDLE, PRI_MIN_KERN, PRI_MIN_REALTIME, PRI_MIN_TIMESHARE } from "../sys/param";
import { LEVEL_DEADLINE, prio_level, rt_best } from "../sys/prioq";
import { Thread } from "../sys/proc";
import {
  NICE_MAX,
  NICE_MIN,
  Policy,
  RT_PRIO_MAX,
  TSF_POLICY,
  TSF_USER,
  td_sched,
} from "../sys/sched";
import { cold } from "../sys/thread";
import { dl_before } from "./sched_deadline";

/** Under lwkt: the best priorities of SCHED_OTHER and SCHED_BATCH, and priorities per nice step. */
const OTHER_BEST: i32 = 92;
const BATCH_BEST: i32 = 100;
const NICE_SPACING: i32 = 3;

/** A thread's rank on the run queues: the smaller runs first. */
export function rank_of(td: Thread): u32 {
  return rank(td, cold(td).td_priority);
}

/** The level of the run queues that a thread belongs to. */
export function level_of(td: Thread): u32 {
  const pri: u32 = cold(td).td_priority;
  const first = pri & machine().rq_mask;
  return rank(td, first == LEVEL_DEADLINE ? pri : first); // the deadlines' level is theirs alone
}

function rank(td: Thread, priority: u32): u32 {
  const rt: u32 = td_sched(td).ts_rt;
  if (rt == 0) return prio_level(0, priority);
  const c = cold(td);
  return prio_level(c.td_priority == c.td_base_pri ? rt : 0, priority); // a borrowed priority has no real-time part
}

/** True for a thread whose priority the scheduler computes from its behaviour. */
export function is_timeshare(td: Thread): bool {
  const ts = td_sched(td);
  const shares = ts.ts_policy == <u8>Policy.OTHER || ts.ts_policy == <u8>Policy.BATCH;
  return shares && (ts.ts_flags & TSF_USER) != 0;
}

/** True if `td` preempts `cur`. */
export function sched_better(td: Thread, cur: Thread): bool {
  const rank = rank_of(td);
  const other = rank_of(cur);
  if (rank == LEVEL_DEADLINE && other == rank) return dl_before(td, cur);
  if (rank >= other) return false;
  return td_sched(td).ts_policy != <u8>Policy.BATCH || !is_timeshare(cur);
}

/** The initial FreeBSD priority of a policy. */
export function policy_priority(policy: u32, value: i32): u32 {
  if (policy == Policy.FIFO || policy == Policy.RR) {
    const best = rt_best();
    const steps = <u32>PRI_MIN_KERN - best;
    return best + (<u32>(RT_PRIO_MAX - value) * steps) / RT_PRIO_MAX;
  }
  if (policy == Policy.DEADLINE) return PRI_MIN_REALTIME;
  const nice = value - NICE_MIN;
  if (policy == Policy.IDLE) return <u32>(PRI_MIN_IDLE + (nice * 32) / 40);
  if (machine().sched == Sched.LWKT) {
    return <u32>((policy == Policy.BATCH ? BATCH_BEST : OTHER_BEST) + nice * NICE_SPACING);
  }
  return <u32>(PRI_MIN_TIMESHARE + nice);
}

/** True for a valid policy and value: 1 to 99 for real-time policies, otherwise a nice value. */
export function policy_valid(policy: i32, value: i32): bool {
  if (policy == Policy.FIFO || policy == Policy.RR) return value >= 1 && value <= RT_PRIO_MAX;
  const shares = policy == Policy.OTHER || policy == Policy.BATCH || policy == Policy.IDLE;
  return shares && value >= NICE_MIN && value <= NICE_MAX;
}

/** A thread of this CPU gets a fixed priority and becomes a kernel thread. */
export function policy_clear(td: Thread): void {
  const ts = td_sched(td);
  ts.ts_flags &= ~TSF_USER;
  ts.ts_policy = <u8>Policy.OTHER;
  ts.ts_rt = 0;
  ts.ts_nice = 0;
}

/** Gives a thread of this CPU a policy; its priority is set afterwards. */
export function policy_set(td: Thread, policy: u32, value: i32): void {
  const ts = td_sched(td);
  const real = policy == Policy.FIFO || policy == Policy.RR;
  ts.ts_flags = (ts.ts_flags & ~TSF_POLICY) | TSF_USER;
  ts.ts_policy = <u8>policy;
  ts.ts_rt = real ? <u8>value : 0;
  ts.ts_nice = real ? 0 : <i8>value;
}
