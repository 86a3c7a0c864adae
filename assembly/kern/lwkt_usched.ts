// The scheduler of user threads on top of LWKT, after DragonFly's usched_dfly.c.
//
// A thread with a policy is a user thread, which this scheduler gives CPU time; all others are kernel threads
// with the fixed priorities of LWKT. Each CPU has one slot. Its holder is the only user thread on LWKT's run
// queue: at level 6, at the level of its priority if it is real-time, at 3 if it is SCHED_IDLE. The other
// runnable ones wait in the CPU's user queue: real-time threads by their 99 priorities, then 32 queues for
// time-sharing, then idle ones. All of them count as being on the run queue (TDL_RUNQ); this file decides
// which one LWKT sees.
//
// The priority of a time-sharing thread is 88 + (2 (nice + 20) + estcpu / 128) 128 / 208; four priorities
// share a queue. estcpu, 0 to 16384, grows with each tick of the statistics clock that the thread runs, the
// faster the more threads wait: a fair share keeps it at three quarters. A third of it decays each second.
// Half of it counts for a thread that uses less than half of a fair share; all of it, within half a minute,
// for one that uses more, and for SCHED_BATCH. A new thread starts with its creator's and a little more, and
// the creator is charged, too.
//
// A slice is kern.sched.quantum; after it the thread goes behind its equals. A thread that is better by a
// queue takes the slot at once, and the one that loses it that way goes in front of its equals. A thread that
// borrows a priority, or waits for a token, is treated as in the kernel: before all time-sharing threads.
//
// Between two rounds threads that became runnable, or whose slice is over, go to the CPU with the least load,
// or stay on their own if its load is worse by no more than a queue. The load is the sum of the priorities,
// so that threads that have used much weigh more. A CPU whose slot a thread of a better class has (real time,
// time-sharing, idle) counts only if there is no other, and once a second the threads that wait on such a CPU
// are placed anew: they would wait for as long as that thread computes. Real-time threads go where the slot's
// holder is the worst, and by load only among equals; once a second those that wait are placed anew if they
// would run elsewhere, or have a better thread before them and not elsewhere. Then idle CPUs pull the best
// thread from the CPU with the highest load.
//
// Rejected: updating the accounts whenever a thread returns from the kernel, as dfly_recalculate_estcpu does.
// The decay then depends on how often that happens; five equal threads were 8 % apart after 40 seconds.
//
// Rejected: all user threads on LWKT's run queue, by level. Real-time priorities were three levels, nice
// values were ranks that starved each other, and a thread stayed on its first CPU while other CPUs had
// nothing to do.
import { ChunkList, list_first_slot, SLOT_SIZE } from "../sys/chunklist";
import {
  GDF_INVOL,
  GDF_RESCHED,
  GDF_SLICEEND,
  GDF_USERS,
  GlobalData,
  globaldata,
} from "../sys/globaldata";
import { Machine, machine, Sched } from "../sys/machine";
import { PRI_MAX_TIMESHARE, PRI_MIN_IDLE, PRI_MIN_TIMESHARE, PUSER, STATHZ } from "../sys/param";
import { Plant, planted } from "../sys/plant";
import {
  LEVEL_DEADLINE,
  NO_LEVEL,
  prio_level,
  prioq_add,
  prioq_best,
  prioq_count,
  prioq_first,
  prioq_level,
  prioq_next,
  prioq_remove,
  prioq_take,
} from "../sys/prioq";
import {
  TDF_USER,
  TDL_INTR,
  TDL_PREEMPT_LOCK,
  TDL_RUNQ,
  TDPRI_CRIT,
  TDPRI_MASK,
  TDS,
  Thread,
} from "../sys/proc";
import { lwkt_level, runq_append, runq_remove } from "../sys/runq";
import {
  NICE_MIN,
  Policy,
  SchedCpu,
  sched_cpu,
  ThreadSched,
  TSF_ARRIVED,
  TSF_ENDED,
  TSF_MOVED,
  td_sched,
} from "../sys/sched";
import { cold, is_td, no_td, td_at } from "../sys/thread";
import { stats_due } from "./kern_stats";
import { ipi_follow } from "./lwkt_ipiq";
import { _lwkt_dequeue, _lwkt_enqueue } from "./lwkt_thread";
import { waits_for_token } from "./lwkt_token";
import { lwkt_level_of } from "./sched";
import { dl_before } from "./sched_deadline";
import { allowed_cpus, kick_cpu, sched_arrived, sched_departed } from "./sched_place";
import { is_timeshare, policy_clear, policy_priority, policy_set } from "./sched_policy";
import { sched_own_priority, turnstile_adjust, turnstile_priority } from "./subr_turnstile";

/** LWKT levels of the slot's holder: TDPRI_USER_NORM, and that of FreeBSD's idle priorities. */
const LEVEL_NORM: i32 = 6;
const LEVEL_IDLE: i32 = 3;

/** PPQ: priorities per queue; NICE_STEPS and MAXPRI: the ranges of nice values and priorities. */
const PPQ: u32 = 4;
const MAXPRI: u32 = 128;
const NICE_WEIGHT: u32 = 2;
const NICE_STEPS: u32 = 40 * NICE_WEIGHT;

/**
 * ESTCPUMAX, and the part of it that is one queue. What a tick adds when no thread waits: 127 a second, of
 * which a third decays, average 2.5 seconds' worth. After 30 seconds above half a fair share a thread counts
 * as batch.
 */
const ESTCPU_PER_QUEUE: u32 = 512;
const ESTCPU_MAX: u32 = ESTCPU_PER_QUEUE * 32;
const ESTCPU_TICK: u32 = 39;
const BATCH_MAX: u32 = STATHZ * 30;
/** After a second, DECAY / (DECAY + 1) of estcpu remains. */
const DECAY: u32 = 2;

// ---- Rank ----

/** True for a thread that is treated as in the kernel: it borrows a priority, or a token is kept for it. */
function in_kernel(td: Thread): bool {
  const c = cold(td);
  return c.td_priority < c.td_base_pri || waits_for_token(td);
}

/** The level of the user queue for a thread: the smaller runs first. */
function queue_of(td: Thread): u32 {
  const pri: u32 = cold(td).td_priority;
  if (in_kernel(td)) return prio_level(0, min<u32>(pri, <u32>PUSER - 1));
  return prio_level(td_sched(td).ts_rt, pri & ~(PPQ - 1));
}

/** The LWKT level of a thread while it holds the slot. */
function level_for(td: Thread): i32 {
  const c = cold(td);
  const pri: u32 = c.td_priority;
  if (pri < <u32>PUSER || pri < <u32>c.td_base_pri) return max<i32>(LEVEL_NORM, lwkt_level_of(pri));
  return pri >= <u32>PRI_MIN_IDLE ? LEVEL_IDLE : LEVEL_NORM;
}

/** The best priority of a thread's class: real time, time-sharing or idle. */
function class_of(td: Thread): u32 {
  const pri = <i32>cold(td).td_base_pri;
  return pri >= PRI_MIN_IDLE ? PRI_MIN_IDLE : pri >= PUSER ? PUSER : 0;
}

/** What a thread adds to its CPU's load: the more, the worse its priority within its class. */
function load_for(td: Thread): u32 {
  return PPQ + ((<u32>cold(td).td_base_pri - class_of(td)) & ~(PPQ - 1));
}

/** Where a thread stands among user threads of other classes, and if it is real-time among those, too. */
function standing_of(td: Thread): u32 {
  const best = class_of(td);
  return best == 0 ? prio_level(td_sched(td).ts_rt, cold(td).td_base_pri) : prio_level(0, best);
}

/**
 * How good a CPU is for `td`, by the holder of its slot: 0 if `td` does not run there for as long as that
 * computes. For a real-time thread the CPU is the better, the worse its holder is.
 */
function chance_on(cpu: u32, td: Thread): u32 {
  const is_real = class_of(td) == 0 && !planted(Plant.USER_REAL_LOAD);
  let holder = sched_cpu(cpu).sc_holder;
  if (is_real && holder == td) holder = first_waiting(cpu); // the one that it took the slot from
  if (!is_td(holder)) return is_real ? u32.MAX_VALUE : 1;
  const standing = standing_of(holder);
  const is_better = is_real ? standing < standing_of(td) : class_of(holder) < class_of(td);
  if (is_better && !planted(Plant.USER_SHUT_OUT)) return 0;
  return is_real ? standing : 1;
}

/**
 * True if `td` takes the slot from `holder`: better by a queue, and not a batch thread among time-sharing ones.
 */
function takes_slot(td: Thread, holder: Thread): bool {
  const queue = queue_of(td);
  const other = queue_of(holder);
  if (queue == LEVEL_DEADLINE && other == queue) return dl_before(td, holder);
  if (queue >= other) return false;
  return td_sched(td).ts_policy != <u8>Policy.BATCH || in_kernel(td) || !is_timeshare(holder);
}

/**
 * True if `td` takes the CPU from user thread `cur` now, rather than at the boundary, when an idle CPU will
 * take it.
 */
export function user_better(td: Thread, cur: Thread): bool {
  return machine().sched_idle == 0 && takes_slot(td, cur);
}

/**
 * True if a waiting thread that the host has made runnable takes the slot, on a machine with one CPU; with
 * several CPUs that is decided at the boundary.
 */
export function user_asks(gd: GlobalData, td: Thread): bool {
  return machine().ncpus == 1 && user_better(td, sched_cpu(gd.gd_cpuid).sc_holder);
}

/** True for the user thread that LWKT sees on a CPU: the holder of its slot. */
export function user_holds(gd: GlobalData, td: Thread): bool {
  return sched_cpu(gd.gd_cpuid).sc_holder == td;
}

// ---- The slot and the queue ----

/** Gives the free slot to a thread, which LWKT then sees at its level. */
function hold(gd: GlobalData, sc: SchedCpu, td: Thread): void {
  const level = level_for(td);
  sc.sc_holder = td;
  td.td_pri = (td.td_pri & ~TDPRI_MASK) + level;
  runq_append(lwkt_level(gd, level), td);
  gd.gd_runqmask |= 1 << level;
}

/** Takes the slot from its holder. */
function release(gd: GlobalData, sc: SchedCpu): void {
  const td = sc.sc_holder;
  sc.sc_holder = no_td();
  runq_remove(lwkt_level(gd, td.td_pri & TDPRI_MASK), td);
}

/** Puts a thread on the user queue, behind its equals or in front of them. */
function wait(gd: GlobalData, td: Thread, first: bool): void {
  prioq_add(gd.gd_cpuid, queue_of(td), td, first);
  gd.gd_flags |= GDF_USERS;
}

/** The best waiting thread; null if there is none. */
function first_waiting(cpu: u32): Thread {
  const level = prioq_first(cpu);
  return level == NO_LEVEL ? no_td() : prioq_best(cpu, level);
}

/** Gives the free slot to the best waiting thread. */
function select(gd: GlobalData, sc: SchedCpu): void {
  const cpu = gd.gd_cpuid;
  const level = prioq_first(cpu);
  if (level == NO_LEVEL) return;
  const td = prioq_take(cpu, level);
  if (prioq_count(cpu) == 0) gd.gd_flags &= ~GDF_USERS;
  hold(gd, sc, td);
}

/** The holder loses the slot to the best waiting thread. */
function pass(gd: GlobalData, sc: SchedCpu, first: bool): void {
  const td = sc.sc_holder;
  release(gd, sc);
  select(gd, sc);
  wait(gd, td, first);
}

/** True for a holder that is not running and was not preempted: it can lose the slot at once. */
function is_still(td: Thread): bool {
  return td.td_state != <u8>TDS.RUNNING && (td.td_lwflags & TDL_PREEMPT_LOCK) == 0;
}

/**
 * If the best waiting thread is better than the holder it gets the slot, or requests it if the holder is running.
 */
function settle(gd: GlobalData, sc: SchedCpu): void {
  if ((gd.gd_flags & GDF_USERS) == 0) return;
  const holder = sc.sc_holder;
  if (!takes_slot(first_waiting(gd.gd_cpuid), holder)) return;
  if (planted(Plant.USER_SLOT_KEPT)) return;
  if (is_still(holder)) pass(gd, sc, true);
  else if (machine().preemption != 0) gd.gd_flags |= GDF_RESCHED;
}

function weigh(sc: SchedCpu, ts: ThreadSched, load: u32): void {
  sc.sc_load += load - <u32>ts.ts_load;
  ts.ts_load = <u16>load;
}

/** A user thread of this CPU has become runnable. */
export function user_enqueue(gd: GlobalData, td: Thread): void {
  if (td != gd.gd_curthread) reckon(gd, td);
  place_on(gd, td);
  sched_arrived(gd, td);
}

/** Puts a thread into a CPU's slot or on its user queue. */
function place_on(gd: GlobalData, td: Thread): void {
  const sc = sched_cpu(gd.gd_cpuid);
  weigh(sc, td_sched(td), load_for(td));
  if (!is_td(sc.sc_holder)) {
    hold(gd, sc, td);
    return;
  }
  wait(gd, td, false);
  const holder = sc.sc_holder;
  if (planted(Plant.USER_SLOT_KEPT)) return;
  if (is_still(holder) && takes_slot(td, holder)) pass(gd, sc, true);
}

/** A user thread of this CPU is no longer runnable. */
export function user_dequeue(gd: GlobalData, td: Thread): void {
  const cpu = gd.gd_cpuid;
  const sc = sched_cpu(cpu);
  const ts = td_sched(td);
  sched_departed(td);
  ts.ts_flags &= ~(TSF_ENDED | TSF_MOVED);
  if (planted(Plant.USER_LOAD_STAYS)) ts.ts_load = 0;
  else weigh(sc, ts, 0);
  if (sc.sc_holder == td) {
    release(gd, sc);
    select(gd, sc);
    return;
  }
  prioq_remove(td);
  if (prioq_count(cpu) == 0) gd.gd_flags &= ~GDF_USERS;
  else if (ts.ts_policy == <u8>Policy.BATCH) settle(gd, sc); // it may have stood in front of one that takes the slot
}

/** A user thread's priority has changed: updates its level, or its place in the queue. */
export function user_requeue(gd: GlobalData, td: Thread): void {
  const sc = sched_cpu(gd.gd_cpuid);
  const ts = td_sched(td);
  if (sc.sc_holder != td && ts.ts_queue == 0) return; // it is not on this CPU's queue, or not yet
  weigh(sc, ts, load_for(td));
  if (sc.sc_holder != td) {
    const level = queue_of(td);
    if (<u32>ts.ts_level == level || planted(Plant.USER_LEVEL_STALE)) return;
    prioq_remove(td);
    prioq_add(gd.gd_cpuid, level, td, false);
  } else if ((td.td_pri & TDPRI_MASK) != level_for(td)) {
    release(gd, sc);
    hold(gd, sc, td);
  }
  settle(gd, sc);
}

/** True if a holder that yields, or whose slice is over, comes before the best waiting thread. */
function goes_on(td: Thread, next: Thread): bool {
  const queue = queue_of(td);
  const other = queue_of(next);
  return other > queue || (other == queue && queue == LEVEL_DEADLINE && dl_before(td, next));
}

/** A user thread's lent deadline has changed: the slot may be another thread's. */
export function user_until_changed(gd: GlobalData, td: Thread): void {
  const sc = sched_cpu(gd.gd_cpuid);
  if (sc.sc_holder == td || td_sched(td).ts_queue != 0) settle(gd, sc);
}

/** The current thread, a user thread, calls lwkt_switch: its slot may go to another one. */
export function user_switch(gd: GlobalData, td: Thread): void {
  const flags = gd.gd_flags;
  gd.gd_flags = flags & ~GDF_SLICEEND;
  const sc = sched_cpu(gd.gd_cpuid);
  if ((flags & GDF_USERS) == 0 || sc.sc_holder != td) return;
  const ended = (flags & GDF_SLICEEND) != 0;
  const next = first_waiting(gd.gd_cpuid);
  const lost = !ended && (flags & GDF_INVOL) != 0;
  if (lost ? !takes_slot(next, td) : goes_on(td, next)) return;
  pass(gd, sc, lost && !planted(Plant.USER_LOSES_TURN));
  const ts = td_sched(td);
  ts.ts_flags &= ~TSF_MOVED; // it has run where it was put
  if (!ended) return;
  ts.ts_flags |= TSF_ENDED;
  sched_arrived(gd, td);
}

/**
 * Puts the holder, which is running and yields, at the tail of its level of the user queue, where it takes
 * turns with its equals (kern/sched_turn.ts). Returns null, with nothing changed, if the next thread is not
 * the first of these.
 */
export function user_turns_begin(gd: GlobalData, td: Thread): ChunkList | null {
  const cpu = gd.gd_cpuid;
  if (sched_cpu(cpu).sc_holder != td || !is_timeshare(td) || in_kernel(td)) return null;
  const queue = queue_of(td);
  const level = td.td_pri & TDPRI_MASK;
  if (prioq_first(cpu) != queue || level != LEVEL_NORM) return null;
  if (31 - <i32>clz<u32>(gd.gd_runqmask) != level) return null;
  const own = lwkt_level(gd, level);
  if (list_first_slot(own) == 0 || own.tail - own.head != SLOT_SIZE) return null; // there are kernel threads, too
  runq_remove(own, td);
  const list = prioq_level(cpu, queue);
  runq_append(list, td);
  const ts = td_sched(td);
  ts.ts_level = <u16>queue;
  ts.ts_queue = <u8>(cpu + 1);
  return list;
}

/** The threads in these slots have held the slot in turn. */
export function user_turned(from: usize, to: usize): void {
  for (let slot = from; slot < to; slot += SLOT_SIZE) {
    const td = changetype<Thread>(load<usize>(slot));
    td.td_pri = (td.td_pri & ~TDPRI_MASK) + LEVEL_NORM;
  }
}

/** Ends such turns: `td` is running and holds the slot. */
export function user_turns_end(gd: GlobalData, list: ChunkList, td: Thread): void {
  runq_remove(list, td);
  td_sched(td).ts_queue = 0;
  hold(gd, sched_cpu(gd.gd_cpuid), td);
}

// ---- CPU use ----

function limited(estcpu: u32): u32 {
  return min<u32>(estcpu, ESTCPU_MAX);
}

/** Number of CPUs plus waiting threads here; divided by the CPUs, how many threads compete for one. */
function crowd(gd: GlobalData): u32 {
  return machine().ncpus + prioq_count(gd.gd_cpuid);
}

/** dfly_recalculate_estcpu: updates a thread's account for the seconds since the last time. */
function reckon(gd: GlobalData, td: Thread): void {
  const m = machine();
  const ts = td_sched(td);
  const seconds = m.users_seconds - <u32>ts.ts_ltick;
  if (seconds == 0) return;
  ts.ts_ltick = <i32>m.users_seconds;
  const ran = <u64>ts.ts_ticks * crowd(gd) * 2;
  ts.ts_ticks = 0;
  const ticks = min<u32>(seconds, 30) * STATHZ;
  if (ran > <u64>ticks * m.ncpus) ts.ts_batch = <u16>min<u32>(ts.ts_batch + ticks, BATCH_MAX);
  else ts.ts_batch -= <u16>min<u32>(ts.ts_batch, ticks);
  for (let i = seconds; i != 0 && ts.ts_estcpu != 0; i--) {
    ts.ts_estcpu = (ts.ts_estcpu * DECAY) / (DECAY + 1);
  }
  reset_priority(gd, td);
}

/** dfly_resetpriority: computes a time-sharing thread's priority from its CPU use and nice value. */
function reset_priority(gd: GlobalData, td: Thread): void {
  if (!is_timeshare(td)) return;
  const ts = td_sched(td);
  const batch = ts.ts_policy == <u8>Policy.BATCH ? BATCH_MAX : <u32>ts.ts_batch;
  const estcpu = (ts.ts_estcpu * (batch + BATCH_MAX)) / (2 * BATCH_MAX);
  const sum = <u32>(<i32>ts.ts_nice - NICE_MIN) * NICE_WEIGHT + (estcpu * PPQ) / ESTCPU_PER_QUEUE;
  const pri = <u32>PRI_MIN_TIMESHARE + (sum * MAXPRI) / (NICE_STEPS + MAXPRI);
  sched_own_priority(td, min<u32>(pri, PRI_MAX_TIMESHARE));
  user_requeue(gd, td); // its own priority counts, whatever it borrows
}

/** Charges the running thread for `ticks` of the scheduler's clock and `stats` of the statistics clock. */
export function user_clock(gd: GlobalData, td: Thread, ticks: u32, stats: u32): void {
  const m = machine();
  const ts = td_sched(td);
  if (stats != 0) {
    ts.ts_ticks += stats;
    const used = (min<u32>(stats, STATHZ) * ESTCPU_TICK * crowd(gd)) / m.ncpus;
    ts.ts_estcpu = limited(ts.ts_estcpu + used);
    reset_priority(gd, td);
  }
  if (m.sched_slice == 0 || ts.ts_policy == <u8>Policy.FIFO) return;
  ts.ts_slice += ticks;
  if (ts.ts_slice < m.sched_slice) return;
  ts.ts_slice = 0;
  gd.gd_flags |= GDF_RESCHED | GDF_SLICEEND;
}

/** Once a second: updates the accounts of all running and waiting threads. */
export function user_second(m: Machine, seconds: u32): void {
  m.users_seconds += seconds;
  if (planted(Plant.USER_NO_ACCOUNT)) return;
  for (let i: u32 = 1; i < m.zone_next; i++) {
    const td = td_at(i);
    if ((td.td_flags & TDF_USER) == 0 || (td.td_lwflags & TDL_RUNQ) == 0) continue;
    reckon(globaldata(td.td_cpu), td);
  }
  if (m.ncpus != 1) release_shut_out(m);
}

/** Threads that do not get their CPU, and would run elsewhere, are placed anew. */
function release_shut_out(m: Machine): void {
  if (!is_waiting(m) || planted(Plant.USER_SHUT_IN)) return;
  for (let i: u32 = 1; i < m.zone_next; i++) {
    const td = td_at(i);
    if ((td.td_flags & TDF_USER) == 0 || (td.td_lwflags & TDL_RUNQ) == 0) continue;
    if ((td_sched(td).ts_flags & TSF_ARRIVED) != 0 || !can_move(td)) continue;
    if (is_better_elsewhere(m, td)) sched_arrived(globaldata(td.td_cpu), td);
  }
}

/** True if `td` is shut out of its CPU and not of another one, or if it is real-time and would run there at once. */
function is_better_elsewhere(m: Machine, td: Thread): bool {
  const here = chance_on(td.td_cpu, td);
  const is_real = class_of(td) == 0;
  if (here != 0 && !is_real) return false;
  const wanted = is_real ? standing_of(td) : u32.MAX_VALUE;
  const allowed = allowed_cpus(m, td);
  for (let cpu: u32 = 0; cpu < m.ncpus; cpu++) {
    if (((allowed >> cpu) & 1) == 0) continue;
    const there = chance_on(cpu, td);
    if (there > here && (here == 0 || there > wanted)) return true;
  }
  return false;
}

// ---- Between two rounds ----

/** Places a thread that became runnable in the round that is over, or whose slice has ended. */
export function user_place(m: Machine, td: Thread): void {
  const ts = td_sched(td);
  const cpu: u32 = td.td_cpu;
  sched_departed(td);
  const own: u32 = (ts.ts_flags & TSF_ENDED) != 0 ? 0 : ts.ts_load; // a woken thread does not count where it waits
  ts.ts_flags &= ~TSF_ENDED;
  const best = can_move(td) ? choose_cpu(m, td, own) : cpu;
  if (best != cpu) move(m, td, best);
  else notify(m, cpu);
}

/** True for a thread that may be given to another CPU now. */
function can_move(td: Thread): bool {
  return (
    is_still(td) &&
    td.td_pri < 2 * TDPRI_CRIT &&
    (td.td_lwflags & TDL_INTR) == 0 &&
    (td_sched(td).ts_flags & TSF_MOVED) == 0 &&
    cold(td).td_migrate == 0 &&
    !is_td(td.td_preempted) &&
    !waits_for_token(td)
  );
}

/**
 * dfly_choose_best_queue: of the CPUs that are best for a thread the one with the least load, searching from
 * the next one; the thread's own has an advantage.
 */
function choose_cpu(m: Machine, td: Thread, own: u32): u32 {
  const allowed = allowed_cpus(m, td);
  const cpu: u32 = td.td_cpu;
  let best = cpu;
  let most: u32 = 0;
  let least: i32 = i32.MAX_VALUE;
  for (let i: u32 = 0; i < m.ncpus; i++) {
    const other = (cpu + i) % m.ncpus;
    if (((allowed >> other) & 1) == 0 && !(i != 0 && planted(Plant.USER_SET_IGNORED))) continue;
    const chance = chance_on(other, td);
    let load = <i32>sched_cpu(other).sc_load;
    if (i == 0) load -= <i32>(own + PPQ);
    if (chance < most || (chance == most && load >= least)) continue;
    best = other;
    most = chance;
    least = load;
  }
  return best;
}

/** Gives a runnable thread to another CPU, in the same state there. */
function move(m: Machine, td: Thread, to: u32): void {
  const gd = globaldata(td.td_cpu);
  user_dequeue(gd, td);
  gd.gd_nrunnable--;
  td.td_cpu = <u8>to;
  stats_due(td);
  ipi_follow(td);
  globaldata(to).gd_nrunnable++;
  place_on(globaldata(to), td);
  notify(m, to);
}

/** Makes a CPU that has received a user thread look at it, if it is better than the running one. */
function notify(m: Machine, cpu: u32): void {
  const gd = globaldata(cpu);
  const sc = sched_cpu(cpu);
  const cur = gd.gd_curthread;
  if (cur == gd.gd_idletd) {
    kick_cpu(m, cpu);
    return;
  }
  settle(gd, sc);
  const better = (sc.sc_holder.td_pri & TDPRI_MASK) > (cur.td_pri & TDPRI_MASK);
  if (better && m.preemption != 0) gd.gd_flags |= GDF_RESCHED;
}

/** Idle CPUs pull waiting threads. */
export function user_boundary(m: Machine): void {
  if (m.sched_idle == 0 || !is_waiting(m)) return;
  for (let left = m.sched_idle; left != 0; left &= left - 1) {
    const cpu = <u32>ctz<u64>(left);
    if (!is_td(sched_cpu(cpu).sc_holder)) pull(m, cpu);
  }
}

/** True if a user thread waits on some CPU. */
function is_waiting(m: Machine): bool {
  for (let cpu: u32 = 0; cpu < m.ncpus; cpu++) {
    if (prioq_count(cpu) != 0) return true;
  }
  return false;
}

/**
 * dfly_choose_worst_queue: takes the best waiting thread that may run here from the CPU with the highest load.
 */
function pull(m: Machine, to: u32): void {
  let found = no_td();
  let most: u32 = planted(Plant.USER_STAYS) ? u32.MAX_VALUE : 0;
  for (let i: u32 = 1; i < m.ncpus; i++) {
    const cpu = (to + i) % m.ncpus;
    const load = sched_cpu(cpu).sc_load;
    if ((load <= most && !planted(Plant.USER_PULL_ANY)) || prioq_count(cpu) == 0) continue;
    const td = pullable(m, cpu, to);
    if (!is_td(td)) continue;
    found = td;
    most = load;
  }
  if (is_td(found)) move(m, found, to);
}

function pullable(m: Machine, cpu: u32, to: u32): Thread {
  let td = prioq_next(cpu, 0, no_td());
  while (is_td(td)) {
    if (can_move(td) && ((allowed_cpus(m, td) >> to) & 1) != 0) return td;
    td = prioq_next(cpu, 0, td);
  }
  return td;
}

// ---- Threads ----

/**
 * True if a policy makes this a user thread: it has a process, and the machine is under lwkt and has room for
 * these.
 */
export function user_possible(td: Thread): bool {
  const m = machine();
  return m.sched == Sched.LWKT && m.sched_delta != 0 && changetype<usize>(td.td_proc) != 0;
}

/** The machine's first user thread: starts the clocks of the scheduler. */
export function users_begin(m: Machine): void {
  if (m.users != 0) return;
  m.users = 1;
  const second = m.cycles_per_second;
  m.sched_second = (m.now / second + 1) * second;
  for (let cpu: u32 = 0; cpu < m.ncpus; cpu++) {
    sched_cpu(cpu).sc_clock = (globaldata(cpu).gd_cycles / m.sched_tick + 1) * m.sched_tick;
  }
}

/** Gives a thread of this CPU, or one that has never run, a policy: it becomes a user thread. */
export function user_policy(td: Thread, policy: u32, value: i32): void {
  const queued = (td.td_lwflags & TDL_RUNQ) != 0;
  if (queued) _lwkt_dequeue(td);
  policy_set(td, policy, value);
  const c = cold(td);
  c.td_base_pri = <u8>policy_priority(policy, value);
  c.td_priority = <u8>turnstile_priority(td);
  user_begin(td);
  if (queued) {
    _lwkt_enqueue(td);
    user_ranked(globaldata(td.td_cpu), td);
  }
  turnstile_adjust(td);
}

/**
 * A thread's policy has changed: it may now be better than the running one or, if running, no longer the best.
 */
function user_ranked(gd: GlobalData, td: Thread): void {
  const sc = sched_cpu(gd.gd_cpuid);
  if (td.td_state != <u8>TDS.RUNNING) {
    if (machine().sched_idle == 0) settle(gd, sc); // an idle CPU will take it
  } else if (sc.sc_holder != td && machine().preemption != 0) gd.gd_flags |= GDF_RESCHED;
}

/** A user thread of this CPU becomes a kernel thread again, with its own level and no policy. */
export function user_leave(td: Thread): void {
  const queued = (td.td_lwflags & TDL_RUNQ) != 0;
  if (queued) _lwkt_dequeue(td);
  td.td_flags &= ~TDF_USER;
  policy_clear(td);
  td.td_pri = (td.td_pri & ~TDPRI_MASK) + lwkt_level_of(cold(td).td_priority);
  if (queued) _lwkt_enqueue(td);
}

/** Makes a thread that is on no queue, and already has its policy, a user thread. */
function user_begin(td: Thread): void {
  users_begin(machine());
  const ts = td_sched(td);
  const gd = globaldata(td.td_cpu);
  if ((td.td_flags & TDF_USER) == 0) {
    td.td_flags |= TDF_USER;
    ts.ts_estcpu = 0;
    ts.ts_batch = <u16>(BATCH_MAX / 2);
    ts.ts_ticks = 0;
    ts.ts_slice = 0;
    ts.ts_ltick = <i32>machine().users_seconds;
  }
  reset_priority(gd, td);
}

/**
 * dfly_forking: a new thread, which has its policy already, is a little worse than its creator, who is
 * charged for it.
 */
export function user_fork(child: Thread, maker: Thread): void {
  user_begin(child);
  if ((maker.td_flags & TDF_USER) == 0) return;
  const from = td_sched(maker);
  td_sched(child).ts_estcpu = limited(from.ts_estcpu + 4 * ESTCPU_PER_QUEUE);
  from.ts_estcpu = limited(from.ts_estcpu + ESTCPU_PER_QUEUE / 16);
  reset_priority(globaldata(child.td_cpu), child);
}
