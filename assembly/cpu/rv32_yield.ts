// The parts of the inner loop's yield (rv32.ts) that are outside the loop: whether the fast path may be taken
// at all, run queue work beyond taking the next slot, and threads that only yield.
import {
  CHUNK_MASK,
  CHUNK_SIZE,
  CHUNK_SLOT0,
  ChunkList,
  list_first_slot,
  list_grow,
  SLOT_SIZE,
} from "../sys/chunklist";
import { GDF_MODERN, GDF_USERS, GlobalData } from "../sys/globaldata";
import { Machine, machine, Sched } from "../sys/machine";
import { CACHE_LINE_SIZE } from "../sys/param";
import {
  TDB,
  TDB_FRESH,
  TDB_INCALL,
  TDB_KIND,
  TDB_TOKENS,
  TDF_USER,
  TDL_EXITING,
  TDL_PREEMPT_LOCK,
  TDL_RUNQ,
  TDL_STARTED,
  TDPRI_CRIT,
  TDPRI_MASK,
  TDS,
  Thread,
} from "../sys/proc";
import { lwkt_level } from "../sys/runq";
import { td_frame } from "../sys/thread";
import { pair_hash } from "../sys/trace_hash";
import { CpuState, cpu_state } from "./cpu_state";
import { CLOCK_SHIFT, RECORD_SIZE, Record } from "./rv32_decode";
import { RvOp } from "./rv32_op";

/** Bits of td_lwflags that a yield depends on, and their value for a thread that may take the fast path. */
const YIELD_FLAGS: u32 = TDL_RUNQ | TDL_STARTED | TDL_PREEMPT_LOCK | TDL_EXITING;
const YIELD_READY: u32 = TDL_RUNQ | TDL_STARTED;

/** Number of threads from which on those of a chunk are prefetched: more than a second-level cache holds. */
const TOUCH_AHEAD_THREADS: i32 = 16384;

/**
 * Bytes of slots at a chunk's head that are sampled: whether the threads of this and the next chunk use their
 * registers.
 */
const SAMPLE: usize = 8 * SLOT_SIZE;

/**
 * True if lwkt_yield of the current thread may take the fast path: no kernel state requires more than a plain
 * switch. `flags`: what the CPU flags must be. Nothing during a run of the inner loop changes that.
 */
export function can_yield(gd: GlobalData, flags: u32 = 0): bool {
  const m = machine();
  const td = gd.gd_curthread;
  // One comparison for everything that must be 0: host bodies ask at each of their yields.
  const unusual =
    (m.sched ^ Sched.LWKT) |
    gd.gd_reqpri |
    (gd.gd_flags ^ flags) |
    gd.gd_intr_nesting_level |
    m.untimely_switch |
    m.ktr_mask |
    m.sleep_procs |
    changetype<u32>(gd.gd_deadthread) |
    changetype<u32>(td.td_preempted) |
    (td.td_pri & i32.MIN_VALUE) |
    (td.td_state ^ TDS.RUNNING) |
    ((td.td_lwflags & YIELD_FLAGS) ^ YIELD_READY);
  return unusual == 0;
}

/**
 * True if sched_relinquish of the current thread may take the fast path under a scheduler where a running
 * thread is on no queue.
 */
function can_turn(m: Machine, gd: GlobalData): bool {
  const td = gd.gd_curthread;
  const modern = m.lwkt_modern != 0; // where a running thread is in its list
  const unusual =
    gd.gd_reqpri |
    (gd.gd_flags ^ (modern ? GDF_MODERN : 0)) |
    gd.gd_intr_nesting_level |
    m.ktr_mask |
    m.stats |
    changetype<u32>(gd.gd_deadthread) |
    changetype<u32>(td.td_preempted) |
    (td.td_state ^ TDS.RUNNING) |
    td.td_inhib |
    (td.td_body & TDB_TOKENS) |
    ((td.td_lwflags & YIELD_FLAGS) ^ (modern ? YIELD_READY : TDL_STARTED));
  return unusual == 0;
}

/**
 * The level on which the running thread, itself at the tail, takes turns with its equals, under a scheduler
 * where a running thread is otherwise on no queue; null if its yield must take the slow path. During a run of
 * the inner loop only its own turns change the level.
 */
function shared_level<Kernel>(gd: GlobalData, current: ChunkList | null): ChunkList | null {
  const m = machine();
  let level = current;
  if (level === null) {
    if (m.cycle_cost == 0 || m.ncpus != 1 || !can_turn(m, gd)) return null;
    level = changetype<Kernel>(0).turns_begin(gd, gd.gd_curthread);
    if (level === null) return null;
    cpu_state(gd).turns = 1;
  }
  list_first_slot(level);
  return level;
}

/** The same under lwkt, where user threads wait for the slot of the running one. */
function users_level<Kernel>(gd: GlobalData, current: ChunkList | null): ChunkList | null {
  let level = current;
  if (level === null) {
    const td = gd.gd_curthread;
    if (machine().cycle_cost == 0 || (td.td_flags & TDF_USER) == 0) return null;
    if (!can_yield(gd, GDF_USERS)) return null;
    level = changetype<Kernel>(0).turns_begin(gd, td);
    if (level === null) return null;
    cpu_state(gd).turns = 1;
  }
  list_first_slot(level);
  return level;
}

/**
 * The level of the next thread, as lwkt_choose finds it, with a thread in its first slot and room at its
 * tail; null if the yield must take the slow path. `current` is the level from which the loop has taken
 * threads, or null at its first yield.
 */
export function rv32_yield_level<Kernel>(
  gd: GlobalData,
  current: ChunkList | null,
): ChunkList | null {
  let level: ChunkList | null;
  if (cpu_state(gd).shares != 0) level = shared_level<Kernel>(gd, current);
  else if (gd.gd_flags == GDF_USERS) level = users_level<Kernel>(gd, current);
  else level = highest_level(gd, current);
  if (level !== null) make_room(gd, level);
  return level;
}

/** The same under lwkt, where the running thread is on its level. */
function highest_level(gd: GlobalData, current: ChunkList | null): ChunkList | null {
  if (current === null && (machine().cycle_cost == 0 || !can_yield(gd))) return null;
  let mask = gd.gd_runqmask;
  while (mask != 0) {
    const nq = 31 - clz<u32>(mask);
    // The loop relies on the running thread being on the level: two threads, and it never meets itself.
    if (current === null && (gd.gd_curthread.td_pri & TDPRI_MASK) != nq) return null;
    const level = lwkt_level(gd, nq);
    if (list_first_slot(level) != 0) return level;
    mask &= ~(1 << nq);
    gd.gd_runqmask = mask;
  }
  return null;
}

/** Makes room at a level's tail. If the level is long, that and the next threads are prefetched. */
function make_room(gd: GlobalData, level: ChunkList): void {
  const long = gd.gd_nrunnable > TOUCH_AHEAD_THREADS;
  if ((level.tail & CHUNK_MASK) == 0) {
    level.tail = list_grow(level);
    if (long) touch_slots(gd, level.tail);
  }
  const head = level.head;
  if (long && (head & CHUNK_MASK) == CHUNK_SLOT0) touch_ahead(gd, head, level.tail);
}

/**
 * Prepares `td`, which is next, so that the inner loop can switch to it, if it is a thread of this CPU with
 * plain RV32 code: what switch_in does for a thread that has not run yet and, on one CPU, where no AST is
 * checked, what slice_step does for one that returns from a kernel call.
 */
export function rv32_yield_start(gd: GlobalData, td: Thread): bool {
  if (td.td_kfn != 0 || td.td_kdepth != 0 || <u32>td.td_cpu != gd.gd_cpuid) return false;
  if (td.td_body == (<u8>TDB.RV32 | TDB_INCALL) && machine().ncpus == 1) {
    td.td_body = <u8>TDB.RV32;
    td_frame(td).a0 = td_frame(td).retval;
    return true;
  }
  if (td.td_body != (<u8>TDB.RV32 | TDB_FRESH)) return false;
  td.td_lwflags |= TDL_STARTED;
  // Under lwkt and lwkt-modern run_switched does this.
  if (cpu_state(gd).shares != 0 && machine().lwkt_modern == 0) td.td_pri -= TDPRI_CRIT;
  td.td_body = <u8>TDB.RV32;
  return true;
}

/** A jump and a yield, in 32nds of a cycle. */
const TURN: u64 = 2 << CLOCK_SHIFT;

/** Distance of a jump back to the yield in front of it. */
const YIELD_LOOP: i32 = -2 * <i32>RECORD_SIZE;

/**
 * True if the record at `pc` is a jump back to the yield in front of it, and the next thread, at `head`, also
 * runs plain RV32 code and is at the same jump.
 */
export function rv32_only_yields(cpu: CpuState, pc: usize, head: usize): bool {
  const next = load<usize>(head);
  return (
    load<u64>(next, offsetof<Thread>("td_pc")) == (((<u64>cpu.plain) << 32) | <u64>pc) &&
    <i32>changetype<Record>(pc).c == YIELD_LOOP
  );
}

/**
 * Threads that only yield, and are all at the jump at `pc`, take turns: each has the CPU for two cycles, and
 * no pc changes, so that a switch takes two thirds of the usual time. `td` was switched to at `switchtime`.
 * Returns the new head, at least one slot further on, with the hash in turns_hash.
 */
export function rv32_yield_turns(
  cpu: CpuState,
  td: usize,
  pc: usize,
  head: usize,
  hash: u64,
  switchtime: u64,
): usize {
  const same = ((<u64>cpu.plain) << 32) | <u64>pc;
  const turns = ((cpu.limit >> CLOCK_SHIFT) - switchtime + 1) >> 1; // the slice is not over yet
  const stop = head + <usize>min<u64>(cpu.stop - head, turns * SLOT_SIZE);
  let now = switchtime;
  for (; head != stop; head += SLOT_SIZE) {
    const next = load<usize>(head);
    if (load<u64>(next, offsetof<Thread>("td_pc")) != same) break;
    now += 2;
    const tail = head + cpu.gap;
    store<usize>(tail, next);
    changetype<Thread>(next).td_slot = tail;
    hash = pair_hash(hash, (((<u64>td) << 32) | <u64>next) - cpu.td_bases, now);
    const last = changetype<Thread>(td);
    last.td_runtime += 2;
    last.td_nvcsw++;
    td = next;
  }
  cpu.turns_hash = hash;
  return head;
}

/**
 * A thread that is alone on its level and only yields: it has picked itself again and is at the jump at `pc`
 * at `time`, in 32nds of a cycle. Repeats that to the end of the slice or of the chunk, and returns the time
 * it took; 0 for any other thread.
 */
export function rv32_yield_alone(gd: GlobalData, level: ChunkList, pc: usize, time: u64): u64 {
  const cpu = cpu_state(gd);
  const record = changetype<Record>(pc);
  const tail = level.tail;
  if (record.op != RvOp.J_YIELD || <i32>record.c != YIELD_LOOP || time >= cpu.limit) return 0;
  if (level.head + SLOT_SIZE != tail || (tail & CHUNK_MASK) == 0) return 0;
  const left = (cpu.limit - time + TURN - 1) / TURN; // the slice ends behind the last one
  const turns = min<u64>(left, (CHUNK_SIZE - (tail & CHUNK_MASK)) / SLOT_SIZE);
  const td = load<usize>(level.head);
  const end = tail + <usize>turns * SLOT_SIZE;
  for (let slot = tail; slot != end; slot += SLOT_SIZE) store<usize>(slot, td);
  level.head = end - SLOT_SIZE;
  level.tail = end;
  changetype<Thread>(td).td_slot = end - SLOT_SIZE;
  gd.gd_switch_count += turns;
  return turns * TURN;
}

/**
 * Loads a word of each cache line of a chunk, from its first slot on, so that the misses overlap. A chunk that is used
 * again was read some two hundred switches ago. With a million threads it has left the first-level cache by then, and
 * the loop would stop at each line that it stores to, for a quarter of its time.
 */
function touch_slots(gd: GlobalData, slot: usize): void {
  const end = slot | CHUNK_MASK;
  let sum: u32 = 0;
  for (let at = slot; at < end; at += CACHE_LINE_SIZE) sum += load<u32>(at);
  cpu_state(gd).touched = sum;
}

/**
 * Loads a word of each cache line needed to switch to the threads of a chunk, so that the misses overlap.
 * Adjacent threads are left to the processor's own prefetcher.
 */
function touch_ahead(gd: GlobalData, slot: usize, tail: usize): void {
  const chunk_end = (slot | CHUNK_MASK) + 1;
  const end = ((tail - 1) | CHUNK_MASK) + 1 == chunk_end ? tail : chunk_end;
  const stride = load<usize>(slot, SLOT_SIZE) - load<usize>(slot);
  const count = (end - slot) / SLOT_SIZE;
  if (load<usize>(end - SLOT_SIZE) - load<usize>(slot) == stride * (count - 1)) return;
  const m = machine();
  const cpu = cpu_state(gd);
  const share = cpu.turns != 0 && m.sched == Sched.ULE; // ule_turned needs it
  cpu.touched =
    cpu.touch_registers == 0
      ? touch(slot, end)
      : touch_more(slot, end, m.frame_delta, share ? m.sched_delta : m.frame_delta);
  // For the next chunk, now, when it causes no miss.
  cpu.touch_registers = use_registers(slot, min<usize>(end, slot + SAMPLE)) ? 1 : 0;
}

/** Loads a word of each thread in these slots. */
function touch(slot: usize, end: usize): u32 {
  let sum: u32 = 0;
  for (; slot != end; slot += SLOT_SIZE) sum += load<u32>(load<usize>(slot));
  return sum;
}

/**
 * The same, plus a word at each of two distances from the thread, in one pass: with a pass for each, a
 * million threads take a quarter longer.
 */
function touch_more(slot: usize, end: usize, near: usize, far: usize): u32 {
  let sum: u32 = 0;
  for (; slot != end; slot += SLOT_SIZE) {
    const td = load<usize>(slot);
    sum += load<u32>(td) + load<u32>(td + near) + load<u32>(td + far);
  }
  return sum;
}

/** True if one of the threads in these slots is about to use its registers. */
function use_registers(slot: usize, end: usize): bool {
  for (; slot != end; slot += SLOT_SIZE) {
    if (touches_registers(changetype<Thread>(load<usize>(slot)))) return true;
  }
  return false;
}

/** False for a thread that is about to yield again. */
function touches_registers(td: Thread): bool {
  if ((td.td_body & TDB_KIND) != TDB.RV32) return false;
  const op = load<i32>(td.td_pc);
  return op != RvOp.YIELD && op != RvOp.J_YIELD;
}
