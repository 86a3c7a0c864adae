// FreeBSD's ULE scheduler (sched_ule.c). The machine's CPUs are one group that shares its last cache, unless the
// configuration has packages, caches and cores.
//
// Each CPU has three queues: real-time and interactive threads and idle ones, by level, and between these the
// calendar of time-sharing threads: 64 or 256 slots in a ring. A thread is put that many slots behind the insert
// index as its priority says; the index goes on by a slot per tick once the threads at the removal index have run,
// so that everybody comes up in the end.
//
// A time-sharing thread's score is 0 to 100: below 50 when it has slept more than it ran, by their ratio; nice is added.
// Below 30 it is interactive, priority 88 to 135 by its score. Otherwise it is a batch thread: 156 + its part of the last
// ten seconds (0 to 47) + nice. Times of run and sleep decay when they come to five seconds; a new thread has
// half a second of its maker's, and who made it is charged for the run time when it ends. A slice is
// kern.sched.quantum divided by the other threads of the CPU, a sixth at least.
//
// Where a thread goes that was made runnable is decided between two rounds (kern/sched_place.ts): to its last CPU if
// that is idle and its cache is warm, else to the least loaded CPU on which it is the best, else to the least loaded
// one, and random numbers decide between equals. It interrupts a thread there if it is real-time or the kernel's, or
// interactive where that one is not. Idle CPUs steal from who has two threads or more; and every half to one and a
// half seconds, by a random number, CPUs with more threads give one to those with fewer, pair by pair.

import { SLOT_SIZE } from "../sys/chunklist";
import { has_deadline } from "../sys/deadline";
import { GDF_INVOL, GDF_RESCHED, GDF_SLICEEND, GlobalData, globaldata } from "../sys/globaldata";
import { Machine, machine } from "../sys/machine";
import { PRI_MAX_TIMESHARE, PRI_MIN_IDLE, PRI_MIN_TIMESHARE } from "../sys/param";
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
import { Policy, sched_cpu, ThreadSched, TSF_MOVED, TSF_SLEPT, td_sched } from "../sys/sched";
import { cold, is_td, no_td } from "../sys/thread";
import { random_next } from "./kern_random";
import { allowed_cpus, kick_cpu, sched_arrived, sched_departed } from "./sched_place";
import { is_timeshare, level_of, sched_better } from "./sched_policy";
import { sched_own_priority } from "./subr_turnstile";

// Priorities: interactive threads have 48 of the 136 for time-sharing, batch threads the rest, of which the first and
// the last 20 are for nice values.
const INTERACT_RANGE: i32 = (PRI_MAX_TIMESHARE - PRI_MIN_TIMESHARE + 1 - 40) / 2;
const PRI_MIN_BATCH: i32 = PRI_MIN_TIMESHARE + INTERACT_RANGE;
const BATCH_RANGE: i32 = PRI_MAX_TIMESHARE - PRI_MIN_BATCH + 1;
const SCHED_PRI_MIN: i32 = PRI_MIN_BATCH + 20;
const SCHED_PRI_RANGE: i32 = BATCH_RANGE - 40;

/** Ticks of ULE's accounts: milliseconds, FreeBSD's hz, whatever the machine's. Times are ticks << 10. */
const HZ: u32 = 1000;
const TICK_SHIFT: u32 = 10;
const TICK_TARG: i32 = HZ * 10;
const TICK_MAX: i32 = TICK_TARG + HZ;
const SLP_RUN_MAX: u32 = (HZ * 5) << TICK_SHIFT;
const SLP_RUN_FORK: u32 = (HZ / 2) << TICK_SHIFT;
const INTERACT_HALF: u32 = 50;
const SLICE_MIN_DIVISOR: u32 = 6;

/** The levels of caches: what a core has for itself, and what several share. */
const CG_SHARE_L2: i32 = 2;
const CG_SHARE_L3: i32 = 3;

/** The tunables as FreeBSD has them. */
export function ule_init(m: Machine): void {
  m.ule_interact = 30;
  m.ule_affinity = 1;
  m.ule_balance = 1;
  m.ule_interval = 127;
  m.ule_steal = 1;
  m.ule_steal_least = 2;
}

/** Run queues of a machine: none, and each CPU's levels and calendar. */
export function ule_queues(ncpus: u32): u32 {
  return 1 + 2 * ncpus;
}

function levels_of(cpu: u32): u32 {
  return 1 + cpu;
}

function calendar_of(cpu: u32): u32 {
  return 1 + machine().ncpus + cpu;
}

/** Slots of a calendar. */
function slots(m: Machine): u32 {
  return m.rq_mask == 0xff ? 256 : 64;
}

/** The tick of the round, never 0. */
function tick(): i32 {
  return machine().sched_ms;
}

/** A round begins: its tick. */
export function ule_round(m: Machine): void {
  m.sched_ms = <i32>(m.now / max<u64>(1, m.cycles_per_second / HZ)) + 1;
}

// ---- Scores ----

/** sched_interact_update: run and sleep times decay, the faster the more they are. */
function interact_update(ts: ThreadSched): void {
  const sum = ts.ts_runtime + ts.ts_slptime;
  if (sum < SLP_RUN_MAX) return;
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
  if (ran > slept) return <i32>(2 * INTERACT_HALF - slept / max<u32>(1, ran / INTERACT_HALF));
  return <i32>(ran / max<u32>(1, slept / INTERACT_HALF));
}

/** sched_pctcpu_update: time that a thread ran within the last ten seconds. */
function pctcpu_update(ts: ThreadSched, now: i32, runs: bool): void {
  if (now - ts.ts_ltick >= TICK_TARG) {
    ts.ts_ticks = 0;
    ts.ts_ftick = now - TICK_TARG;
  } else if (now - ts.ts_ftick >= TICK_MAX) {
    const span = max<i32>(1, ts.ts_ltick - ts.ts_ftick);
    ts.ts_ticks = (ts.ts_ticks / <u32>span) * <u32>max<i32>(0, ts.ts_ltick - (now - TICK_TARG));
    ts.ts_ftick = now - TICK_TARG;
  }
  if (runs) ts.ts_ticks += (<u32>(now - ts.ts_ltick)) << TICK_SHIFT;
  ts.ts_ltick = now;
}

/** sched_priority: a time-sharing thread's priority by its score, or its use of the CPU and nice value. */
export function ule_priority(td: Thread): void {
  if (!is_timeshare(td)) return;
  const ts = td_sched(td);
  const score = max<i32>(0, interact_score(ts) + <i32>ts.ts_nice);
  const interact = <i32>machine().ule_interact;
  let pri: i32;
  if (score < interact && ts.ts_policy != <u8>Policy.BATCH) {
    pri = PRI_MIN_TIMESHARE + (INTERACT_RANGE * score) / interact;
  } else {
    const total = max<i32>(ts.ts_ltick - ts.ts_ftick, HZ);
    const per = (total + SCHED_PRI_RANGE - 1) / SCHED_PRI_RANGE;
    const used = <i32>(ts.ts_ticks >> TICK_SHIFT) / per;
    pri = SCHED_PRI_MIN + min<i32>(used, SCHED_PRI_RANGE - 1) + <i32>ts.ts_nice;
  }
  sched_own_priority(td, pri);
}

// ---- Queues ----

/** True for a thread that is queued by its level, and not in the calendar. */
function has_level(td: Thread): bool {
  const pri = <i32>cold(td).td_priority;
  return td_sched(td).ts_rt != 0 || pri < PRI_MIN_BATCH || pri > PRI_MAX_TIMESHARE;
}

/** tdq_runq_add. A thread that was preempted, or whose priority was lent, comes first in the calendar. */
function enqueue(cpu: u32, td: Thread, first: bool): void {
  const pri = <i32>cold(td).td_priority;
  globaldata(cpu).gd_nrunnable++;
  if (has_level(td)) {
    prioq_add(levels_of(cpu), level_of(td), td, first);
    return;
  }
  const n = slots(machine());
  const sc = sched_cpu(cpu);
  let slot = sc.sc_ridx;
  if (!first) {
    slot = ((n * <u32>(pri - PRI_MIN_BATCH)) / <u32>BATCH_RANGE + sc.sc_idx) % n;
    // Not among those who are taken now: it would come before all who wait.
    if (sc.sc_ridx != sc.sc_idx && slot == sc.sc_ridx) slot = (slot + n - 1) % n;
  }
  prioq_add(calendar_of(cpu), slot, td, first);
}

/** tdq_runq_rem, for a thread that has left a calendar: the removal index goes on when its slot is empty. */
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
  let first = false;
  if (td == gd.gd_curthread) {
    first = (gd.gd_flags & (GDF_INVOL | GDF_SLICEEND)) == GDF_INVOL && is_preempted(gd);
    pctcpu_update(ts, now, true);
    ts.ts_rltick = now;
    enqueue(gd.gd_cpuid, td, first);
    const m = machine();
    if (m.ncpus != 1 && ((allowed_cpus(m, td) >> gd.gd_cpuid) & 1) == 0) sched_arrived(gd, td);
    return;
  }
  ule_priority(td);
  enqueue(gd.gd_cpuid, td, false);
  sched_arrived(gd, td);
}

/** The queue on which the running thread takes turns with others of its level; no queue if that is the calendar's. */
export function ule_level_queue(gd: GlobalData, td: Thread): u32 {
  const timeshares = has_level(td) && level_of(td) < prio_level(0, PRI_MIN_IDLE);
  return timeshares ? levels_of(gd.gd_cpuid) : u32.MAX_VALUE;
}

/** The running thread yields: what ule_add notes of it. */
export function ule_yields(td: Thread): void {
  const ts = td_sched(td);
  pctcpu_update(ts, tick(), true);
  ts.ts_rltick = tick();
}

/**
 * Threads in these slots of a list were chosen in this tick, and have yielded, but for the last one, which runs: what
 * ule_choose and ule_add note of them. In one tick the order does not matter.
 */
export function ule_turned(from: usize, to: usize): void {
  const now = tick();
  for (let slot = from; slot < to; slot += SLOT_SIZE) {
    const ts = td_sched(changetype<Thread>(load<usize>(slot)));
    pctcpu_update(ts, now, false);
    ts.ts_rltick = now;
  }
}

/** SW_PREEMPT: a real-time thread or one of the kernel's takes the CPU; others take turns by the calendar. */
function is_preempted(gd: GlobalData): bool {
  return prioq_first(levels_of(gd.gd_cpuid)) < prio_level(0, PRI_MIN_TIMESHARE);
}

/** sched_wakeup: its sleep counts for its score, and it has a whole slice. */
function woken(ts: ThreadSched, now: i32): void {
  ts.ts_flags &= ~TSF_SLEPT;
  const since = ts.ts_slptick;
  ts.ts_slptick = 0;
  ts.ts_slice = 0;
  if (since == 0 || since >= now) return;
  const slept = <u32>min<i32>(now - since, <i32>(2 * HZ * 5));
  ts.ts_slptime += slept << TICK_SHIFT;
  interact_update(ts);
  pctcpu_update(ts, now, false);
}

/** A thread of this CPU goes to sleep. */
export function ule_sleep(gd: GlobalData, td: Thread): void {
  const ts = td_sched(td);
  const now = tick();
  if (td == gd.gd_curthread) pctcpu_update(ts, now, true);
  ts.ts_slptick = now;
  ts.ts_rltick = now;
}

/** Takes a queued thread off its queue. */
export function ule_rem(td: Thread): void {
  const m = machine();
  const ts = td_sched(td);
  const queue: u32 = <u32>ts.ts_queue - 1;
  const slot: u32 = ts.ts_level;
  const cpu = (queue - 1) % m.ncpus;
  globaldata(cpu).gd_nrunnable--;
  prioq_remove(td);
  sched_departed(cpu, td);
  if (queue > m.ncpus) slot_left(cpu, slot);
}

/** A queued thread's priority has changed. */
export function ule_requeue(td: Thread): void {
  const m = machine();
  const ts = td_sched(td);
  const queue: u32 = <u32>ts.ts_queue - 1;
  const slot: u32 = ts.ts_level;
  const cpu = (queue - 1) % m.ncpus;
  prioq_remove(td);
  globaldata(cpu).gd_nrunnable--;
  if (queue > m.ncpus) slot_left(cpu, slot);
  enqueue(cpu, td, false);
}

/** tdq_choose: takes the best thread of this CPU, or its idle thread. */
export function ule_choose(gd: GlobalData): Thread {
  if (gd.gd_nrunnable == 0) return gd.gd_idletd;
  const cpu = gd.gd_cpuid;
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
    sched_departed(gd.gd_cpuid, td);
    ts.ts_flags &= ~TSF_MOVED;
  }
  pctcpu_update(ts, tick(), false);
  return td;
}

/** The first slot with a thread from the removal index on, round the ring. */
function calendar_first(cpu: u32): u32 {
  const from = sched_cpu(cpu).sc_ridx;
  const n = slots(machine());
  const slot = prioq_first_from(calendar_of(cpu), from, n);
  return slot != NO_LEVEL || from == 0 ? slot : prioq_first_from(calendar_of(cpu), 0, from);
}

// ---- Time ----

/** The running thread has run for `ticks` of the scheduler's clock, and `stats` of the statistics clock. */
export function ule_clock(gd: GlobalData, td: Thread, ticks: u32, stats: u32): void {
  const m = machine();
  const ts = td_sched(td);
  for (let i: u32 = 0; i < min<u32>(stats, slots(m)); i++) calendar_advance(m, gd.gd_cpuid);
  pctcpu_update(ts, tick(), true);
  if (ts.ts_policy == <u8>Policy.FIFO || has_deadline(td)) return;
  if (stats != 0) {
    ts.ts_runtime += <u32>(min<u64>(stats, 1270) * (HZ << TICK_SHIFT)) / 127;
    interact_update(ts);
    ule_priority(td);
  }
  if (m.sched_slice == 0) return;
  ts.ts_slice += ticks;
  if (ts.ts_slice < slice_of(m, gd)) return;
  ts.ts_slice = 0;
  gd.gd_flags |= GDF_RESCHED | GDF_SLICEEND;
}

/** The insert index goes on by a slot when the removal index has come up with it. */
function calendar_advance(m: Machine, cpu: u32): void {
  const sc = sched_cpu(cpu);
  if (sc.sc_idx != sc.sc_ridx) return;
  sc.sc_idx = (sc.sc_idx + 1) % slots(m);
  if (prioq_empty(calendar_of(cpu), sc.sc_ridx)) sc.sc_ridx = sc.sc_idx;
}

/** tdq_slice: shorter, the more threads share the CPU. */
function slice_of(m: Machine, gd: GlobalData): u32 {
  const others = <u32>gd.gd_nrunnable;
  const least = max<u32>(1, m.sched_slice / SLICE_MIN_DIVISOR);
  if (others >= SLICE_MIN_DIVISOR) return least;
  return others <= 1 ? m.sched_slice : max<u32>(1, m.sched_slice / others);
}

// ---- Between two rounds ----

/** tdq_load: threads that a CPU runs or could run. */
function load_of(cpu: u32): i32 {
  const gd = globaldata(cpu);
  return gd.gd_nrunnable + (gd.gd_curthread != gd.gd_idletd ? 1 : 0);
}

/** tdq_lowpri: the priority of what a CPU runs, 255 when it is idle. */
function lowpri(cpu: u32): u32 {
  const gd = globaldata(cpu);
  if (gd.gd_curthread == gd.gd_idletd) return gd.gd_nrunnable != 0 ? PRI_MIN_TIMESHARE : 255;
  return cold(gd.gd_curthread).td_priority;
}

/** Nothing that lowest_in looks for. */
const NOBODY: i64 = i64.MAX_VALUE;

/** sched_lowest: of a set, the least loaded CPU that runs something worse than `pri` (-1: anything); -1 if none is. */
function lowest(cpus: u64, pri: i32, most: i32, prefer: u32): i32 {
  const found = lowest_in(machine(), machine().ncpus, cpus, pri, most, prefer);
  return found == NOBODY ? -1 : <i32>(found & 63);
}

/**
 * The same in a group of `size` CPUs: from the least loaded of the groups that it is made of, so that one gets a core
 * for oneself where there is one. The CPU, and above it how loaded that is.
 */
function lowest_in(m: Machine, size: u32, cpus: u64, pri: i32, most: i32, prefer: u32): i64 {
  const part = part_of(m, size);
  if (part == 1) return lowest_of(cpus, pri, most, prefer);
  let best = NOBODY;
  let least: i32 = i32.MAX_VALUE;
  for (let cpu: u32 = (<u32>ctz<u64>(cpus) / part) * part; cpu < m.ncpus; cpu += part) {
    const group = group_of(cpu, part);
    if ((cpus & group) == 0) continue;
    const found = lowest_in(m, part, cpus & group, pri, most, prefer);
    if (found == NOBODY) continue;
    const load = group_load(group);
    if (load > least || (load == least && found >= best)) continue;
    best = found;
    least = load;
  }
  return best;
}

function lowest_of(cpus: u64, pri: i32, most: i32, prefer: u32): i64 {
  let best = NOBODY;
  let least: i32 = i32.MAX_VALUE;
  for (let left = cpus; left != 0; left &= left - 1) {
    const cpu = <u32>ctz<u64>(left);
    const load = load_of(cpu);
    if (load > most || (pri >= 0 && <i32>lowpri(cpu) <= pri)) continue;
    const weighed = load * 256 - (cpu == prefer ? 128 : 0) + <i32>(random_next() & 127);
    if (weighed >= least) continue;
    least = weighed;
    best = ((<i64>weighed) << 6) + cpu;
  }
  return best;
}

// ---- Groups of CPUs: the machine, its packages, what shares a cache, the threads of a core ----

/** The size of the groups that one of `size` CPUs is made of: 1 if it has no others in it. */
function part_of(m: Machine, size: u32): u32 {
  if (m.package_cpus != 0 && m.package_cpus < size) return m.package_cpus;
  if (m.cache_cpus != 0 && m.cache_cpus < size) return m.cache_cpus;
  return m.core_cpus != 0 && m.core_cpus < size ? m.core_cpus : 1;
}

/** The smallest group that is larger than one of `size` CPUs; 0 if that is the machine. */
function whole_of(m: Machine, size: u32): u32 {
  if (m.core_cpus > size) return m.core_cpus;
  if (m.cache_cpus > size) return m.cache_cpus;
  if (m.package_cpus > size) return m.package_cpus;
  return size < m.ncpus ? m.ncpus : 0;
}

/** The group of `size` CPUs that a CPU is in. */
function group_of(cpu: u32, size: u32): u64 {
  return (~(<u64>0) >> (64 - size)) << ((cpu / size) * size);
}

function group_load(cpus: u64): i32 {
  let load: i32 = 0;
  for (let left = cpus; left != 0; left &= left - 1) load += load_of(<u32>ctz<u64>(left));
  return load;
}

/** True if what a thread had in caches of a level is still there. */
function is_warm(m: Machine, ts: ThreadSched, level: i32): bool {
  return ts.ts_rltick > tick() - level * <i32>m.ule_affinity;
}

/** The largest group, smaller than the machine, whose cache is still warm for a thread: 0 if there is none. */
function warm_group(m: Machine, ts: ThreadSched): u32 {
  const size = m.cache_cpus;
  if (size <= max<u32>(1, m.core_cpus) || size >= m.ncpus) return 0;
  return is_warm(m, ts, CG_SHARE_L3) ? size : 0;
}

/** sched_pickcpu. */
function pick_cpu(m: Machine, td: Thread): u32 {
  const ts = td_sched(td);
  const last: u32 = td.td_cpu;
  const cpus = allowed_cpus(m, td);
  const may_stay = ((cpus >> last) & 1) != 0;
  if (may_stay && is_warm(m, ts, CG_SHARE_L2)) {
    const core = m.core_cpus > 1 ? group_of(last, m.core_cpus) : (<u64>1) << last;
    if ((m.sched_idle & core) == core) return last; // idle, and so are the other threads of its core
  }
  const pri = <i32>cold(td).td_priority;
  let best: i32 = -1;
  const warm = warm_group(m, ts);
  if (warm != 0) {
    const worse = max<i32>(pri, PRI_MAX_TIMESHARE); // somebody idle, or as good as that
    best = lowest(cpus & group_of(last, warm), worse, i32.MAX_VALUE, last);
  }
  if (best < 0) best = lowest(cpus, pri, i32.MAX_VALUE, last);
  if (best < 0) best = lowest(cpus, -1, i32.MAX_VALUE, last);
  const here = may_stay && <i32>lowpri(last) > pri && lowpri(best) < <u32>PRI_MIN_IDLE;
  return here && load_of(last) <= load_of(best) + 1 ? last : <u32>best;
}

/** Places a thread that was made runnable on some CPU in the round that is over. */
export function ule_place(m: Machine, td: Thread): void {
  const ts = td_sched(td);
  const cpu: u32 = td.td_cpu;
  const moved = (ts.ts_flags & TSF_MOVED) != 0;
  // It does not count where it waits to be placed.
  globaldata(cpu).gd_nrunnable--;
  const best = moved ? cpu : pick_cpu(m, td);
  globaldata(cpu).gd_nrunnable++;
  sched_departed(cpu, td);
  if (best != cpu) give(td, best);
  ule_interrupt(m, td);
}

/** Moves a queued thread to another CPU's queues. */
function give(td: Thread, cpu: u32): void {
  ule_rem(td);
  td.td_cpu = <u8>cpu;
  enqueue(cpu, td, false);
}

/** tdq_notify: has the CPU of a queued thread look, if the thread is to interrupt what runs there. */
export function ule_interrupt(m: Machine, td: Thread): void {
  const cpu: u32 = td.td_cpu;
  const gd = globaldata(cpu);
  if (gd.gd_curthread == gd.gd_idletd) kick_cpu(m, cpu);
  else if (m.preemption != 0 && should_preempt(td, gd.gd_curthread)) kick_cpu(m, cpu);
}

/** sched_shouldpreempt, from another CPU. */
function should_preempt(td: Thread, cur: Thread): bool {
  if (has_deadline(td) || has_deadline(cur)) return sched_better(td, cur);
  const pri = <i32>cold(td).td_priority;
  const other = <i32>cold(cur).td_priority;
  if (pri > other || (pri == other && td_sched(td).ts_rt <= td_sched(cur).ts_rt)) return false;
  if (other >= PRI_MIN_IDLE || pri < PRI_MIN_TIMESHARE) return true;
  return pri < PRI_MIN_BATCH && other >= PRI_MIN_BATCH;
}

/** Idle CPUs steal, and the balancer has its hour. */
export function ule_boundary(m: Machine): void {
  for (let left = m.ule_steal != 0 ? m.sched_idle : 0; left != 0; left &= left - 1) {
    const cpu = <u32>ctz<u64>(left);
    if (globaldata(cpu).gd_nrunnable == 0) steal(m, cpu);
  }
  if (m.now < m.sched_balance || m.cycle_cost == 0 || m.ule_balance == 0) return;
  const interval = max<u32>(1, m.ule_interval);
  const ticks = max<u32>(interval / 2, 1) + (random_next() % interval);
  const first = m.sched_balance == 0;
  m.sched_balance = m.now + <u64>ticks * max<u64>(1, m.cycles_per_second / 127);
  if (!first) balance(m);
}

/** tdq_idled: takes a thread from the CPU that has the most, if it has enough, among those that are nearest. */
function steal(m: Machine, cpu: u32): void {
  for (let size = whole_of(m, 1); size != 0; size = whole_of(m, size)) {
    let from: i32 = -1;
    let most = <i32>m.ule_steal_least - 1;
    for (let left = group_of(cpu, size); left != 0; left &= left - 1) {
      const i = <u32>ctz<u64>(left);
      const load = load_of(i);
      if (load <= most || globaldata(i).gd_nrunnable == 0) continue;
      most = load;
      from = i;
    }
    if (from >= 0 && move_one(m, from, cpu)) return;
  }
}

/** sched_balance_group: from the most loaded CPUs to the least loaded ones, each of which takes part once. */
function balance(m: Machine): void {
  let high_mask = ~(<u64>0) >> (64 - m.ncpus);
  while (high_mask != 0) {
    const high = highest(high_mask);
    if (high < 0) return;
    high_mask &= ~((<u64>1) << high);
    let low_mask = high_mask;
    while (low_mask != 0) {
      const low = lowest(low_mask, -1, load_of(high) - 1, high);
      if (low < 0) break;
      if (move_one(m, high, low)) {
        high_mask &= ~((<u64>1) << low);
        break;
      }
      low_mask &= ~((<u64>1) << low);
    }
  }
}

/** sched_highest: of a set, the most loaded CPU that has a thread to give; -1 if none has. */
function highest(cpus: u64): i32 {
  let best: i32 = -1;
  let most: i32 = -1;
  for (let left = cpus; left != 0; left &= left - 1) {
    const cpu = <u32>ctz<u64>(left);
    if (globaldata(cpu).gd_nrunnable == 0) continue;
    const weighed = load_of(cpu) * 256 + <i32>(random_next() & 127);
    if (weighed <= most) continue;
    most = weighed;
    best = cpu;
  }
  return best;
}

/** tdq_move: gives the first thread of a CPU that may run on another one to that. */
function move_one(m: Machine, from: u32, to: u32): bool {
  let td = stealable(m, levels_of(from), 0, to);
  if (!is_td(td)) td = stealable(m, calendar_of(from), sched_cpu(from).sc_ridx, to);
  if (!is_td(td)) return false;
  give(td, to);
  ule_interrupt(m, td);
  return true;
}

/** The first thread of a queue, from a level on and round, that may run on a CPU. */
function stealable(m: Machine, queue: u32, from: u32, to: u32): Thread {
  let td = prioq_next(queue, from, no_td());
  while (is_td(td)) {
    const stays = (td_sched(td).ts_flags & TSF_MOVED) != 0;
    if (!stays && ((allowed_cpus(m, td) >> to) & 1) != 0) return td;
    td = prioq_next(queue, from, td);
  }
  return td;
}

// ---- Threads ----

/** sched_fork: a new thread inherits its maker's score and use of the CPU, and both pay for it. */
export function ule_fork(child: Thread, maker: Thread): void {
  const ts = td_sched(child);
  const from = td_sched(maker);
  ts.ts_runtime = from.ts_runtime;
  ts.ts_slptime = from.ts_slptime;
  ts.ts_ticks = from.ts_ticks;
  ts.ts_ltick = from.ts_ltick;
  ts.ts_ftick = from.ts_ftick;
  interact_fork(ts);
  from.ts_runtime += <u32>(HZ << TICK_SHIFT) / 127;
  interact_update(from);
}

/** sched_exit: who made a thread is charged for its run time. */
export function ule_exit(heir: Thread, td: Thread): void {
  const ts = td_sched(heir);
  ts.ts_runtime += td_sched(td).ts_runtime;
  interact_update(ts);
}
