// The scheduler of user threads on top of LWKT: what DragonFly has beside it (usched_dfly.c).
//
// A thread with a policy is a user thread, whose time is the scheduler's to give; all others are the kernel's, with the
// fixed priorities of LWKT. Each CPU has one slot: its holder is the only user thread that stands on LWKT's run queue, at
// level 6, of real-time threads at the level of their priority and of SCHED_IDLE at 3. The others that could run wait on the
// CPU's user queue: real-time threads by their 99 priorities, then 32 queues for time-sharing, then idle ones. To
// LWKT they are all on the run queue (TDL_RUNQ); only which of them it sees is decided here.
//
// A time-sharing thread's priority is 88 + (2 (nice + 20) + estcpu / 128) 128 / 208; four are a queue. estcpu, 0 to 16384,
// grows with each tick of the statistics clock that the thread runs, the faster the more others wait: a fair share
// keeps it at three quarters. A third of it is forgotten each second. Half of it counts for who uses less than half of a
// fair share, all of it, within half a minute, for who uses more, and for SCHED_BATCH. A new thread has its maker's and
// a little more, and the maker pays, too.
//
// A slice is kern.sched.quantum; then the thread goes behind its equals. A thread that is better by a queue takes the
// slot at once, and who loses it so goes in front of its equals. Who borrows a priority, or waits for a token, is as
// good as in the kernel: before all time-sharing threads.
//
// Between two rounds threads that became runnable, or whose slice is over, go to the CPU with the least load, their own
// if it is no more than a queue worse. The load is the sum of the priorities, so that who has used much weighs more. Then
// CPUs that are idle pull the best thread from the CPU with the highest load.
//
// Rejected: accounts that are made up whenever a thread comes back from the kernel, as dfly_recalculate_estcpu's are. How
// much is forgotten then depends on how often that is, and five equal threads were 8 % apart after 40 seconds.
//
// Rejected: all user threads on LWKT's run queue, by level, as before. Real-time priorities were three levels, nice values
// ranks that starved each other, and a thread stayed where it was born while other CPUs had nothing to do.
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
  NO_LEVEL,
  prio_level,
  prioq_add,
  prioq_count,
  prioq_first,
  prioq_level,
  prioq_next,
  prioq_peek,
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
import { allowed_cpus, kick_cpu, sched_arrived, sched_departed } from "./sched_place";
import { is_timeshare, policy_clear, policy_priority, policy_set } from "./sched_policy";
import { sched_own_priority, turnstile_adjust, turnstile_priority } from "./subr_turnstile";

/** LWKT's levels of the slot's holder: TDPRI_USER_NORM, and that of FreeBSD's idle priorities. */
const LEVEL_NORM: i32 = 6;
const LEVEL_IDLE: i32 = 3;

/** PPQ: priorities of a queue; NICE_STEPS and MAXPRI: what nice values and priorities come to. */
const PPQ: u32 = 4;
const MAXPRI: u32 = 128;
const NICE_WEIGHT: u32 = 2;
const NICE_STEPS: u32 = 40 * NICE_WEIGHT;

/**
 * ESTCPUMAX, and how much of it a queue is; what a tick adds where nobody waits: 127 a second, of which a third is forgotten,
 * come to an average of 2.5 seconds' worth. 30 seconds of more than half a fair share make a batch thread.
 */
const ESTCPU_PER_QUEUE: u32 = 512;
const ESTCPU_MAX: u32 = ESTCPU_PER_QUEUE * 32;
const ESTCPU_TICK: u32 = 39;
const BATCH_MAX: u32 = STATHZ * 30;
/** A second leaves DECAY / (DECAY + 1) of estcpu. */
const DECAY: u32 = 2;

// ---- Rank ----

/** True for a thread that runs as well as in the kernel: it borrows a priority, or a token is kept for it. */
function in_kernel(td: Thread): bool {
  const c = cold(td);
  return c.td_priority < c.td_base_pri || waits_for_token(td);
}

/** The level of the user queue that a thread belongs to: the smaller runs first. */
function queue_of(td: Thread): u32 {
  const pri: u32 = cold(td).td_priority;
  if (in_kernel(td)) return prio_level(0, min<u32>(pri, <u32>PUSER - 1));
  return prio_level(td_sched(td).ts_rt, pri & ~(PPQ - 1));
}

/** The level of LWKT that a thread has while it holds the slot. */
function level_for(td: Thread): i32 {
  const c = cold(td);
  const pri: u32 = c.td_priority;
  if (pri < <u32>PUSER || pri < <u32>c.td_base_pri) return max<i32>(LEVEL_NORM, lwkt_level_of(pri));
  return pri >= <u32>PRI_MIN_IDLE ? LEVEL_IDLE : LEVEL_NORM;
}

/** What a thread adds to the load of its CPU: more, the worse its priority, within its class. */
function load_for(td: Thread): u32 {
  const pri: u32 = cold(td).td_base_pri;
  const best: i32 = pri >= <u32>PRI_MIN_IDLE ? PRI_MIN_IDLE : pri >= <u32>PUSER ? PUSER : 0;
  return PPQ + ((pri - <u32>best) & ~(PPQ - 1));
}

/** True if `td` takes the slot from `holder`: it is better by a queue, and no batch thread among time-sharing ones. */
function takes_slot(td: Thread, holder: Thread): bool {
  if (queue_of(td) >= queue_of(holder)) return false;
  return td_sched(td).ts_policy != <u8>Policy.BATCH || in_kernel(td) || !is_timeshare(holder);
}

/** True if `td` takes the CPU from `cur`, a user thread, now, and not at the boundary, when an idle CPU will have it. */
export function user_better(td: Thread, cur: Thread): bool {
  return machine().sched_idle == 0 && takes_slot(td, cur);
}

/**
 * True if a thread that the host has made runnable, and that waits, takes the slot on a machine's only CPU; where there are
 * more, that is decided at the boundary.
 */
export function user_asks(gd: GlobalData, td: Thread): bool {
  return machine().ncpus == 1 && user_better(td, sched_cpu(gd.gd_cpuid).sc_holder);
}

/** True for the user thread that LWKT sees on a CPU. */
export function user_holds(gd: GlobalData, td: Thread): bool {
  return sched_cpu(gd.gd_cpuid).sc_holder == td;
}

// ---- The slot and the queue ----

/** Gives the slot, which is free, to a thread: LWKT has it at its level. */
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

/** Has a thread wait on the user queue, behind its equals or in front of them. */
function wait(gd: GlobalData, td: Thread, first: bool): void {
  prioq_add(gd.gd_cpuid, queue_of(td), td, first);
  gd.gd_flags |= GDF_USERS;
}

/** The best thread that waits; null if none does. */
function first_waiting(cpu: u32): Thread {
  const level = prioq_first(cpu);
  return level == NO_LEVEL ? no_td() : prioq_peek(cpu, level);
}

/** Gives the slot, which is free, to the best thread that waits. */
function select(gd: GlobalData, sc: SchedCpu): void {
  const cpu = gd.gd_cpuid;
  const level = prioq_first(cpu);
  if (level == NO_LEVEL) return;
  const td = prioq_take(cpu, level);
  if (prioq_count(cpu) == 0) gd.gd_flags &= ~GDF_USERS;
  hold(gd, sc, td);
}

/** The holder loses the slot to the best thread that waits. */
function pass(gd: GlobalData, sc: SchedCpu, first: bool): void {
  const td = sc.sc_holder;
  release(gd, sc);
  select(gd, sc);
  wait(gd, td, first);
}

/** True for a holder that does not run, and was not preempted: its slot can change hands at once. */
function is_still(td: Thread): bool {
  return td.td_state != <u8>TDS.RUNNING && (td.td_lwflags & TDL_PREEMPT_LOCK) == 0;
}

/** The best thread that waits gets the slot if it is better than the holder, or asks for it if that runs. */
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

/** A user thread of this CPU is runnable no more. */
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
}

/** A user thread's priority has changed: it has another level, or place on the queue. */
export function user_requeue(gd: GlobalData, td: Thread): void {
  const sc = sched_cpu(gd.gd_cpuid);
  const ts = td_sched(td);
  if (sc.sc_holder != td && ts.ts_queue == 0) return; // it is not there, or not yet
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

/** The current thread, a user thread, calls lwkt_switch: its slot may be another one's now. */
export function user_switch(gd: GlobalData, td: Thread): void {
  const flags = gd.gd_flags;
  gd.gd_flags = flags & ~GDF_SLICEEND;
  const sc = sched_cpu(gd.gd_cpuid);
  if ((flags & GDF_USERS) == 0 || sc.sc_holder != td) return;
  const ended = (flags & GDF_SLICEEND) != 0;
  const next = first_waiting(gd.gd_cpuid);
  const lost = !ended && (flags & GDF_INVOL) != 0;
  if (lost ? !takes_slot(next, td) : queue_of(next) > queue_of(td)) return;
  pass(gd, sc, lost && !planted(Plant.USER_LOSES_TURN));
  const ts = td_sched(td);
  ts.ts_flags &= ~TSF_MOVED; // where it was put it has run
  if (!ended) return;
  ts.ts_flags |= TSF_ENDED;
  sched_arrived(gd, td);
}

/**
 * Puts the holder, which runs and yields, at the tail of its level of the user queue, where it takes turns with its equals
 * (kern/sched_turn.ts); null, and nothing has changed, where the next thread is another one than the first of these.
 */
export function user_turns_begin(gd: GlobalData, td: Thread): ChunkList | null {
  const cpu = gd.gd_cpuid;
  if (sched_cpu(cpu).sc_holder != td || !is_timeshare(td) || in_kernel(td)) return null;
  const queue = queue_of(td);
  const level = td.td_pri & TDPRI_MASK;
  if (prioq_first(cpu) != queue || level != LEVEL_NORM) return null;
  if (31 - <i32>clz<u32>(gd.gd_runqmask) != level) return null;
  const own = lwkt_level(gd, level);
  if (list_first_slot(own) == 0 || own.tail - own.head != SLOT_SIZE) return null; // the kernel's threads are there, too
  runq_remove(own, td);
  const list = prioq_level(cpu, queue);
  runq_append(list, td);
  const ts = td_sched(td);
  ts.ts_level = <u16>queue;
  ts.ts_queue = <u8>(cpu + 1);
  return list;
}

/** Threads in these slots have held the slot in turn. */
export function user_turned(from: usize, to: usize): void {
  for (let slot = from; slot < to; slot += SLOT_SIZE) {
    const td = changetype<Thread>(load<usize>(slot));
    td.td_pri = (td.td_pri & ~TDPRI_MASK) + LEVEL_NORM;
  }
}

/** No more turns: `td` runs, and holds the slot. */
export function user_turns_end(gd: GlobalData, list: ChunkList, td: Thread): void {
  runq_remove(list, td);
  td_sched(td).ts_queue = 0;
  hold(gd, sched_cpu(gd.gd_cpuid), td);
}

// ---- Use of CPUs ----

function limited(estcpu: u32): u32 {
  return min<u32>(estcpu, ESTCPU_MAX);
}

/** The machine's CPUs and those that wait here: divided by the CPUs, how many want one. */
function crowd(gd: GlobalData): u32 {
  return machine().ncpus + prioq_count(gd.gd_cpuid);
}

/** dfly_recalculate_estcpu: the seconds since the last time come into a thread's account. */
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

/** dfly_resetpriority: a time-sharing thread's priority by its use of CPUs and its nice value. */
function reset_priority(gd: GlobalData, td: Thread): void {
  if (!is_timeshare(td)) return;
  const ts = td_sched(td);
  const batch = ts.ts_policy == <u8>Policy.BATCH ? BATCH_MAX : <u32>ts.ts_batch;
  const estcpu = (ts.ts_estcpu * (batch + BATCH_MAX)) / (2 * BATCH_MAX);
  const sum = <u32>(<i32>ts.ts_nice - NICE_MIN) * NICE_WEIGHT + (estcpu * PPQ) / ESTCPU_PER_QUEUE;
  const pri = <u32>PRI_MIN_TIMESHARE + (sum * MAXPRI) / (NICE_STEPS + MAXPRI);
  sched_own_priority(td, min<u32>(pri, PRI_MAX_TIMESHARE));
  user_requeue(gd, td); // its own priority weighs, whatever is lent to it
}

/** The running thread has run for `ticks` of the scheduler's clock, and `stats` of the statistics clock. */
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

/** Once a second: the accounts of all that run or wait. */
export function user_second(m: Machine, seconds: u32): void {
  m.users_seconds += seconds;
  if (planted(Plant.USER_NO_ACCOUNT)) return;
  for (let i: u32 = 1; i < m.zone_next; i++) {
    const td = td_at(i);
    if ((td.td_flags & TDF_USER) == 0 || (td.td_lwflags & TDL_RUNQ) == 0) continue;
    reckon(globaldata(td.td_cpu), td);
  }
}

// ---- Between two rounds ----

/** Places a thread that was made runnable on some CPU in the round that is over, or whose slice has ended. */
export function user_place(m: Machine, td: Thread): void {
  const ts = td_sched(td);
  const cpu: u32 = td.td_cpu;
  sched_departed(td);
  const own: u32 = (ts.ts_flags & TSF_ENDED) != 0 ? 0 : ts.ts_load; // who woke does not count where it waits
  ts.ts_flags &= ~TSF_ENDED;
  const best = can_move(td) ? least_loaded(m, allowed_cpus(m, td), cpu, own) : cpu;
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

/** dfly_choose_best_queue: the CPU with the least load, from the next one on; the thread's own has an advantage. */
function least_loaded(m: Machine, allowed: u64, cpu: u32, own: u32): u32 {
  let best = cpu;
  let least: i32 = i32.MAX_VALUE;
  if (((allowed >> cpu) & 1) != 0) least = <i32>(sched_cpu(cpu).sc_load - own) - <i32>PPQ;
  for (let i: u32 = 1; i < m.ncpus; i++) {
    const other = (cpu + i) % m.ncpus;
    const load = <i32>sched_cpu(other).sc_load;
    const excluded = ((allowed >> other) & 1) == 0 && !planted(Plant.USER_SET_IGNORED);
    if (excluded || load >= least) continue;
    best = other;
    least = load;
  }
  return best;
}

/** Gives a runnable thread to another CPU, where it stands as it stood here. */
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

/** Has a CPU look that has got a user thread, if that is better than what it runs. */
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

/** CPUs that are idle pull threads, if any waits. */
export function user_boundary(m: Machine): void {
  if (m.sched_idle == 0 || !is_waiting(m)) return;
  for (let left = m.sched_idle; left != 0; left &= left - 1) {
    const cpu = <u32>ctz<u64>(left);
    if (!is_td(sched_cpu(cpu).sc_holder)) pull(m, cpu);
  }
}

/** True if there is a user thread on some CPU's queues. */
function is_waiting(m: Machine): bool {
  for (let cpu: u32 = 0; cpu < m.ncpus; cpu++) {
    if (prioq_count(cpu) != 0) return true;
  }
  return false;
}

/** dfly_choose_worst_queue: from the CPU with the highest load the best thread that waits and may run on this one. */
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

/** True if a thread's policy makes it a user thread: it has a process, on a machine under lwkt that has room for these. */
export function user_possible(td: Thread): bool {
  const m = machine();
  return m.sched == Sched.LWKT && m.sched_delta != 0 && changetype<usize>(td.td_proc) != 0;
}

/** A machine gets its first user thread: the clocks of the scheduler start now. */
export function users_begin(m: Machine): void {
  if (m.users != 0) return;
  m.users = 1;
  const second = m.cycles_per_second;
  m.sched_second = (m.now / second + 1) * second;
  for (let cpu: u32 = 0; cpu < m.ncpus; cpu++) {
    sched_cpu(cpu).sc_clock = (globaldata(cpu).gd_cycles / m.sched_tick + 1) * m.sched_tick;
  }
}

/** Gives a thread of this CPU, or one that is not born yet, a policy: it is a user thread. */
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

/** A thread has another policy: it may be better than the one that runs, or, if it runs, not the best any more. */
function user_ranked(gd: GlobalData, td: Thread): void {
  const sc = sched_cpu(gd.gd_cpuid);
  if (td.td_state != <u8>TDS.RUNNING) {
    if (machine().sched_idle == 0) settle(gd, sc); // an idle CPU will have it
  } else if (sc.sc_holder != td && machine().preemption != 0) gd.gd_flags |= GDF_RESCHED;
}

/** A user thread of this CPU is the kernel's again, with its own level and no policy. */
export function user_leave(td: Thread): void {
  const queued = (td.td_lwflags & TDL_RUNQ) != 0;
  if (queued) _lwkt_dequeue(td);
  td.td_flags &= ~TDF_USER;
  policy_clear(td);
  td.td_pri = (td.td_pri & ~TDPRI_MASK) + lwkt_level_of(cold(td).td_priority);
  if (queued) _lwkt_enqueue(td);
}

/** Makes a thread that is on no queue a user thread; it has its policy already. */
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

/** dfly_forking: a new thread is a little worse than its maker, and that pays for it. It has its policy already. */
export function user_fork(child: Thread, maker: Thread): void {
  user_begin(child);
  if ((maker.td_flags & TDF_USER) == 0) return;
  const from = td_sched(maker);
  td_sched(child).ts_estcpu = limited(from.ts_estcpu + 4 * ESTCPU_PER_QUEUE);
  from.ts_estcpu = limited(from.ts_estcpu + ESTCPU_PER_QUEUE / 16);
  reset_priority(globaldata(child.td_cpu), child);
}
