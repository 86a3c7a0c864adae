// What a run of the inner loop (rv32.ts) takes over when it begins, and gives back when it ends or does
// something that others can see: its time, its switches, and the run queue level from which yields take
// threads.
//
// Locking: the running CPU's own.

import { CHUNK_MASK, CHUNK_SIZE, CHUNK_SLOTS, ChunkList, SLOT_SIZE } from "../sys/chunklist";
import { GlobalData, globaldata } from "../sys/globaldata";
import { Machine, machine, Sched } from "../sys/machine";
import { RUN_INSTRUCTIONS_MAX, SEARCH_INSTRUCTIONS_MAX } from "../sys/param";
import { TDB, TDPRI_CRIT, TDS, Thread } from "../sys/proc";
import { runq_append, runq_take } from "../sys/runq";
import { plain_word } from "../sys/thread";
import { CpuState, cpu_state, NO_RESERVATION } from "./cpu_state";
import { rv32_sample } from "./rv32_compiled";
import { CLOCK_SHIFT, Record, rv_host_address } from "./rv32_decode";
import { RvOp } from "./rv32_op";
import { reservation_resume, set_load_room, set_store_end } from "./rv32_reserve";
import { rv32_yield_level } from "./rv32_yield";

/** Latest end of a slice whose 32nds fit into 64 bits. */
const SLICE_END_MAX: u64 = 1 << 58;

/** Sets the CPUs' constants, at boot, after the arenas are laid out. */
export function rv32_init(): void {
  const m = machine();
  const origin = m.guest_origin;
  const room = m.guest_size - (m.guest_low - origin);
  m.store_end = origin + m.guest_size;
  const text = m.metal != 0 ? 0 : m.text_size; // bytes that cannot be stored to
  for (let cpuid: u32 = 0; cpuid < m.ncpus; cpuid++) {
    const cpu = cpu_state(globaldata(cpuid));
    cpu.td_bases = ((<u64>m.td_base) << 32) | <u64>m.td_base;
    cpu.origin = origin;
    cpu.store_low = origin + text;
    cpu.guest = rv_host_address(m.guest_low);
    cpu.data = rv_host_address(cpu.store_low);
    cpu.text_size = m.text_size;
    cpu.decoded = m.decoded_base;
    cpu.stacks = m.stack_base - (m.td_base >> 4);
    set_load_room(cpu, room);
    set_store_end(cpu, m.store_end);
    cpu.shares = m.sched == Sched.LWKT && m.lwkt_modern == 0 ? 0 : 1;
    cpu.plain = plain_word(TDB.RV32, cpuid);
  }
}

/** Sets what is constant for one run of the inner loop; returns the time in 32nds of a cycle. */
export function run_begin(m: Machine, gd: GlobalData): u64 {
  const cpu = cpu_state(gd);
  cpu.stop = 0;
  cpu.turns = 0;
  reservation_resume(gd);
  const idle = m.cycle_cost == 0;
  cpu.quick = idle || m.run_limited != 0 || m.lock_watch != 0 ? 0 : 1;
  const from = idle ? 0 : gd.gd_cycles << CLOCK_SHIFT;
  const most = m.search != 0 ? SEARCH_INSTRUCTIONS_MAX : RUN_INSTRUCTIONS_MAX;
  cpu.end = idle ? most << CLOCK_SHIFT : min<u64>(gd.gd_slice_end, SLICE_END_MAX) << CLOCK_SHIFT;
  set_limit(m, cpu, from);
  return from;
}

/**
 * Sets the time at which the inner loop is left: the slice's end, or the compiler's next sample if that is
 * earlier: a period from now, or where instructions take no time, as it begins again at each kernel call, a
 * period after the last one.
 */
export function set_limit(m: Machine, cpu: CpuState, time: u64): void {
  const period = (<u64>m.jit_period) << CLOCK_SHIFT;
  if (period == 0) {
    cpu.limit = cpu.end;
    return;
  }
  const last = m.cycle_cost == 0 ? <i64>cpu.sampled : <i64>time;
  cpu.limit = min<u64>(cpu.end, <u64>max<i64>(last + <i64>period, 0));
}

/** True if the slice is over at `time`, in 32nds, at the record `pc`. */
export function slice_over(m: Machine, cpu: CpuState, pc: usize, time: u64): bool {
  return time >= cpu.limit && is_over(m, cpu, pc, time);
}

/** The same at the limit: takes the sample that may be due. */
function is_over(m: Machine, cpu: CpuState, pc: usize, time: u64): bool {
  if (m.jit_period != 0) rv32_sample(cpu, pc, time);
  if (time >= cpu.end) return true;
  set_limit(m, cpu, time);
  return false;
}

/** Number of switches that the run call still allows. */
export function switch_budget(m: Machine): u32 {
  return m.run_limited != 0 ? <u32>min<u64>(m.run_switches, u32.MAX_VALUE) : u32.MAX_VALUE;
}

/**
 * The level that the next thread is taken from, or null if the yield must take the slow path. First gives
 * `level` back; sets how far the loop may move the new level's head.
 */
export function next_level<Kernel>(
  gd: GlobalData,
  level: ChunkList | null,
  head: usize,
  budget: u32,
): ChunkList | null {
  give_level<Kernel>(gd, level, head);
  const next = rv32_yield_level<Kernel>(gd, level);
  if (next === null) return null;
  const tail = next.tail;
  const slots = CHUNK_SIZE - max(next.head & CHUNK_MASK, tail & CHUNK_MASK);
  const cpu = cpu_state(gd);
  cpu.gap = tail - next.head;
  cpu.turned = next.head;
  cpu.stop = next.head + min<usize>(slots, min<usize>(budget, CHUNK_SLOTS) * SLOT_SIZE);
  return next;
}

/** next_level at the end of a chunk or of the budget: not as often as to be compiled into the loop once more. */
export function level_goes_on<Kernel>(
  gd: GlobalData,
  level: ChunkList,
  head: usize,
  budget: u32,
): ChunkList | null {
  return next_level<Kernel>(gd, level, head, budget);
}

/** Updates a level's head. */
function give_level<Kernel>(gd: GlobalData, level: ChunkList | null, head: usize): void {
  if (level === null) return;
  const cpu = cpu_state(gd);
  level.head = head;
  level.tail = head + cpu.gap;
  if (cpu.turns == 0) return;
  changetype<Kernel>(0).turned(cpu.turned + cpu.gap, head + cpu.gap);
  cpu.turned = head;
}

/** Gives a level back to the queue; `td` is running. */
export function leave_level<Kernel>(
  gd: GlobalData,
  level: ChunkList,
  head: usize,
  td: usize,
): void {
  give_level<Kernel>(gd, level, head);
  const cpu = cpu_state(gd);
  if (cpu.turns == 0) return;
  cpu.turns = 0;
  changetype<Kernel>(0).turns_end(gd, level, changetype<Thread>(td));
}

/** A yield has picked the same thread again: only moves it to its level's tail. */
export function yield_to_self(gd: GlobalData, level: ChunkList): void {
  const td = runq_take(level);
  if (td !== null) runq_append(level, td);
  gd.gd_switch_count++;
  cpu_state(gd).reservation = NO_RESERVATION;
}

/** The number of the kernel call at a record. */
export function call_number(td: usize, at: usize): u32 {
  const record = changetype<Record>(at);
  return record.op == RvOp.ECALL ? load<u32>(td + record.a) : record.c;
}

/** Accounts for what the run has deferred: it went from `first` to `td` in `switches` switches. */
export function run_switched(gd: GlobalData, first: Thread, td: Thread, switches: u32): void {
  const m = machine();
  if (m.sched == Sched.LWKT) {
    first.td_pri += TDPRI_CRIT;
    td.td_pri -= TDPRI_CRIT;
  }
  first.td_state = <u8>TDS.RUNQ;
  td.td_state = <u8>TDS.RUNNING;
  gd.gd_curthread = td;
  m.last_thread = td;
  gd.gd_switches += switches;
  gd.gd_switch_count += switches;
  if (m.run_limited != 0) m.run_switches -= switches;
}

/** The time, in 32nds of a cycle, at which a run goes on after a kernel call. */
export function run_resume(m: Machine, gd: GlobalData): u64 {
  return m.cycle_cost != 0 ? gd.gd_cycles << CLOCK_SHIFT : begin_again(m, gd);
}

/** Time begins at 0 again, where instructions take none. */
function begin_again(m: Machine, gd: GlobalData): u64 {
  set_limit(m, cpu_state(gd), 0);
  return 0;
}

/**
 * Ends a run that began at time `from` and ends at `time`, both in 32nds of a cycle. Where instructions take no
 * time, the next one begins at 0 again.
 */
export function run_end(gd: GlobalData, from: u64, time: u64): void {
  const instructions = (time - from) >> CLOCK_SHIFT;
  gd.gd_instructions += instructions;
  if (machine().cycle_cost != 0) gd.gd_cycles += instructions;
  else cpu_state(gd).sampled -= time;
}
