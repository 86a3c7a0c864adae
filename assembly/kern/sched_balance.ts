// ULE between two rounds (sched_ule.c, tdq_idled and sched_balance): idle CPUs steal threads, and now and
// then CPUs with more threads give some to CPUs with fewer. Finding the most or least loaded CPU is in
// kern/sched_group.ts; handling a moved thread is in kern/sched_ule.ts.
import { all_cpus, cpu_bit } from "../sys/cpuset";
import { GDF_RESCHED, globaldata } from "../sys/globaldata";
import { KASSERT } from "../sys/kassert";
import { Machine } from "../sys/machine";
import { PRI_MIN_IDLE, RQ_LEVELS, STATHZ } from "../sys/param";
import { Plant, planted } from "../sys/plant";
import { NO_LEVEL, prio_level, prioq_first_from, prioq_next, prioq_peek } from "../sys/prioq";
import { Thread } from "../sys/proc";
import { sched_cpu, TSF_MOVED, td_sched } from "../sys/sched";
import { cold, is_td, no_td } from "../sys/thread";
import { random_next } from "./kern_random";
import { first_of, load_of, sched_highest, sched_lowest, whole_of } from "./sched_group";
import { allowed_cpus } from "./sched_place";
import { calendar_of, give, levels_of, MAX_CACHE_LEVELS, pick_cpu, tick } from "./sched_ule";

/** Lets idle CPUs steal, and runs the balancer when it is due. */
export function ule_boundary(m: Machine): void {
  if (m.ule_steal != 0 && m.sched_idle != 0) steal_all(m);
  if (m.now < m.sched_balance || m.cycle_cost == 0 || m.ule_balance == 0) return;
  const interval = max<u32>(1, m.ule_interval);
  const ticks = max<u32>(interval / 2, 1) + (random_next() % interval);
  const first = m.sched_balance == 0;
  m.sched_balance = m.now + <u64>ticks * max<u64>(1, m.cycles_per_second / STATHZ);
  if (!first) balance(m);
}

// ---- Idle CPUs ----

/** Each idle CPU steals, as long as there is a CPU to steal from, which in most rounds there is not. */
function steal_all(m: Machine): void {
  let has = has_enough(m);
  if (INVARIANTS && !has) check_nobody(m);
  for (let left = m.sched_idle; left != 0 && has; left &= left - 1) {
    const cpu = <u32>ctz<u64>(left);
    if (globaldata(cpu).gd_nrunnable == 0 && steal(m, cpu)) has = has_enough(m);
  }
}

/** True if some CPU has a waiting thread, and enough threads for others to steal from it. */
function has_enough(m: Machine): bool {
  const least = <i32>m.ule_steal_least + (planted(Plant.ENOUGH_MORE) ? 1 : 0);
  for (let cpu: u32 = 0; cpu < m.ncpus; cpu++) {
    if (globaldata(cpu).gd_nrunnable != 0 && load_of(cpu) >= least) return true;
  }
  return false;
}

/** Checks that an idle CPU's own search would find none either. */
function check_nobody(m: Machine): void {
  const from = sched_highest(0, m.ncpus, ~(<u64>0), <i32>m.ule_steal_least, 1);
  KASSERT(from < 0, "steal_all: CPU %d has enough for others", from);
}

/** tdq_idled: steals a thread from the most loaded of the nearest CPUs, if that has enough. */
function steal(m: Machine, cpu: u32): bool {
  if (planted(Plant.SCORE_NO_STEAL)) return false;
  let from_cpus = ~cpu_bit(cpu);
  let size = planted(Plant.GROUP_FAR) ? m.ncpus : whole_of(m, 1);
  while (size != 0) {
    const least: i32 = m.ule_steal_least;
    const from = sched_highest(first_of(cpu, size), size, from_cpus, least, 1);
    if (from < 0) {
      size = whole_of(m, size);
      continue;
    }
    if (move_one(m, from, cpu)) return true;
    from_cpus &= ~cpu_bit(from);
  }
  return false;
}

// ---- The balancer ----

/** sched_balance_group: from the most loaded CPUs to the least loaded ones; each takes part once. */
function balance(m: Machine): void {
  if (planted(Plant.SCORE_NO_BALANCE)) return;
  let high_mask = all_cpus(m);
  for (;;) {
    const high = sched_highest(0, m.ncpus, high_mask, 1, 0);
    if (high < 0) return;
    high_mask &= ~cpu_bit(high);
    if (high_mask == 0) return;
    if (load_of(high) == 1) {
      pick_again(m, high);
      return;
    }
    if (globaldata(high).gd_nrunnable == 0) continue;
    const low = relieve(m, high, high_mask);
    if (low == NO_LOWER) return;
    if (low >= 0) high_mask &= ~cpu_bit(low);
  }
}

/** No CPU has less load; or none of those that have less may run a thread of the loaded one. */
const NO_LOWER: i32 = -1;
const NO_TAKER: i32 = -2;

/**
 * Gives a CPU's thread to the least loaded CPU of a set that may run it and has less load: that CPU, or why
 * there is none.
 */
function relieve(m: Machine, high: u32, cpus: u64): i32 {
  let left = cpus;
  while (left != 0) {
    const low = sched_lowest(0, m.ncpus, left, -1, load_of(high) - 1, high, true);
    if (low < 0) break;
    if (move_one(m, high, low)) return low;
    left &= ~cpu_bit(low);
  }
  return left == cpus ? NO_LOWER : NO_TAKER;
}

/**
 * TDF_PICKCPU: moves a CPU's only thread to a better CPU, if there is one, as if it had just been made runnable.
 */
function pick_again(m: Machine, cpu: u32): void {
  const gd = globaldata(cpu);
  const td = gd.gd_curthread;
  if (td == gd.gd_idletd || planted(Plant.GROUP_BALANCE)) return;
  td_sched(td).ts_rltick = tick() - <i32>m.ule_affinity * MAX_CACHE_LEVELS;
  const best = pick_cpu(m, td, cpu, cpu, true);
  if (best == cpu || cold(td).td_migrate != 0) return;
  cold(td).td_migrate = <u8>(best + 1); // it leaves at its next safe point
  gd.gd_flags |= GDF_RESCHED;
}

// ---- One thread ----

/** tdq_move: gives one CPU's first thread that may run on another CPU to that CPU. */
function move_one(m: Machine, from: u32, to: u32): bool {
  const td = stealable(m, from, to);
  if (!is_td(td)) return false;
  give(m, td, to);
  return true;
}

/**
 * tdq_steal: first by level; then from the calendar queue, its first thread last, which is about to run; then
 * SCHED_IDLE.
 */
function stealable(m: Machine, from: u32, to: u32): Thread {
  const levels = levels_of(from);
  const idle = prio_level(0, PRI_MIN_IDLE);
  const td = steal_from(m, levels, 0, idle, to);
  if (is_td(td)) return td;
  const calendar = calendar_of(from);
  const ridx = sched_cpu(from).sc_ridx;
  const first = prioq_next(calendar, ridx, no_td());
  if (is_td(first)) {
    let next = prioq_next(calendar, ridx, first);
    while (is_td(next) && !can_go(m, next, to)) next = prioq_next(calendar, ridx, next);
    if (is_td(next)) return next;
    if (can_go(m, first, to)) return first;
  }
  return steal_from(m, levels, idle, RQ_LEVELS, to);
}

/** The first thread of the levels from `level` to `end` that may run on a CPU. */
function steal_from(m: Machine, queue: u32, level: u32, end: u32, to: u32): Thread {
  const start = prioq_first_from(queue, level, end);
  let td = start == NO_LEVEL ? no_td() : prioq_peek(queue, start);
  while (is_td(td) && !can_go(m, td, to)) td = prioq_next(queue, 0, td);
  return is_td(td) && <u32>td_sched(td).ts_level < end ? td : no_td();
}

/** True for a queued thread that may go to a CPU, and was not placed explicitly. */
function can_go(m: Machine, td: Thread, cpu: u32): bool {
  if ((td_sched(td).ts_flags & TSF_MOVED) != 0) return false;
  return ((allowed_cpus(m, td) >> cpu) & 1) != 0;
}
