// The emulated CPU: runs RV32 threads, and switches between those that only yield.
//
// The inner loop of rv32_run executes one record (rv32_decode.ts) per iteration: one switch over its
// operation, with the pc, the thread and the scheduler's state in locals. Whatever is unusual leaves the loop
// with its reason in `exit`, is handled after it, and then either re-enters the loop or returns to
// run/run.ts. Nothing is called inside the loop: a call would cost every instruction the registers that it
// may clobber.
//
// Entry and exit. Outside the loop a thread's pc is the address of its next record (td_pc), and everything
// else that an instruction sees is in its registers and guest memory. So the loop can be entered at any
// instruction and left between any two. rv32_record and rv32_guest_pc convert between guest addresses and
// records.
//
// Time. Instructions are not counted. In straight-line code the pc is a clock of 32 units per instruction,
// because it advances by 32 (RECORD_SIZE). `clock` is what must be added to the pc to get the time in 32nds
// of a cycle: a jump subtracts from `clock` what it adds to the pc, and a compressed instruction, which
// advances the pc by only 16, adds the other 16. So the time, and with it the number of instructions, is
// exact at every instruction. It is compared with the slice's end wherever straight-line code ends: at taken
// branches, jumps and kernel calls. A jump to a yield is not such a place, because the yield is.
//
// The switch. If nothing unusual is pending, the kernel call lwkt_yield does here what lwkt_yield,
// lwkt_switch, cpu_switch and switch_in do in kern/: the same counts, states, hash and queue. If a thread or
// the kernel is in any other state, the call takes the slow path, which decides everything afresh; so the
// fast path may give up at any point before its first store. Three things are deferred to the end of the run,
// with the same result:
//  - A thread that is left gets 32 added to td_pri and becomes RUNQ, one that is switched to has 32
//    subtracted and becomes RUNNING: of all threads that the run passes through, only the first and the last
//    change in the end. (The assertion of lwkt_switch that td_pri is 32 or more cannot fail: a queued thread
//    that has run before left its CPU by a switch, which added 32 to a value that was not negative, and
//    nothing is subtracted while a thread does not run.)
//  - Switches are counted by how far the queue's head has moved.
//  - The queue's level is written back.
// FreeBSD's sched_relinquish is handled in the same way on one CPU. Under lwkt it is the same switch. Under
// 4bsd and ule a running thread is on no queue: it is put on its level while the loop runs, and its td_pri is
// left alone (kern/sched_turn.ts). A user thread that yields under lwkt joins the threads that wait for its
// slot in the same way.
//
// Rejected: operations that execute several instructions, or a whole short loop, at once, which double the
// speed of the programs they are made for and bring others 13 %, for four fifths of this file; looking ahead
// into loops that count or poll a word between yields, which the switch handles as fast; a table jump for the
// switch, see scripts/table-jumps.mjs.

import { ChunkList, SLOT_SIZE } from "../sys/chunklist";
import { GlobalData } from "../sys/globaldata";
import { machine } from "../sys/machine";
import { Thread } from "../sys/proc";
import { PLAIN_FIELD } from "../sys/thread";
import { pair_hash } from "../sys/trace_hash";
import { cpu_state, NO_RESERVATION } from "./cpu_state";
import { RV_FAULT } from "./rv32_access";
import { COMPILED_JUMPED, rv32_can_run_compiled, rv32_run_compiled } from "./rv32_compiled";
import {
  CLOCK_SHIFT,
  RECORD_HALF,
  RECORD_SHIFT,
  RECORD_SIZE,
  Record,
  rv32_record,
  rv32_record_length,
} from "./rv32_decode";
import { RvOp } from "./rv32_op";
import {
  distance,
  imm,
  left,
  link,
  right,
  set,
  src1,
  src2,
  stack_end,
  usrc1,
  usrc2,
  value,
} from "./rv32_operands";
import { reservation_suspend } from "./rv32_reserve";
import {
  call_number,
  leave_level,
  level_goes_on,
  next_level,
  run_begin,
  run_end,
  run_resume,
  run_switched,
  set_limit,
  slice_over,
  switch_budget,
  yield_to_self,
} from "./rv32_run";
import { RV_AGAIN, rv32_slow } from "./rv32_slow";
import {
  rv32_only_yields,
  rv32_yield_alone,
  rv32_yield_start,
  rv32_yield_turns,
} from "./rv32_yield";

export { RV_FAULT, rv32_fault_address } from "./rv32_access";
export { RV_POINT } from "./rv32_slow";

/** Event: after a kernel call, something other than RV32 code is to run. */
export const RV_LEFT: u32 = 1;
/** Event: the slice is over; with cycle_cost 0, RUN_INSTRUCTIONS_MAX instructions were executed. */
export const RV_SLICE: u32 = 3;
/** Event: Machine.run_switches is used up. */
const RV_SWITCHES: u32 = 4;

// Reasons to leave the inner loop. From EXIT_SLOW on the thread usually continues afterwards.
const EXIT_NONE: u32 = 0; //  stay
const EXIT_SLICE: u32 = 1; // check whether the slice or the budget of switches is over
const EXIT_CALL: u32 = 2; //  a kernel call
const EXIT_YIELD: u32 = 3; // a yield: the next thread is not known yet, or does not run plain RV32 code
const EXIT_SLOW: u32 = 4; //  execute the instruction, or its fault, by rv32_slow
const EXIT_TURNS: u32 = 5; // a yield: this thread and the next only yield
const EXIT_COMPILED: u32 = 6; // compiled code begins here

/**
 * Runs the CPU's current thread, an RV32 body without a pending continuation, and the threads that it
 * switches to by plain yields and kernel calls, until an event: RV_LEFT, RV_FAULT with its RV_FAULT_* above
 * the low byte (the pc is on the instruction), RV_BREAK (the pc is on a breakpoint), RV_POINT, RV_SLICE, or
 * RV_SWITCHES. Cycles, instructions, registers and the scheduler's state are then up to date.
 *
 * `Kernel` is a class whose method `call(gd, nr)` performs a kernel call of the current thread, with the pc
 * behind it, and is true if RV32 code of this CPU runs next; `quick(gd, td, nr)` is true if it has performed
 * a call of `td` that touches nothing that the loop keeps in locals. `turns_begin`, `turned` and `turns_end`
 * are those of kern/sched_turn.ts.
 */
export function rv32_run<Kernel>(gd: GlobalData): u32 {
  const m = machine();
  const cpu = cpu_state(gd);
  let budget = switch_budget(m);
  let first = gd.gd_curthread;
  let from = run_begin(m, gd);
  let td = changetype<usize>(first);
  let pc = load<usize>(td, offsetof<Thread>("td_pc"));
  let clock = from - <u64>pc;
  let hash = gd.gd_hash;
  let switchtime = gd.gd_switchtime;
  /** The level from which yields take threads, its head, and the head when switches were last counted. */
  let level: ChunkList | null = null;
  let head: usize = 0;
  let mark: usize = 0;
  let switches: u32 = 0;
  let event: u32 = 0;
  let a: i32 = 0;
  let b: i32 = 0;
  let at: u32 = 0;
  let far: usize = 0;
  let to: usize = 0;

  for (;;) {
    let exit = EXIT_NONE;
    for (; ; pc += RECORD_SIZE) {
      switch (changetype<Record>(pc).op) {
        // Register operations
        case RvOp.LI:
          set(td, pc, imm(pc));
          continue;
        case RvOp.MV:
          set(td, pc, src1(td, pc));
          continue;
        case RvOp.ADDI:
          set(td, pc, src1(td, pc) + imm(pc));
          continue;
        case RvOp.ADDSP:
          a = src1(td, pc) + imm(pc);
          if (<u32>a >= stack_end(cpu, td)) {
            set(td, pc, a);
            continue;
          }
          exit = EXIT_SLOW;
          break;
        case RvOp.SLTI:
          set(td, pc, i32(src1(td, pc) < imm(pc)));
          continue;
        case RvOp.SLTIU:
          set(td, pc, i32(<u32>src1(td, pc) < <u32>imm(pc)));
          continue;
        case RvOp.XORI:
          set(td, pc, src1(td, pc) ^ imm(pc));
          continue;
        case RvOp.ORI:
          set(td, pc, src1(td, pc) | imm(pc));
          continue;
        case RvOp.ANDI:
          set(td, pc, src1(td, pc) & imm(pc));
          continue;
        case RvOp.SLLI:
          set(td, pc, src1(td, pc) << imm(pc));
          continue;
        case RvOp.SRLI:
          set(td, pc, <i32>(<u32>src1(td, pc) >> imm(pc)));
          continue;
        case RvOp.SRAI:
          set(td, pc, src1(td, pc) >> imm(pc));
          continue;
        case RvOp.ADD:
          set(td, pc, src1(td, pc) + src2(td, pc));
          continue;
        case RvOp.SUB:
          set(td, pc, src1(td, pc) - src2(td, pc));
          continue;
        case RvOp.SLL:
          set(td, pc, src1(td, pc) << src2(td, pc));
          continue;
        case RvOp.SLT:
          set(td, pc, i32(src1(td, pc) < src2(td, pc)));
          continue;
        case RvOp.SLTU:
          set(td, pc, i32(<u32>src1(td, pc) < <u32>src2(td, pc)));
          continue;
        case RvOp.XOR:
          set(td, pc, src1(td, pc) ^ src2(td, pc));
          continue;
        case RvOp.SRL:
          set(td, pc, <i32>(<u32>src1(td, pc) >> src2(td, pc)));
          continue;
        case RvOp.SRA:
          set(td, pc, src1(td, pc) >> src2(td, pc));
          continue;
        case RvOp.OR:
          set(td, pc, src1(td, pc) | src2(td, pc));
          continue;
        case RvOp.AND:
          set(td, pc, src1(td, pc) & src2(td, pc));
          continue;
        case RvOp.NEG:
          set(td, pc, -src1(td, pc));
          continue;
        case RvOp.SNEZ:
          set(td, pc, i32(src1(td, pc) != 0));
          continue;
        case RvOp.SGTZ:
          set(td, pc, i32(src1(td, pc) > 0));
          continue;
        case RvOp.NOP:
          continue;

        // Multiplication and division: nothing traps, not even a division by zero
        case RvOp.MUL:
          set(td, pc, src1(td, pc) * src2(td, pc));
          continue;
        case RvOp.MULH:
          set(td, pc, <i32>((<i64>src1(td, pc) * <i64>src2(td, pc)) >> 32));
          continue;
        case RvOp.MULHSU:
          set(td, pc, <i32>((<i64>src1(td, pc) * <i64>usrc2(td, pc)) >> 32));
          continue;
        case RvOp.MULHU:
          set(td, pc, <i32>((<u64>usrc1(td, pc) * <u64>usrc2(td, pc)) >> 32));
          continue;
        case RvOp.DIV:
          a = src1(td, pc);
          b = src2(td, pc);
          set(td, pc, b == 0 ? -1 : b == -1 ? -a : a / b);
          continue;
        case RvOp.DIVU:
          a = src1(td, pc);
          b = src2(td, pc);
          set(td, pc, b == 0 ? -1 : <i32>(<u32>a / <u32>b));
          continue;
        case RvOp.REM:
          a = src1(td, pc);
          b = src2(td, pc);
          set(td, pc, b == 0 ? a : b == -1 ? 0 : a % b);
          continue;
        case RvOp.REMU:
          a = src1(td, pc);
          b = src2(td, pc);
          set(td, pc, b == 0 ? a : <i32>(<u32>a % <u32>b));
          continue;

        // Loads and stores
        case RvOp.LB:
          at = <u32>(src1(td, pc) + imm(pc));
          if (at < cpu.load1_end) {
            set(td, pc, load<i8>(cpu.guest + at));
            continue;
          }
          exit = EXIT_SLOW;
          break;
        case RvOp.LH:
          at = <u32>(src1(td, pc) + imm(pc));
          if (at < cpu.load2_end) {
            set(td, pc, load<i16>(cpu.guest + at));
            continue;
          }
          exit = EXIT_SLOW;
          break;
        case RvOp.LW:
          at = <u32>(src1(td, pc) + imm(pc));
          if (at < cpu.load4_end) {
            set(td, pc, load<i32>(cpu.guest + at));
            continue;
          }
          exit = EXIT_SLOW;
          break;
        case RvOp.LBU:
          at = <u32>(src1(td, pc) + imm(pc));
          if (at < cpu.load1_end) {
            set(td, pc, load<u8>(cpu.guest + at));
            continue;
          }
          exit = EXIT_SLOW;
          break;
        case RvOp.LHU:
          at = <u32>(src1(td, pc) + imm(pc));
          if (at < cpu.load2_end) {
            set(td, pc, load<u16>(cpu.guest + at));
            continue;
          }
          exit = EXIT_SLOW;
          break;
        case RvOp.SB:
          at = <u32>(src1(td, pc) + imm(pc)) - cpu.store_low;
          if (at < cpu.store1_end) {
            store<u8>(cpu.data + at, value(td, pc));
            continue;
          }
          exit = EXIT_SLOW;
          break;
        case RvOp.SH:
          at = <u32>(src1(td, pc) + imm(pc)) - cpu.store_low;
          if (at < cpu.store2_end) {
            store<u16>(cpu.data + at, value(td, pc));
            continue;
          }
          exit = EXIT_SLOW;
          break;
        case RvOp.SW:
          at = <u32>(src1(td, pc) + imm(pc)) - cpu.store_low;
          if (at < cpu.store4_end) {
            store<i32>(cpu.data + at, value(td, pc));
            continue;
          }
          exit = EXIT_SLOW;
          break;
        case RvOp.SB0:
          at = <u32>(src1(td, pc) + imm(pc)) - cpu.store_low;
          if (at < cpu.store1_end) {
            store<u8>(cpu.data + at, 0);
            continue;
          }
          exit = EXIT_SLOW;
          break;
        case RvOp.SH0:
          at = <u32>(src1(td, pc) + imm(pc)) - cpu.store_low;
          if (at < cpu.store2_end) {
            store<u16>(cpu.data + at, 0);
            continue;
          }
          exit = EXIT_SLOW;
          break;
        case RvOp.SW0:
          at = <u32>(src1(td, pc) + imm(pc)) - cpu.store_low;
          if (at < cpu.store4_end) {
            store<i32>(cpu.data + at, 0);
            continue;
          }
          exit = EXIT_SLOW;
          break;

        // Branches: the jump is behind the switch
        case RvOp.BEQ:
          if (left(td, pc) == right(td, pc)) break;
          continue;
        case RvOp.BNE:
          if (left(td, pc) != right(td, pc)) break;
          continue;
        case RvOp.BLT:
          if (left(td, pc) < right(td, pc)) break;
          continue;
        case RvOp.BGE:
          if (left(td, pc) >= right(td, pc)) break;
          continue;
        case RvOp.BLTU:
          if (<u32>left(td, pc) < <u32>right(td, pc)) break;
          continue;
        case RvOp.BGEU:
          if (<u32>left(td, pc) >= <u32>right(td, pc)) break;
          continue;
        case RvOp.BEQZ:
          if (left(td, pc) == 0) break;
          continue;
        case RvOp.BNEZ:
          if (left(td, pc) != 0) break;
          continue;
        case RvOp.BLTZ:
          if (left(td, pc) < 0) break;
          continue;
        case RvOp.BGEZ:
          if (left(td, pc) >= 0) break;
          continue;
        case RvOp.BGTZ:
          if (left(td, pc) > 0) break;
          continue;
        case RvOp.BLEZ:
          if (left(td, pc) <= 0) break;
          continue;

        // Jumps
        case RvOp.J:
          break;
        case RvOp.JAL:
          store<u32>(td + <usize>changetype<Record>(pc).a, changetype<Record>(pc).b);
          break;
        case RvOp.JR:
        case RvOp.JALR:
        case RvOp.C_JALR:
          at = (<u32>(src1(td, pc) + imm(pc)) & ~1) - cpu.origin;
          if (at >= cpu.text_size) {
            exit = EXIT_SLOW;
            break;
          }
          if (changetype<Record>(pc).op == RvOp.JALR) set(td, pc, link(cpu, pc + RECORD_SIZE));
          if (changetype<Record>(pc).op == RvOp.C_JALR) set(td, pc, link(cpu, pc + RECORD_HALF));
          to = cpu.decoded + ((<usize>at) << RECORD_SHIFT);
          clock += <u64>(pc + RECORD_SIZE) - <u64>to;
          if (clock + <u64>to < cpu.limit) {
            pc = to - RECORD_SIZE; // the loop continues at the next one
            continue;
          }
          pc = to;
          exit = EXIT_SLICE;
          break;
        case RvOp.J_YIELD:
          far = distance(pc);
          clock -= <i64>(<i32>far);
          pc += far;
          continue;

        // Compressed instructions: the next record is nearer
        case RvOp.C_LI:
          set(td, pc, imm(pc));
          pc -= RECORD_HALF;
          clock += RECORD_HALF;
          continue;
        case RvOp.C_MV:
          set(td, pc, src1(td, pc));
          pc -= RECORD_HALF;
          clock += RECORD_HALF;
          continue;
        case RvOp.C_ADDI:
          set(td, pc, src1(td, pc) + imm(pc));
          pc -= RECORD_HALF;
          clock += RECORD_HALF;
          continue;
        case RvOp.C_ADDSP:
          a = src1(td, pc) + imm(pc);
          if (<u32>a >= stack_end(cpu, td)) {
            set(td, pc, a);
            pc -= RECORD_HALF;
            clock += RECORD_HALF;
            continue;
          }
          exit = EXIT_SLOW;
          break;
        case RvOp.C_ANDI:
          set(td, pc, src1(td, pc) & imm(pc));
          pc -= RECORD_HALF;
          clock += RECORD_HALF;
          continue;
        case RvOp.C_SLLI:
          set(td, pc, src1(td, pc) << imm(pc));
          pc -= RECORD_HALF;
          clock += RECORD_HALF;
          continue;
        case RvOp.C_SRLI:
          set(td, pc, <i32>(<u32>src1(td, pc) >> imm(pc)));
          pc -= RECORD_HALF;
          clock += RECORD_HALF;
          continue;
        case RvOp.C_SRAI:
          set(td, pc, src1(td, pc) >> imm(pc));
          pc -= RECORD_HALF;
          clock += RECORD_HALF;
          continue;
        case RvOp.C_ADD:
          set(td, pc, src1(td, pc) + src2(td, pc));
          pc -= RECORD_HALF;
          clock += RECORD_HALF;
          continue;
        case RvOp.C_SUB:
          set(td, pc, src1(td, pc) - src2(td, pc));
          pc -= RECORD_HALF;
          clock += RECORD_HALF;
          continue;
        case RvOp.C_XOR:
          set(td, pc, src1(td, pc) ^ src2(td, pc));
          pc -= RECORD_HALF;
          clock += RECORD_HALF;
          continue;
        case RvOp.C_OR:
          set(td, pc, src1(td, pc) | src2(td, pc));
          pc -= RECORD_HALF;
          clock += RECORD_HALF;
          continue;
        case RvOp.C_AND:
          set(td, pc, src1(td, pc) & src2(td, pc));
          pc -= RECORD_HALF;
          clock += RECORD_HALF;
          continue;
        case RvOp.C_NOP:
          pc -= RECORD_HALF;
          clock += RECORD_HALF;
          continue;
        case RvOp.C_LW:
          at = <u32>(src1(td, pc) + imm(pc));
          if (at < cpu.load4_end) {
            set(td, pc, load<i32>(cpu.guest + at));
            pc -= RECORD_HALF;
            clock += RECORD_HALF;
            continue;
          }
          exit = EXIT_SLOW;
          break;
        case RvOp.C_SW:
          at = <u32>(src1(td, pc) + imm(pc)) - cpu.store_low;
          if (at < cpu.store4_end) {
            store<i32>(cpu.data + at, value(td, pc));
            pc -= RECORD_HALF;
            clock += RECORD_HALF;
            continue;
          }
          exit = EXIT_SLOW;
          break;
        case RvOp.C_SW0:
          at = <u32>(src1(td, pc) + imm(pc)) - cpu.store_low;
          if (at < cpu.store4_end) {
            store<i32>(cpu.data + at, 0);
            pc -= RECORD_HALF;
            clock += RECORD_HALF;
            continue;
          }
          exit = EXIT_SLOW;
          break;
        case RvOp.C_BEQZ:
          if (left(td, pc) == 0) break;
          pc -= RECORD_HALF;
          clock += RECORD_HALF;
          continue;
        case RvOp.C_BNEZ:
          if (left(td, pc) != 0) break;
          pc -= RECORD_HALF;
          clock += RECORD_HALF;
          continue;

        // Kernel calls
        case RvOp.SLOW:
          exit = EXIT_SLOW;
          break;
        case RvOp.COMPILED:
          exit = EXIT_COMPILED;
          break;
        case RvOp.CALL:
        case RvOp.ECALL:
          exit = EXIT_CALL;
          break;
        case RvOp.QUICK:
          // In the loop, where it costs other operations nothing: behind the loop a mutex takes 40 % longer.
          if (cpu.quick != 0 && clock + <u64>pc + RECORD_SIZE < cpu.limit) {
            if (changetype<Kernel>(0).quick(gd, changetype<Thread>(td), call_number(td, pc))) {
              cpu.reservation = NO_RESERVATION;
              continue;
            }
          }
          exit = EXIT_CALL;
          break;
        case RvOp.RELINQUISH:
          set(td, pc, 0);
        case RvOp.YIELD:
        default:
          // Repeats while the next thread yields at once, or after a jump: then it need not be looked up.
          for (;;) {
            const next = load<usize>(head); // initially head is 0, and there is no thread at 0
            if (load<u32>(next, PLAIN_FIELD) != cpu.plain) {
              exit = EXIT_YIELD;
              break;
            }
            const tail = head + cpu.gap;
            store<usize>(tail, next);
            changetype<Thread>(next).td_slot = tail;
            head += SLOT_SIZE;
            pc += RECORD_SIZE;
            const time = clock + <u64>pc;
            const now = time >> CLOCK_SHIFT;
            const last = changetype<Thread>(td);
            last.td_pc = <u32>pc;
            last.td_runtime += now - switchtime;
            last.td_nvcsw++;
            switchtime = now;
            hash = pair_hash(hash, (((<u64>td) << 32) | <u64>next) - cpu.td_bases, now);
            td = next;
            pc = changetype<Thread>(td).td_pc;
            clock = time - <u64>pc;
            exit = EXIT_SLICE;
            if (time >= cpu.limit) break;
            if (head == cpu.stop) break;
            exit = EXIT_NONE;
            const op = changetype<Record>(pc).op;
            if (op == RvOp.J_YIELD) {
              if (rv32_only_yields(cpu, pc, head)) {
                exit = EXIT_TURNS;
                break;
              }
              far = distance(pc);
              clock -= <i64>(<i32>far);
              pc += far + RECORD_SIZE;
            } else if (op != RvOp.YIELD) {
              break;
            }
          }
          if (exit != EXIT_NONE) break;
          pc -= RECORD_SIZE; // the loop continues at the next one
          continue;
      }
      if (exit != EXIT_NONE) break;
      // A jump, or a branch that is taken
      far = distance(pc);
      clock -= <i64>(<i32>far);
      pc += far;
      if (clock + <u64>pc + RECORD_SIZE < cpu.limit) continue;
      pc += RECORD_SIZE;
      exit = EXIT_SLICE;
      break;
    }

    if (exit >= EXIT_SLOW) {
      if (exit == EXIT_COMPILED) {
        const time = clock + <u64>pc;
        if (!rv32_can_run_compiled(cpu, pc)) continue;
        const result = rv32_run_compiled(
          cpu,
          td,
          pc,
          time < cpu.end ? (cpu.end - time) >> CLOCK_SHIFT : 0,
        );
        const executed = result & u32.MAX_VALUE;
        const next = <u32>(result >> 32);
        if (executed == 0) exit = EXIT_SLOW;
        else {
          cpu.sampled += executed << CLOCK_SHIFT; // samples are of interpreted code
          set_limit(m, cpu, time + (executed << CLOCK_SHIFT));
          pc = rv32_record(next & ~COMPILED_JUMPED);
          clock = time + (executed << CLOCK_SHIFT) - <u64>pc;
          if ((next & COMPILED_JUMPED) == 0 || !slice_over(m, cpu, pc, clock + <u64>pc)) continue;
        }
      }
      if (exit == EXIT_SLOW) {
        cpu.elapsed = (clock + <u64>pc - from) >> CLOCK_SHIFT;
        event = rv32_slow(gd, td, pc);
        if (event == RV_AGAIN) continue;
        if (event != 0) break;
        far = rv32_record_length(pc);
        pc += far;
        clock += RECORD_SIZE - far;
        continue;
      }
      if (exit == EXIT_TURNS) {
        const turns = head;
        head = rv32_yield_turns(cpu, td, pc, head, hash, switchtime);
        td = load<usize>(head - SLOT_SIZE);
        hash = cpu.turns_hash;
        switchtime += <u64>(head - turns) >> 1; // two cycles for each slot, of four bytes
        clock = (switchtime << CLOCK_SHIFT) - <u64>pc;
        if (clock + <u64>pc < cpu.limit && head != cpu.stop) continue;
      }
    }
    switches += <u32>((head - mark) / SLOT_SIZE);
    mark = head;
    // A yield. Without a level, and behind a tombstone, the next thread is yet to be found.
    if (exit == EXIT_YIELD) {
      if (level === null || load<usize>(head) == 0) {
        level = next_level<Kernel>(gd, level, head, budget - switches);
        if (level !== null) {
          head = level.head;
          mark = head;
          if (load<usize>(head) != td) continue;
          yield_to_self(gd, level);
          pc += RECORD_SIZE;
          clock += rv32_yield_alone(gd, level, pc, clock + <u64>pc);
          level = null;
          head = 0;
          mark = 0;
          if (!slice_over(m, cpu, pc, clock + <u64>pc)) continue;
          event = RV_SLICE;
          break;
        }
      } else if (rv32_yield_start(gd, changetype<Thread>(load<usize>(head)))) {
        continue;
      }
    }
    if (exit == EXIT_CALL || exit == EXIT_YIELD) {
      const call = call_number(td, pc);
      // A kernel call: writes back what it may look at, and reloads what it may change.
      pc += RECORD_SIZE;
      run_end(gd, from, clock + <u64>pc);
      store<usize>(td, pc, offsetof<Thread>("td_pc"));
      if (level !== null) leave_level<Kernel>(gd, level, head, td);
      level = null;
      head = 0;
      mark = 0;
      if (switches != 0) {
        run_switched(gd, first, changetype<Thread>(td), switches);
        gd.gd_hash = hash;
        gd.gd_switchtime = switchtime;
        switches = 0;
      }
      cpu.reservation = NO_RESERVATION;
      if (!changetype<Kernel>(0).call(gd, call)) return RV_LEFT;
      if (m.run_limited != 0) budget = switch_budget(m);
      from = run_resume(m, gd);
      first = gd.gd_curthread;
      td = changetype<usize>(first);
      pc = load<usize>(td, offsetof<Thread>("td_pc"));
      clock = from - <u64>pc;
      hash = gd.gd_hash;
      switchtime = gd.gd_switchtime;
      continue;
    }
    if (switches == budget) {
      event = RV_SWITCHES;
      break;
    }
    if (slice_over(m, cpu, pc, clock + <u64>pc)) {
      event = RV_SLICE;
      break;
    }
    if (level === null || head != cpu.stop) continue; // it was for a sample
    level = level_goes_on<Kernel>(gd, level, head, budget - switches);
    if (level !== null) head = level.head; // unchanged, because the running thread is on it
    mark = head;
  }

  run_end(gd, from, clock + <u64>pc);
  gd.gd_hash = hash;
  gd.gd_switchtime = switchtime;
  store<usize>(td, pc, offsetof<Thread>("td_pc"));
  if (level !== null) leave_level<Kernel>(gd, level, head, td);
  switches += <u32>((head - mark) / SLOT_SIZE);
  if (switches != 0) run_switched(gd, first, changetype<Thread>(td), switches);
  reservation_suspend(gd, (event & 0xff) == RV_FAULT);
  return event;
}
