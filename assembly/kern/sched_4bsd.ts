// FreeBSD's 4BSD scheduler (sched_4bsd.c).
//
// One run queue for the whole machine, and one per CPU for threads that may not run everywhere: 256 levels,
// or 64, the smallest first, each first in, first out. A running thread is on no queue. A CPU takes the
// better of the first threads of its own queue and of the machine's; with one CPU there is only its own.
//
// The priority of a time-sharing thread is 88 + estcpu / weight + nice + 20: estcpu counts the statistics
// clock ticks that it ran, and the weight is 8 per CPU. Once a second estcpu decays by 2 l / (2 l + 1), l
// being the one-minute load average; for sleepers this is done when they wake up, and for those that waited for
// a lock at the end of the second. Equals take turns: a slice is kern.sched.quantum. A thread that loses the CPU within its slice goes in front of its equals, one whose
// slice is over behind them.
//
// A thread that is made runnable interrupts an idle CPU, its last one if that is idle, or else the CPU with
// the worst running thread, if that is worse. An idle CPU polls the machine's queue (sched_idletd), here
// between two rounds.
import { all_cpus, cpu_bit } from "../sys/cpuset";
import { has_deadline } from "../sys/deadline";
import { GDF_INVOL, GDF_RESCHED, GDF_SLICEEND, GlobalData, globaldata } from "../sys/globaldata";
import { Machine, machine } from "../sys/machine";
import { PRI_MAX_TIMESHARE, PRI_MIN_TIMESHARE } from "../sys/param";
import { Plant, planted } from "../sys/plant";
import {
  LEVEL_DEADLINE,
  NO_LEVEL,
  prioq_add,
  prioq_best,
  prioq_count,
  prioq_first,
  prioq_next,
  prioq_peek,
  prioq_remove,
  prioq_take,
} from "../sys/prioq";
import { TDS, Thread } from "../sys/proc";
import {
  NICE_MIN,
  Policy,
  ThreadSched,
  TSF_HEAD,
  TSF_MOVED,
  TSF_SLEPT,
  td_sched,
} from "../sys/sched";
import { is_td, td_at } from "../sys/thread";
import { dl_before } from "./sched_deadline";
import {
  allowed_cpus,
  idle_cpus,
  kick_cpu,
  sched_arrived,
  sched_departed,
  sched_dequeue,
} from "./sched_place";
import { is_timeshare, level_of, rank_of, sched_better } from "./sched_policy";
import { sched_own_priority } from "./subr_turnstile";

/** Index of the machine's queue; CPU n's is n + 1. */
const GLOBAL: u32 = 0;

/** NICE_WEIGHT is 1; ESTCPULIM keeps nice values apart: 40 of them, less the priorities of a level. */
const ESTCPU_WEIGHT: u32 = 8;
const ESTCPU_RANGE: u32 = 40;
/** FSCALE: load averages are multiples of 1 / 2048; e to the -1/12 in these: a minute by steps of five seconds. */
const FSHIFT: u32 = 11;
const FSCALE: u32 = 1 << FSHIFT;
const LOAD_DECAY: u32 = 1884;
const LOAD_SECONDS: u32 = 5;
/** ts_slptime up to which a sleeper's CPU use decays at the end of a second, and not when it wakes. */
const SLEPT_DECAYED: u32 = 1;

/** Number of run queues of a machine. */
export function bsd4_queues(ncpus: u32): u32 {
  return ncpus + 1;
}

/** Sets the tunables to FreeBSD's defaults. */
export function bsd4_init(m: Machine): void {
  m.bsd4_fuzz = 1;
  m.bsd4_forward = 1;
}

// ---- Queues ----

/** This CPU's queue. */
export function bsd4_queue_of(gd: GlobalData): u32 {
  return gd.gd_cpuid + 1;
}

/** Puts a thread on this CPU's queue. */
export function bsd4_add(gd: GlobalData, td: Thread): void {
  const ts = td_sched(td);
  if ((ts.ts_flags & TSF_SLEPT) != 0) woken(td);
  let head = false;
  if (td == gd.gd_curthread) {
    head = (gd.gd_flags & (GDF_INVOL | GDF_SLICEEND)) == GDF_INVOL;
    if (head && machine().ncpus != 1) ts.ts_flags |= TSF_HEAD;
  }
  prioq_add(bsd4_queue_of(gd), level_of(td), td, head);
  gd.gd_nrunnable++;
  sched_arrived(gd, td);
}

/** Takes a queued thread off its queue. */
export function bsd4_rem(td: Thread): void {
  const queue: u32 = td_sched(td).ts_queue;
  if (queue != GLOBAL + 1) globaldata(queue - 2).gd_nrunnable--;
  td_sched(td).ts_flags &= ~TSF_HEAD;
  sched_dequeue(td);
}

/** True for a thread on the machine's queue, which every CPU takes threads from. */
export function bsd4_shares(td: Thread): bool {
  return td_sched(td).ts_queue == GLOBAL + 1;
}

/** A queued thread's level has changed: it goes to the tail of its new one. */
export function bsd4_requeue(td: Thread): void {
  const queue: u32 = <u32>td_sched(td).ts_queue - 1;
  prioq_remove(td);
  prioq_add(queue, level_of(td), td, false);
}

/** True if this CPU has a thread to run. */
export function bsd4_runnable(gd: GlobalData): bool {
  return gd.gd_nrunnable != 0 || (machine().ncpus != 1 && prioq_count(GLOBAL) != 0);
}

/** Takes the best thread that this CPU may run, or its idle thread. */
export function bsd4_choose(gd: GlobalData): Thread {
  const own = bsd4_queue_of(gd);
  const level = prioq_first(own);
  const m = machine();
  if (m.ncpus != 1) {
    const shared = prioq_first(GLOBAL);
    if (shared < level || (shared == level && level != NO_LEVEL && !keeps_turn(own, level))) {
      const td =
        m.bsd4_fuzz > 1 ? take_fuzzily(gd, m.bsd4_fuzz, shared) : prioq_take(GLOBAL, shared);
      sched_departed(td); // its priority may have improved in this round
      td.td_cpu = <u8>gd.gd_cpuid;
      td_sched(td).ts_flags &= ~TSF_HEAD;
      return td;
    }
  }
  if (level == NO_LEVEL) return gd.gd_idletd;
  const td = prioq_take(own, level);
  gd.gd_nrunnable--;
  const ts = td_sched(td);
  if (ts.ts_flags != 0) {
    sched_departed(td);
    ts.ts_flags &= ~(TSF_HEAD | TSF_MOVED);
  }
  return td;
}

/** runq_choose_fuzz: takes the thread that ran here last, if it is among the first `fuzz` of its level. */
function take_fuzzily(gd: GlobalData, fuzz: u32, level: u32): Thread {
  if (level == LEVEL_DEADLINE) return prioq_take(GLOBAL, level);
  let td = prioq_peek(GLOBAL, level);
  for (let left = fuzz; left != 0 && is_td(td) && <u32>td_sched(td).ts_level == level; left--) {
    if (<u32>td.td_cpu == gd.gd_cpuid) {
      prioq_remove(td);
      return td;
    }
    td = prioq_next(GLOBAL, 0, td);
  }
  return prioq_take(GLOBAL, level);
}

/**
 * True if a level of this CPU's queue comes before that of the machine's queue: its first thread has the earlier
 * deadline or, where neither has one, lost the CPU within its slice.
 */
function keeps_turn(queue: u32, level: u32): bool {
  const first = prioq_best(queue, level);
  if (level == LEVEL_DEADLINE) {
    const other = prioq_best(GLOBAL, level);
    if (dl_before(first, other)) return true;
    if (dl_before(other, first)) return false;
  }
  return (td_sched(first).ts_flags & TSF_HEAD) != 0;
}

// ---- Between two rounds ----

/** Places a thread that was made runnable in the round that is over. */
export function bsd4_place(m: Machine, td: Thread): void {
  const ts = td_sched(td);
  const cpu: u32 = td.td_cpu;
  const allowed = allowed_cpus(m, td);
  if (allowed == all_cpus(m) && (ts.ts_flags & TSF_MOVED) == 0) {
    const head = (ts.ts_flags & TSF_HEAD) != 0;
    bsd4_rem(td);
    prioq_add(GLOBAL, level_of(td), td, head);
    bsd4_interrupt(m, td);
    return;
  }
  sched_departed(td);
  const best = (ts.ts_flags & TSF_MOVED) != 0 ? cpu : shortest(m, allowed, cpu);
  if (best != cpu) {
    bsd4_rem(td);
    td.td_cpu = <u8>best;
    prioq_add(best + 1, level_of(td), td, false);
    globaldata(best).gd_nrunnable++;
  }
  bsd4_interrupt(m, td);
}

/** The CPU of a set with the fewest threads in its own queue; of equals, the thread's last one. */
function shortest(m: Machine, allowed: u64, last: u32): u32 {
  let best = last;
  for (let cpus = allowed; cpus != 0; cpus &= cpus - 1) {
    const cpu = <u32>ctz<u64>(cpus);
    const shorter = load_of(cpu) < load_of(best);
    if ((allowed & cpu_bit(best)) == 0 || shorter) best = cpu;
  }
  return best;
}

/** Threads in a CPU's own queue, plus the running one. */
function load_of(cpu: u32): u32 {
  const gd = globaldata(cpu);
  return <u32>gd.gd_nrunnable + (gd.gd_curthread != gd.gd_idletd ? 1 : 0);
}

/** Makes a CPU that may take a queued thread look: the one whose queue it is on, or any. */
export function bsd4_interrupt(m: Machine, td: Thread): void {
  const queue: u32 = td_sched(td).ts_queue;
  const shared = queue == GLOBAL + 1;
  interrupt(m, td, shared ? all_cpus(m) : cpu_bit(queue - 2), shared && m.ncpus != 1);
}

/** forward_wakeup: counts that an idle CPU was told of a thread that every CPU may take. */
function forwarded(m: Machine): void {
  m.bsd4_requested++;
  m.bsd4_delivered++;
}

/**
 * Interrupts one of a set of CPUs for a queued thread: an idle one, or the worst. `forwards`: all CPUs may
 * take it.
 */
function interrupt(m: Machine, td: Thread, cpus: u64, forwards: bool): void {
  const untold = planted(Plant.SCORE_IDLE_UNTOLD) || (forwards && m.bsd4_forward == 0);
  const idle = untold ? <u64>0 : m.sched_idle & cpus;
  if (idle != 0) {
    if (forwards) forwarded(m);
    const own = idle & cpu_bit(td.td_cpu);
    kick_cpu(m, <u32>ctz<u64>(own != 0 ? own : idle));
    return;
  }
  if (m.preemption == 0) return;
  if (has_deadline(td)) {
    if (sched_better(td, globaldata(td.td_cpu).gd_curthread)) kick_cpu(m, td.td_cpu);
    return;
  }
  const rank = rank_of(td);
  let worst: u32 = rank;
  let at: u32 = 0;
  for (let left = cpus; left != 0; left &= left - 1) {
    const cpu = <u32>ctz<u64>(left);
    const gd = globaldata(cpu);
    if ((gd.gd_flags & GDF_RESCHED) != 0 || gd.gd_curthread == gd.gd_idletd) continue;
    const other = rank_of(gd.gd_curthread);
    if (other < worst || (other == worst && (other == rank || cpu != td.td_cpu))) continue;
    worst = other;
    at = cpu;
  }
  if (worst != rank) kick_cpu(m, at);
  else if (rank == LEVEL_DEADLINE) interrupt_later(m, td, cpus);
}

/** All of a set of CPUs run threads of the deadlines' level: interrupts the one with the latest deadline. */
function interrupt_later(m: Machine, td: Thread, cpus: u64): void {
  let latest = td;
  for (let left = cpus; left != 0; left &= left - 1) {
    const cur = globaldata(<u32>ctz<u64>(left)).gd_curthread;
    if (rank_of(cur) == LEVEL_DEADLINE && dl_before(latest, cur)) latest = cur;
  }
  if (latest != td) kick_cpu(m, latest.td_cpu);
}

/**
 * Makes idle CPUs look at the machine's queue, one for each thread there: a CPU that a thread has interrupted
 * may have found a better one.
 */
export function bsd4_boundary(m: Machine): void {
  const told = popcnt<u64>(idle_cpus(m) & ~m.sched_idle);
  let waiting = <i64>prioq_count(GLOBAL) - <i64>told;
  if (planted(Plant.IDLE_LEFT)) return;
  for (; waiting > 0 && m.sched_idle != 0; waiting--) kick_cpu(m, <u32>ctz<u64>(m.sched_idle));
}

// ---- Time ----

/** Statistics clock ticks that make a time-sharing thread's priority worse by one. */
function weight(m: Machine): u32 {
  return ESTCPU_WEIGHT * m.ncpus;
}

/** Charges the running thread for `ticks` of the scheduler's clock and `stats` of the statistics clock. */
export function bsd4_clock(gd: GlobalData, td: Thread, ticks: u32, stats: u32): void {
  const m = machine();
  const ts = td_sched(td);
  if (stats != 0) {
    const before = ts.ts_estcpu / weight(m);
    ts.ts_estcpu = limited(m, ts.ts_estcpu + stats);
    if (ts.ts_estcpu / weight(m) != before) bsd4_resetpriority(td);
  }
  if (m.sched_slice == 0 || ts.ts_policy == <u8>Policy.FIFO || has_deadline(td)) return;
  const left = ts.ts_slice == 0 ? m.sched_slice : ts.ts_slice; // 0 = a whole one
  if (left > ticks) {
    ts.ts_slice = left - ticks;
    return;
  }
  ts.ts_slice = 0;
  gd.gd_flags |= GDF_RESCHED | GDF_SLICEEND;
}

/** ESTCPULIM: the upper bound of estcpu. */
function limited(m: Machine, estcpu: u32): u32 {
  if (planted(Plant.SCORE_NO_LIMIT)) return estcpu;
  const priorities = ESTCPU_RANGE - (256 - m.rq_mask);
  return min<u32>(estcpu, weight(m) * priorities + weight(m) - 1);
}

/** resetpriority: computes a time-sharing thread's priority from its CPU use and nice value. */
export function bsd4_resetpriority(td: Thread): void {
  if (!is_timeshare(td)) return;
  const ts = td_sched(td);
  const used = ts.ts_estcpu / weight(machine());
  const nice = planted(Plant.SCORE_NICE_LOST) ? 0 : <i32>ts.ts_nice;
  const pri = <u32>PRI_MIN_TIMESHARE + used + <u32>(nice - NICE_MIN);
  if (!sched_own_priority(td, min<u32>(pri, PRI_MAX_TIMESHARE))) return;
  if (ts.ts_queue != 0 && <u32>ts.ts_level != level_of(td)) bsd4_requeue(td);
}

/** decay_cpu: estcpu after a second's decay with a load average. */
function decayed(average: u32, estcpu: u32): u32 {
  const load = <u64>2 * average;
  return <u32>((load * estcpu) / (load + FSCALE));
}

/** updatepri: decays a thread's use for the seconds that it slept, unless there were none after the first. */
function update_use(m: Machine, ts: ThreadSched): void {
  const slept = ts.ts_slept;
  if (slept <= SLEPT_DECAYED || planted(Plant.SCORE_SLEEPER)) return;
  if (<u64>slept > <u64>10 * m.sched_ldavg) ts.ts_estcpu = 0; // 5 * loadfac, as in the original
  for (let left = slept - SLEPT_DECAYED - 1; left != 0 && ts.ts_estcpu != 0; left--) {
    ts.ts_estcpu = decayed(m.sched_ldavg, ts.ts_estcpu);
  }
}

/** A thread wakes up: decays its use for the seconds that it slept, and gives it a whole slice. */
function woken(td: Thread): void {
  const ts = td_sched(td);
  ts.ts_flags &= ~TSF_SLEPT;
  ts.ts_slice = 0;
  if (ts.ts_slept > SLEPT_DECAYED) {
    update_use(machine(), ts);
    bsd4_resetpriority(td);
  }
  ts.ts_slept = 0;
}

/**
 * schedcpu: `seconds` have passed; there was no runnable thread in all but the last of them. The use of sleepers decays
 * at two of these ends of seconds at most, each with the load average of its time.
 */
export function bsd4_second(m: Machine, seconds: u32): void {
  load_average(m, 1);
  const first = m.sched_ldavg;
  if (seconds > 1) load_average(m, 1);
  const second = m.sched_ldavg;
  if (seconds > 2) load_average(m, seconds - 2);
  for (let i: u32 = 1; i < m.zone_next; i++) {
    const td = td_at(i);
    const state = <i32>td.td_state;
    if (state == TDS.INACTIVE) continue;
    const ts = td_sched(td);
    const ran = <u32>ts.ts_slptick != td.td_nvcsw;
    ts.ts_slptick = <i32>td.td_nvcsw;
    const before = ts.ts_estcpu;
    const is_awake = state == TDS.RUNQ || state == TDS.RUNNING || planted(Plant.SCORE_SECOND);
    if (is_awake) awake_second(m, ts, m.sched_ldavg);
    else {
      if (ran) awake_second(m, ts, first);
      else asleep_second(ts, first);
      if (seconds > 1) asleep_second(ts, second);
      if (seconds > 2) ts.ts_slept += seconds - 2;
    }
    if (ts.ts_estcpu != before) bsd4_resetpriority(td);
  }
}

/**
 * At the end of a second in which a thread ran: it was waiting for a lock if it has slept before, since it is woken
 * from a sleep by sched_wakeup.
 */
function awake_second(m: Machine, ts: ThreadSched, load: u32): void {
  if (!planted(Plant.SCORE_LOCK_SLEPT)) {
    update_use(m, ts);
    ts.ts_slept = 0;
  }
  ts.ts_estcpu = decayed(load, ts.ts_estcpu);
}

/** At the end of a second in which a thread did not run. */
function asleep_second(ts: ThreadSched, load: u32): void {
  ts.ts_slept++;
  if (ts.ts_slept <= SLEPT_DECAYED) ts.ts_estcpu = decayed(load, ts.ts_estcpu);
}

/** loadav: every five seconds, from the threads that are running or runnable. */
function load_average(m: Machine, seconds: u32): void {
  m.sched_seconds += seconds;
  let running: u32 = popcnt<u64>(~idle_cpus(m) & all_cpus(m)) as u32;
  let waiting: u32 = m.ncpus != 1 ? prioq_count(GLOBAL) : 0;
  for (let cpu: u32 = 0; cpu < m.ncpus; cpu++) waiting += <u32>globaldata(cpu).gd_nrunnable;
  if (!planted(Plant.SCORE_LOAD)) running += waiting;
  const most: u32 = 20; // after 100 seconds nothing is left of the old value
  for (let i: u32 = 0; m.sched_seconds >= LOAD_SECONDS && i < most; i++) {
    m.sched_seconds -= LOAD_SECONDS;
    const now = <u64>running * FSCALE * (FSCALE - LOAD_DECAY);
    m.sched_ldavg = <u32>((<u64>LOAD_DECAY * m.sched_ldavg + now) >> FSHIFT);
  }
  m.sched_seconds %= LOAD_SECONDS;
}

// ---- Threads ----

/** A new thread has its creator's CPU use, and one tick before its equals get their turns. */
export function bsd4_fork(child: Thread, maker: Thread): void {
  const ts = td_sched(child);
  ts.ts_estcpu = td_sched(maker).ts_estcpu;
  ts.ts_slice = planted(Plant.SCORE_FORK_SLICE) ? 0 : 1;
}

/** The creator of a thread is charged for its CPU use. */
export function bsd4_exit(heir: Thread, td: Thread): void {
  if (planted(Plant.SCORE_EXIT_FREE)) return;
  const ts = td_sched(heir);
  ts.ts_estcpu = limited(machine(), ts.ts_estcpu + td_sched(td).ts_estcpu);
}
