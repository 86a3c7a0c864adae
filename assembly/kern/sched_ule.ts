// FreeBSD's ULE scheduler (sched_ule.c, as it was in 2023, before FreeBSD 15). The machine's CPUs are one group that
// shares its last cache, unless the configuration has packages, caches and cores (kern/sched_group.ts).
//
// Each CPU has three queues: one by level for real-time and interactive threads, one for idle ones, and
// between these the calendar queue of time-sharing threads: 64 or 256 slots in a ring. A thread enters as
// many slots behind the insert index as its priority says; the index advances by a slot per tick once the
// threads at the removal index have run, so that every thread comes up in the end. A waiting thread whose
// priority improves comes up next; one whose priority gets worse keeps its place.
//
// A time-sharing thread's score is 0 to 100: below 50 if it slept more than it ran, by their ratio; nice is
// added. Below 30 it is interactive, with priority 88 to 135 by its score. Otherwise it is a batch thread:
// 156 + its part of the last ten seconds (0 to 47) + nice. Run time and sleep time decay when they reach five
// seconds; a new thread inherits half a second of its creator's, and the creator is charged for its run time
// when it exits. A slice is kern.sched.quantum divided by the number of other threads of the CPU, at least a
// sixth of it. A thread that wakes up has the best priority of a batch thread until it runs (static_boost).
//
// Threads that were made runnable are placed between two rounds (kern/sched_place.ts): on the last CPU if
// that is idle and its cache is warm, else on the least loaded CPU on which the thread is the best, else on
// the least loaded one; and on the waker's CPU if that is as good. It preempts a thread of another CPU if it
// is better by preempt_thresh, or is interactive and that one is not; on the waker's CPU any worse thread,
// and by preempt_thresh in the middle of its turn. Idle CPUs steal from CPUs with two threads or more, the
// nearest first. Every half to one and a half seconds, at random, CPUs with more threads give one to CPUs
// with fewer, pair by pair; if none has more than one, the thread of the busiest group looks for a better
// place.

import { SLOT_SIZE } from "../sys/chunklist";
import { has_deadline } from "../sys/deadline";
import { GDF_INVOL, GDF_RESCHED, GDF_SLICEEND, GlobalData, globaldata } from "../sys/globaldata";
import { Machine, machine } from "../sys/machine";
import {
  PRI_MAX,
  PRI_MAX_TIMESHARE,
  PRI_MIN_IDLE,
  PRI_MIN_KERN,
  PRI_MIN_REALTIME,
  PRI_MIN_TIMESHARE,
  SLICE_MIN_DIVISOR,
  STATHZ,
} from "../sys/param";
import { Plant, planted } from "../sys/plant";
import {
  NO_LEVEL,
  prio_level,
  prioq_add,
  prioq_empty,
  prioq_first,
  prioq_first_from,
  prioq_next,
  prioq_remove,
  prioq_take,
} from "../sys/prioq";
import { Thread } from "../sys/proc";
import {
  Policy,
  sched_cpu,
  ThreadSched,
  TSF_ARRIVED,
  TSF_HEAD,
  TSF_MOVED,
  TSF_SLEPT,
  td_sched,
} from "../sys/sched";
import { cold, is_td, no_td } from "../sys/thread";
import { dl_before } from "./sched_deadline";
import { first_of, load_of, sched_lowest } from "./sched_group";
import { allowed_cpus, kick_cpu, sched_arrived, sched_departed, sched_kept } from "./sched_place";
import { is_timeshare, level_of, sched_better } from "./sched_policy";
import { sched_own_priority } from "./subr_turnstile";

// Priorities: 48 of the 136 for time-sharing are for interactive threads, the rest for batch threads; of
// these, the first and last 20 are for nice values.
const INTERACT_RANGE: i32 = (PRI_MAX_TIMESHARE - PRI_MIN_TIMESHARE + 1 - 40) / 2;
const PRI_MIN_BATCH: i32 = PRI_MIN_TIMESHARE + INTERACT_RANGE;
const BATCH_RANGE: i32 = PRI_MAX_TIMESHARE - PRI_MIN_BATCH + 1;
const SCHED_PRI_MIN: i32 = PRI_MIN_BATCH + 20;
const SCHED_PRI_RANGE: i32 = BATCH_RANGE - 40;

/**
 * Ticks of ULE's accounts: milliseconds (FreeBSD's default hz), whatever the machine's hz. Times are ticks << 10.
 */
const HZ: u32 = 1000;
const TICK_SHIFT: u32 = 10;
const TICK_TARG: i32 = HZ * 10;
const TICK_MAX: i32 = TICK_TARG + HZ;
const SLP_RUN_MAX: u32 = (HZ * 5) << TICK_SHIFT;
const SLP_RUN_FORK: u32 = (HZ / 2) << TICK_SHIFT;
const INTERACT_HALF: u32 = 50;
/** tickincr: the value of a statistics clock tick. */
const TICK_INCR: u32 = (HZ << TICK_SHIFT) / STATHZ;
/** Longer sleeps count as this, half an hour, so that times do not overflow. */
const SLEEP_MAX: i32 = 1 << 21;

/** Cache levels: private to a core, and shared by several. */
const CG_SHARE_L2: i32 = 2;
const CG_SHARE_L3: i32 = 3;
export const MAX_CACHE_LEVELS: i32 = 3;

/** Sets the tunables to FreeBSD's defaults. */
export function ule_init(m: Machine): void {
  m.ule_interact = 30;
  m.ule_affinity = 1;
  m.ule_balance = 1;
  m.ule_interval = 127;
  m.ule_steal = 1;
  m.ule_steal_least = 2;
  m.ule_preempt = PRI_MIN_KERN;
  m.ule_boost = PRI_MIN_BATCH;
  m.ule_slice_min = m.sched_slice / SLICE_MIN_DIVISOR;
  for (let cpu: u32 = 0; cpu < m.ncpus; cpu++) sched_cpu(cpu).sc_lowpri = PRI_MAX;
}

/** Number of run queues of a machine: an unused one, then each CPU's levels and calendar. */
export function ule_queues(ncpus: u32): u32 {
  return 1 + 2 * ncpus;
}

export function levels_of(cpu: u32): u32 {
  return 1 + cpu;
}

export function calendar_of(cpu: u32): u32 {
  return 1 + machine().ncpus + cpu;
}

/** Number of slots of a calendar. */
function slots(m: Machine): u32 {
  return m.rq_mask == 0xff ? 256 : 64;
}

/** The tick of the current round, never 0. */
export function tick(): i32 {
  return machine().sched_ms;
}

/** Sets the tick of a round that begins at `cycle`. */
export function ule_round(m: Machine, cycle: u64): void {
  m.sched_ms = <i32>(cycle / max<u64>(1, m.cycles_per_second / HZ)) + 1;
}

// ---- Scores ----

/** sched_interact_update: decays run time and sleep time, the faster the larger they are. */
function interact_update(ts: ThreadSched): void {
  const sum = ts.ts_runtime + ts.ts_slptime;
  if (sum < SLP_RUN_MAX || planted(Plant.SCORE_NO_DECAY)) return;
  if (sum > SLP_RUN_MAX * 2) {
    const ran = ts.ts_runtime > ts.ts_slptime;
    ts.ts_runtime = ran ? SLP_RUN_MAX : 1;
    ts.ts_slptime = ran ? 1 : SLP_RUN_MAX;
  } else if (sum > (SLP_RUN_MAX / 5) * 6) {
    ts.ts_runtime /= 2;
    ts.ts_slptime /= 2;
  } else {
    ts.ts_runtime = (ts.ts_runtime / 5) * 4;
    ts.ts_slptime = (ts.ts_slptime / 5) * 4;
  }
}

/** sched_interact_fork: a new thread has no more than half a second of history. */
function interact_fork(ts: ThreadSched): void {
  const ratio = (ts.ts_runtime + ts.ts_slptime) / SLP_RUN_FORK;
  if (ratio <= 1) return;
  ts.ts_runtime /= ratio;
  ts.ts_slptime /= ratio;
}

/** sched_interact_score: 0 to 100. */
function interact_score(ts: ThreadSched): i32 {
  const ran = ts.ts_runtime;
  const slept = ts.ts_slptime;
  if (ran >= slept && machine().ule_interact <= INTERACT_HALF) return <i32>INTERACT_HALF;
  if (ran == slept) return ran != 0 ? <i32>INTERACT_HALF : 0;
  if (ran > slept) return <i32>(2 * INTERACT_HALF - slept / max<u32>(1, ran / INTERACT_HALF));
  return <i32>(ran / max<u32>(1, slept / INTERACT_HALF));
}

/** PRI_TIMESHARE: kernel threads are of that class, too. */
function is_class_timeshare(ts: ThreadSched): bool {
  return ts.ts_policy == <u8>Policy.OTHER || ts.ts_policy == <u8>Policy.BATCH;
}

/** sched_pctcpu_update: updates how long a thread ran within the last ten seconds. */
function pctcpu_update(ts: ThreadSched, now: i32, runs: bool): void {
  if (now - ts.ts_ltick >= TICK_TARG) {
    ts.ts_ticks = 0;
    ts.ts_ftick = now - TICK_TARG;
  } else if (now - ts.ts_ftick >= TICK_MAX && !planted(Plant.SCORE_WINDOW)) {
    const span = max<i32>(1, ts.ts_ltick - ts.ts_ftick);
    ts.ts_ticks = (ts.ts_ticks / <u32>span) * <u32>max<i32>(0, ts.ts_ltick - (now - TICK_TARG));
    ts.ts_ftick = now - TICK_TARG;
  }
  if (runs) ts.ts_ticks += (<u32>(now - ts.ts_ltick)) << TICK_SHIFT;
  ts.ts_ltick = now;
}

/**
 * sched_priority: computes a time-sharing thread's priority from its score, or from its CPU use and nice value.
 */
export function ule_priority(td: Thread): void {
  if (!is_timeshare(td)) return;
  const ts = td_sched(td);
  const nice = planted(Plant.SCORE_NICE_LOST) ? 0 : <i32>ts.ts_nice;
  const score = max<i32>(0, interact_score(ts) + nice);
  const interact = <i32>machine().ule_interact;
  let pri: i32;
  if (score < interact && ts.ts_policy != <u8>Policy.BATCH) {
    pri = PRI_MIN_TIMESHARE + (INTERACT_RANGE * score) / interact;
  } else {
    const total = max<i32>(ts.ts_ltick - ts.ts_ftick, HZ);
    const per = (total + SCHED_PRI_RANGE - 1) / SCHED_PRI_RANGE;
    const used = <i32>(ts.ts_ticks >> TICK_SHIFT) / per;
    pri = SCHED_PRI_MIN + min<i32>(used, SCHED_PRI_RANGE - 1) + nice;
  }
  sched_own_priority(td, pri);
}

// ---- Queues ----

/** td_priority of a waiting thread: its own, or that at which it slept. */
function waiting_priority(td: Thread): i32 {
  const boost: u32 = td_sched(td).ts_boost;
  const pri: u32 = cold(td).td_priority;
  return <i32>(boost == 0 ? pri : min<u32>(pri, boost));
}

/** True for a thread that is queued by level rather than in the calendar. */
function has_level(td: Thread, pri: i32): bool {
  return td_sched(td).ts_rt != 0 || pri < PRI_MIN_BATCH || pri > PRI_MAX_TIMESHARE;
}

/** tdq_add. A preempted thread goes first in the calendar, one with TSF_HEAD in the first slot. */
function enqueue(cpu: u32, td: Thread, first: bool): void {
  const pri = waiting_priority(td);
  const sc = sched_cpu(cpu);
  globaldata(cpu).gd_nrunnable++;
  if (<u32>pri < sc.sc_lowpri) sc.sc_lowpri = pri;
  const ts = td_sched(td);
  if (has_level(td, pri)) {
    ts.ts_flags &= ~TSF_HEAD;
    const is_own = pri == <i32>cold(td).td_priority;
    const level = is_own ? level_of(td) : prio_level(0, pri & machine().rq_mask);
    prioq_add(levels_of(cpu), level, td, first);
    return;
  }
  const n = slots(machine());
  let slot = sc.sc_ridx;
  if (!first && (ts.ts_flags & TSF_HEAD) == 0) {
    slot = ((n * <u32>(pri - PRI_MIN_BATCH)) / <u32>BATCH_RANGE + sc.sc_idx) % n;
    // Not into the slot that is being emptied, where it would come before all waiting threads.
    if (sc.sc_ridx != sc.sc_idx && slot == sc.sc_ridx) slot = (slot + n - 1) % n;
  }
  prioq_add(calendar_of(cpu), slot, td, first);
}

/** Takes a queued thread off its queue; the caller updates the CPU's lowpri. */
function dequeue(td: Thread): void {
  const m = machine();
  const ts = td_sched(td);
  const queue: u32 = <u32>ts.ts_queue - 1;
  const slot: u32 = ts.ts_level;
  prioq_remove(td);
  if (queue > m.ncpus) slot_left((queue - 1) % m.ncpus, slot);
}

/** tdq_runq_rem, for a thread that has left a calendar: advances the removal index when its slot is empty. */
function slot_left(cpu: u32, slot: u32): void {
  const sc = sched_cpu(cpu);
  if (sc.sc_idx == sc.sc_ridx || slot != sc.sc_ridx) return;
  if (prioq_empty(calendar_of(cpu), slot)) sc.sc_ridx = (slot + 1) % slots(machine());
}

/** Puts a thread on this CPU's queues. */
export function ule_add(gd: GlobalData, td: Thread): void {
  const ts = td_sched(td);
  const now = tick();
  if ((ts.ts_flags & TSF_SLEPT) != 0) woken(ts, now);
  if (td == gd.gd_curthread) {
    const is_lost = (gd.gd_flags & (GDF_INVOL | GDF_SLICEEND)) == GDF_INVOL;
    pctcpu_update(ts, now, true);
    ts.ts_rltick = now;
    enqueue(gd.gd_cpuid, td, is_lost && sched_cpu(gd.gd_cpuid).sc_preempt != 0);
    const m = machine();
    if (m.ncpus != 1 && ((allowed_cpus(m, td) >> gd.gd_cpuid) & 1) == 0) sched_arrived(gd, td);
    return;
  }
  ule_priority(td);
  enqueue(gd.gd_cpuid, td, false);
  sched_arrived(gd, td);
}

/** The queue on which the running thread takes turns with others of its level; NO_QUEUE for the calendar. */
export function ule_level_queue(gd: GlobalData, td: Thread): u32 {
  const timeshares =
    has_level(td, cold(td).td_priority) && level_of(td) < prio_level(0, PRI_MIN_IDLE);
  return timeshares ? levels_of(gd.gd_cpuid) : u32.MAX_VALUE;
}

/** The running thread yields: does what ule_add records for it. */
export function ule_yields(td: Thread): void {
  const ts = td_sched(td);
  pctcpu_update(ts, tick(), true);
  ts.ts_rltick = tick();
}

/**
 * The threads in these slots of a list were chosen in this tick and have yielded, except the last, which is
 * running: does what ule_choose and ule_add record for them. Within a tick neither order nor number matters,
 * so the last turn of each is enough.
 */
export function ule_turned(from: usize, to: usize): void {
  if (from == to) return;
  const now = tick();
  let slot = last_turn(from, to - SLOT_SIZE);
  for (; slot != to; slot += SLOT_SIZE) {
    const ts = td_sched(changetype<Thread>(load<usize>(slot)));
    pctcpu_update(ts, now, false);
    ts.ts_rltick = now;
    ts.ts_boost = 0;
    ts.ts_flags &= ~(TSF_MOVED | TSF_HEAD);
  }
}

/** The first slot from `from` on from which no thread occurs twice up to `last`. */
function last_turn(from: usize, last: usize): usize {
  const td = load<usize>(last);
  let slot = last;
  while (slot != from && load<usize>(slot - SLOT_SIZE) != td) slot -= SLOT_SIZE;
  return slot;
}

/** sched_wakeup: counts its sleep in its score, and gives it a whole slice. */
function woken(ts: ThreadSched, now: i32): void {
  ts.ts_flags &= ~TSF_SLEPT;
  const since = ts.ts_slptick;
  ts.ts_slptick = 0;
  ts.ts_slice = 0;
  if (since == 0 || since >= now) return;
  const slept = <u32>min<i32>(now - since, SLEEP_MAX);
  if (!planted(Plant.SCORE_SLEEP_LOST)) ts.ts_slptime += slept << TICK_SHIFT;
  interact_update(ts);
  pctcpu_update(ts, now, false);
}

/**
 * sched_sleep: a thread of this CPU goes to sleep, at priority `pri` if that is not 0. Returns the priority
 * that a kernel thread has from now on, 0 for its own; a user thread gets its own back when it runs.
 */
export function ule_sleep(gd: GlobalData, td: Thread, pri: u32): u32 {
  const ts = td_sched(td);
  const now = tick();
  if (td == gd.gd_curthread) pctcpu_update(ts, now, true);
  ts.ts_slptick = now;
  ts.ts_rltick = now;
  ts.ts_waker = 0;
  if (!is_class_timeshare(ts)) return 0;
  const boost = machine().ule_boost;
  const sleeps_at = boost == 1 && pri != 0 ? pri : boost;
  if (ts.ts_policy != <u8>Policy.BATCH && is_timeshare(td)) ts.ts_boost = <u8>sleeps_at;
  return sleeps_at == pri || <u32>cold(td).td_priority > sleeps_at ? sleeps_at : 0;
}

/** Takes a queued thread off its queue. */
export function ule_rem(td: Thread): void {
  const cpu = <u32>(td_sched(td).ts_queue - 2) % machine().ncpus;
  const pri = waiting_priority(td);
  globaldata(cpu).gd_nrunnable--;
  dequeue(td);
  sched_departed(td);
  if (<u32>pri == sched_cpu(cpu).sc_lowpri) set_lowpri(cpu, false);
}

/** A queued thread's rank has changed. */
export function ule_requeue(td: Thread): void {
  const cpu = <u32>(td_sched(td).ts_queue - 2) % machine().ncpus;
  globaldata(cpu).gd_nrunnable--;
  sched_kept(td_sched(td), false);
  dequeue(td);
  set_lowpri(cpu, false);
  enqueue(cpu, td, false);
}

/** sched_thread_priority: a waiting thread that has improved comes up next; otherwise it keeps its place. */
export function ule_prio_changed(td: Thread, better: bool): void {
  const m = machine();
  const ts = td_sched(td);
  if (ts.ts_queue != 0) {
    if (!better) {
      sched_kept(ts, true);
      return;
    }
    ts.ts_flags |= TSF_HEAD;
    ule_requeue(td);
    const unplaced = (ts.ts_flags & (TSF_ARRIVED | TSF_MOVED)) == 0;
    if (m.ncpus != 1 && unplaced) sched_arrived(globaldata(td.td_cpu), td);
  } else running_changed(m, td);
}

/** tdq_thrprichange, for the thread that a CPU is running. */
function running_changed(m: Machine, td: Thread): void {
  if (m.ncpus != 1 && td == globaldata(td.td_cpu).gd_curthread) set_lowpri(td.td_cpu, false);
}

/** tdq_setlowpri: the priority of the running thread, or of the first waiting one if that is better. */
function set_lowpri(cpu: u32, placed: bool): void {
  if (machine().ncpus == 1) return;
  const gd = globaldata(cpu);
  let pri: u32 = PRI_MAX;
  if (gd.gd_curthread != gd.gd_idletd) pri = cold(gd.gd_curthread).td_priority;
  const first = first_waiting(cpu, placed);
  if (is_td(first)) pri = min<u32>(pri, waiting_priority(first));
  sched_cpu(cpu).sc_lowpri = pri;
}

/** The first waiting thread of a CPU; with `placed`, among those already placed. */
function first_waiting(cpu: u32, placed: bool): Thread {
  const idle = prio_level(0, PRI_MIN_IDLE);
  const td = first_on(levels_of(cpu), 0, placed);
  if (is_td(td) && <u32>td_sched(td).ts_level < idle) return td;
  const next = first_on(calendar_of(cpu), sched_cpu(cpu).sc_ridx, placed);
  return is_td(next) ? next : td;
}

function first_on(queue: u32, from: u32, placed: bool): Thread {
  let td = prioq_next(queue, from, no_td());
  while (placed && is_td(td) && (td_sched(td).ts_flags & TSF_ARRIVED) != 0) {
    td = prioq_next(queue, from, td);
  }
  return td;
}

/** tdq_choose: takes the best thread of this CPU, or its idle thread. */
export function ule_choose(gd: GlobalData): Thread {
  const cpu = gd.gd_cpuid;
  const sc = sched_cpu(cpu);
  sc.sc_preempt = 0;
  if (gd.gd_nrunnable == 0) {
    sc.sc_lowpri = PRI_MAX;
    return gd.gd_idletd;
  }
  const level = prioq_first(levels_of(cpu));
  if (level < prio_level(0, PRI_MIN_IDLE)) return taken(gd, prioq_take(levels_of(cpu), level));
  const slot = calendar_first(cpu);
  if (slot != NO_LEVEL) {
    const td = prioq_take(calendar_of(cpu), slot);
    slot_left(cpu, slot);
    return taken(gd, td);
  }
  return taken(gd, prioq_take(levels_of(cpu), level));
}

function taken(gd: GlobalData, td: Thread): Thread {
  gd.gd_nrunnable--;
  const ts = td_sched(td);
  if (ts.ts_flags != 0) {
    sched_departed(td);
    ts.ts_flags &= ~(TSF_MOVED | TSF_HEAD);
  }
  ts.ts_boost = 0;
  if (machine().ncpus != 1) sched_cpu(gd.gd_cpuid).sc_lowpri = cold(td).td_priority;
  pctcpu_update(ts, tick(), false);
  return td;
}

/** The first slot with a thread, from the removal index on around the ring. */
function calendar_first(cpu: u32): u32 {
  const from = sched_cpu(cpu).sc_ridx;
  const n = slots(machine());
  const slot = prioq_first_from(calendar_of(cpu), from, n);
  return slot != NO_LEVEL || from == 0 ? slot : prioq_first_from(calendar_of(cpu), 0, from);
}

// ---- Time ----

/** Charges the running thread for `ticks` of the scheduler's clock and `stats` of the statistics clock. */
export function ule_clock(gd: GlobalData, td: Thread, ticks: u32, stats: u32): void {
  const m = machine();
  const ts = td_sched(td);
  for (let i: u32 = 0; i < min<u32>(stats, slots(m)); i++) calendar_advance(m, gd.gd_cpuid);
  pctcpu_update(ts, tick(), true);
  if (ts.ts_policy == <u8>Policy.FIFO || has_deadline(td)) return;
  if (stats != 0 && is_class_timeshare(ts)) {
    ts.ts_runtime += min<u32>(stats, 1270) * TICK_INCR;
    interact_update(ts);
    const before: u32 = cold(td).td_priority;
    ule_priority(td);
    if (<u32>cold(td).td_priority != before) running_changed(m, td);
  }
  if (m.sched_slice == 0) return;
  ts.ts_slice += ticks;
  if (ts.ts_slice < slice_of(m, gd)) return;
  ts.ts_slice = 0;
  gd.gd_flags |= GDF_RESCHED | GDF_SLICEEND;
}

/** Advances the insert index by a slot once the removal index has caught up. */
function calendar_advance(m: Machine, cpu: u32): void {
  const sc = sched_cpu(cpu);
  if (sc.sc_idx != sc.sc_ridx) return;
  sc.sc_idx = (sc.sc_idx + 1) % slots(m);
  if (prioq_empty(calendar_of(cpu), sc.sc_ridx)) sc.sc_ridx = sc.sc_idx;
}

/** sched_slice_min. */
function least_slice(m: Machine): u32 {
  return max<u32>(1, m.ule_slice_min);
}

/** tdq_slice: the more threads share the CPU, the shorter. */
function slice_of(m: Machine, gd: GlobalData): u32 {
  const others = planted(Plant.SCORE_SLICE_LOAD) ? <u32>0 : <u32>gd.gd_nrunnable;
  if (others >= SLICE_MIN_DIVISOR) return least_slice(m);
  return others <= 1 ? m.sched_slice : max<u32>(1, m.sched_slice / others);
}

// ---- Placement ----

/** SCHED_AFFINITY: true if a thread's data is still in caches of a level. */
function is_warm(m: Machine, ts: ThreadSched, level: i32): bool {
  if (planted(Plant.GROUP_COLD)) return false;
  return ts.ts_rltick > tick() - level * <i32>m.ule_affinity;
}

/**
 * The size of the largest group, smaller than the machine, whose cache is still warm for a thread: 0 if there
 * is none.
 */
function warm_group(m: Machine, ts: ThreadSched): u32 {
  const size = m.cache_cpus;
  if (size <= max<u32>(1, m.core_cpus) || size >= m.ncpus) return 0;
  return is_warm(m, ts, CG_SHARE_L3) ? size : 0;
}

/** True if all CPUs of a CPU's core are idle, or have only SCHED_IDLE threads. */
function is_core_idle(m: Machine, cpu: u32): bool {
  const size = planted(Plant.GROUP_CORE) ? 1 : max<u32>(1, m.core_cpus);
  const first = first_of(cpu, size);
  for (let i = first; i < first + size; i++) {
    if (sched_cpu(i).sc_lowpri < <u32>PRI_MIN_IDLE) return false;
  }
  return true;
}

/**
 * sched_pickcpu, for a thread last on `last` that CPU `self` has made runnable. `running`: it is running there.
 */
export function pick_cpu(m: Machine, td: Thread, last: u32, self: u32, running: bool): u32 {
  const ts = td_sched(td);
  const cpus = allowed_cpus(m, td);
  const may_stay = ((cpus >> last) & 1) != 0;
  if (may_stay && is_warm(m, ts, CG_SHARE_L2) && is_core_idle(m, last)) return last;
  const pri = waiting_priority(td);
  const any = i32.MAX_VALUE;
  let best: i32 = -1;
  const warm = warm_group(m, ts);
  if (warm != 0) {
    const worse = max<i32>(pri, PRI_MAX_TIMESHARE); // an idle CPU, or one as good as idle
    best = sched_lowest(first_of(last, warm), warm, cpus, worse, any, last, running);
  }
  if (best < 0) best = sched_lowest(0, m.ncpus, cpus, pri, any, last, running);
  if (best < 0) best = sched_lowest(0, m.ncpus, cpus, -1, any, last, running);
  if (((cpus >> self) & 1) == 0 || <i32>sched_cpu(self).sc_lowpri <= pri) return best;
  const busy = sched_cpu(best).sc_lowpri < <u32>PRI_MIN_IDLE;
  return busy && load_of(self) <= load_of(best) + 1 ? self : <u32>best;
}

/**
 * Between two rounds: threads that were made runnable are not counted anywhere until they are placed, one by one.
 */
export function ule_unplaced(m: Machine): void {
  for (let left = m.sched_arrivals; left != 0; left &= left - 1) {
    const cpu = <u32>ctz<u64>(left);
    let td = sched_cpu(cpu).sc_first;
    for (; is_td(td); td = td_sched(td).ts_next) globaldata(cpu).gd_nrunnable--;
    set_lowpri(cpu, true);
  }
}

/** Places a thread that was made runnable in the round that is over. */
export function ule_place(m: Machine, td: Thread): void {
  const ts = td_sched(td);
  const cpu: u32 = td.td_cpu;
  const self = ts.ts_waker != 0 ? <u32>ts.ts_waker - 1 : cpu;
  const moved = (ts.ts_flags & TSF_MOVED) != 0;
  const best = moved ? cpu : pick_cpu(m, td, cpu, self, false);
  const sc = sched_cpu(best);
  const before = sc.sc_lowpri;
  ts.ts_waker = 0;
  sched_departed(td);
  if (best == cpu) {
    globaldata(cpu).gd_nrunnable++;
    sc.sc_lowpri = min<u32>(before, waiting_priority(td));
  } else {
    dequeue(td);
    td.td_cpu = <u8>best;
    enqueue(best, td, false);
  }
  notify(m, td, before, best != self);
}

/** Moves a queued thread to another CPU's queues. */
export function give(m: Machine, td: Thread, cpu: u32): void {
  const before = sched_cpu(cpu).sc_lowpri;
  ule_rem(td);
  td_sched(td).ts_flags &= ~TSF_HEAD;
  td.td_cpu = <u8>cpu;
  enqueue(cpu, td, false);
  notify(m, td, before, true);
}

/**
 * tdq_notify and, for the CPU that made it runnable, sched_setpreempt: makes the CPU look at a queued thread
 * if necessary.
 */
function notify(m: Machine, td: Thread, before: u32, remote: bool): void {
  const cpu: u32 = td.td_cpu;
  const cur = globaldata(cpu).gd_curthread;
  if (cur == globaldata(cpu).gd_idletd) {
    kick_cpu(m, cpu);
    return;
  }
  if (m.preemption == 0) return;
  const preempts = should_preempt(m, td, cur, before, remote);
  if (preempts) sched_cpu(cpu).sc_preempt = 1;
  if (preempts || (!remote && ule_better(td, cur))) kick_cpu(m, cpu);
}

/** A queued thread has improved: makes its CPU look if necessary. */
export function ule_interrupt(m: Machine, td: Thread): void {
  if ((td_sched(td).ts_flags & TSF_ARRIVED) != 0) return; // it will be placed
  notify(m, td, cold(globaldata(td.td_cpu).gd_curthread).td_priority, false);
}

/** True if a queued thread preempts `cur`, by the priority that it slept at. */
export function ule_better(td: Thread, cur: Thread): bool {
  if (sched_better(td, cur)) return true;
  if (td_sched(td).ts_boost == 0 || has_deadline(cur)) return false;
  return waiting_priority(td) < <i32>cold(cur).td_priority;
}

/**
 * sched_setpreempt: a thread of this CPU requests it from `cur`, which is preempted if that is worse by
 * preempt_thresh.
 */
export function ule_setpreempt(gd: GlobalData, td: Thread, cur: Thread): void {
  if (!should_preempt(machine(), td, cur, cold(cur).td_priority, false)) return;
  sched_cpu(gd.gd_cpuid).sc_preempt = 1;
}

/** sched_shouldpreempt; `other` was the best priority so far. */
function should_preempt(m: Machine, td: Thread, cur: Thread, other: i32, remote: bool): bool {
  if (has_deadline(td) || has_deadline(cur)) return sched_better(td, cur);
  const pri = waiting_priority(td);
  if (pri > other || (pri == other && !is_better_equal(td, cur))) return false;
  if (other >= PRI_MIN_IDLE) return true;
  if (m.ule_preempt == 0) return false;
  if (pri <= <i32>m.ule_preempt) return true;
  return remote && pri < PRI_MIN_BATCH && other >= PRI_MIN_BATCH;
}

/**
 * Of two threads of equal priority: true if `td` has the better of the 99 priorities of SCHED_FIFO and SCHED_RR,
 * or the earlier of two lent deadlines.
 */
function is_better_equal(td: Thread, cur: Thread): bool {
  const pri: u32 = cold(td).td_priority;
  if (pri != <u32>cold(cur).td_priority) return false;
  if (pri == <u32>PRI_MIN_REALTIME) return dl_before(td, cur);
  return td_sched(td).ts_rt > td_sched(cur).ts_rt;
}

// ---- Threads ----

/**
 * sched_fork_thread: a new thread inherits its creator's score and CPU use, and has little of its first slice
 * left, so that its behaviour shows soon. sched_fork: with a new process both are charged.
 */
export function ule_fork(gd: GlobalData, child: Thread, maker: Thread, forks: bool): void {
  const ts = td_sched(child);
  const from = td_sched(maker);
  const m = machine();
  if (forks) pctcpu_update(from, tick(), maker == gd.gd_curthread);
  ts.ts_runtime = from.ts_runtime;
  ts.ts_slptime = from.ts_slptime;
  ts.ts_ticks = from.ts_ticks;
  ts.ts_ltick = from.ts_ltick;
  ts.ts_ftick = from.ts_ftick;
  if (m.sched_slice != 0 && !planted(Plant.SCORE_FORK_SLICE))
    ts.ts_slice = slice_of(m, gd) - least_slice(m);
  if (!forks) return;
  interact_fork(ts);
  from.ts_runtime += TICK_INCR;
  interact_update(from);
  const before: u32 = cold(maker).td_priority;
  if (!planted(Plant.SCORE_FORK_STALE)) ule_priority(maker);
  if (<u32>cold(maker).td_priority != before) running_changed(m, maker);
}

/** sched_exit: a thread's creator is charged for its run time. */
export function ule_exit(heir: Thread, td: Thread): void {
  if (planted(Plant.SCORE_EXIT_FREE)) return;
  const ts = td_sched(heir);
  ts.ts_runtime += td_sched(td).ts_runtime;
  interact_update(ts);
}
