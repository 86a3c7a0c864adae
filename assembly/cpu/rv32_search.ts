// RV32 code under search: it stops before each visible operation, which are kernel calls, atomics, and loads and
// stores of words that threads share. Which words these are is learned: those that at least two threads have touched
// in one schedule, and one of them has written. What a thread does with words of its own goes on at full length. So does
// what the first thread does before it has made another one: in no schedule does that come behind anything of others.
//
// Loads, stores and kernel calls have no records of their own then (rv32_decode.ts), so that all of them come through
// rv32_slow, and a machine that is not made for a search pays nothing.

import { Thread } from "../sys/proc";
import { Pending, Search, search, TOUCH_SEVERAL, TOUCH_THREAD, TOUCH_WRITTEN } from "../sys/search";
import { Sys } from "../sys/syscall";
import { td_index } from "../sys/thread";
import { rv_can_load, rv_get } from "./rv32_access";
import {
  Record,
  rv_fetch,
  rv_funct3,
  rv_imm_i,
  rv_imm_s,
  rv_length,
  rv_rs1,
  rv_text_behind,
  rv32_guest_pc,
} from "./rv32_decode";
import { RvOp } from "./rv32_op";
import { OP_AMO, OP_LOAD, OP_MISC_MEM, OP_STORE, OPCODE_MASK } from "./rv32_opcode";

const LR: u32 = 0x02;

/**
 * True if a record is a kernel call, before which the thread at `td` must stop: s_op and s_op_word say which. Records
 * that the loop executes, and that come here because they fault, have operands where those of calls say what they are.
 */
export function rv32_stops_at_call(td: usize, record: usize): bool {
  const call = changetype<Record>(record);
  if (call.op != RvOp.SLOW || call.b == RvOp.SLOW) return false;
  const nr = call.b == RvOp.ECALL ? load<u32>(td + <usize>call.a) : call.c;
  const s = search();
  s.s_op = nr == Sys.body_return ? Pending.RETURN : Pending.CALL;
  s.s_op_word = nr;
  return true;
}

/**
 * True if the thread at `td` must stop before the access that is the word of a record: s_op and s_op_word say what it
 * is to do. A thread that was granted its access, at which it stands, goes on, once.
 */
export function rv32_stops(td: usize, record: usize, word: u32): bool {
  const s = search();
  if (s.s_granted == td) {
    s.s_granted = 0;
    return false;
  }
  const opcode = word & OPCODE_MASK;
  if (opcode != OP_LOAD && opcode != OP_STORE && opcode != OP_AMO) return false;
  const address = rv_get(td, rv_rs1(word)) + offset_of(opcode, word);
  const size: u32 = opcode == OP_AMO ? 4 : 1 << (rv_funct3(word) & 3);
  if (!rv_can_load(address, size)) return false; // a fault
  const changes = opcode == OP_STORE || (opcode == OP_AMO && word >> 27 != LR);
  let isShared = touch(s, td, address >> 2, changes);
  const end = (address + size - 1) & ~3;
  const second = end == (address & ~3) ? 0 : end;
  if (second != 0 && touch(s, td, second >> 2, changes)) isShared = true;
  if (!isShared && opcode != OP_AMO) return false;
  s.s_op = changes ? Pending.CHANGE : Pending.LOOK;
  s.s_op_word = address;
  s.s_op_second = second;
  s.s_op_size = size;
  s.s_op_atomic = u32(opcode == OP_AMO || (s.s_races != 0 && is_ordered(opcode, record)));
  return true;
}

/** True for a load before a fence and a store behind one: what compilers make of C's atomic loads and stores. */
function is_ordered(opcode: u32, record: usize): bool {
  const pc = rv32_guest_pc(record);
  const at = opcode == OP_LOAD ? pc + rv_length(pc) : pc - 4;
  return rv_text_behind(at) >= 4 && (rv_fetch(at) & OPCODE_MASK) == OP_MISC_MEM;
}

function offset_of(opcode: u32, word: u32): i32 {
  if (opcode == OP_LOAD) return rv_imm_i(word);
  return opcode == OP_STORE ? rv_imm_s(word) : 0;
}

/** Remembers that a thread touches a word of guest memory; true if threads share it. */
function touch(s: Search, td: usize, at: u32, changes: bool): bool {
  const shared = s.s_shared + <usize>at;
  if (load<u8>(shared) != 0) return true;
  if (s.s_alone != 0) return false;
  const entry = s.s_touch + <usize>at * sizeof<u16>();
  const old = load<u16>(entry);
  const me = <u16>(td_index(changetype<Thread>(td)) + 1);
  let now = old;
  if (old == 0) {
    store<u32>(s.s_touched + <usize>s.s_touched_count * sizeof<u32>(), at);
    s.s_touched_count++;
    now = me;
  } else if ((old & TOUCH_THREAD) != me) now |= TOUCH_SEVERAL;
  if (changes) now |= TOUCH_WRITTEN;
  store<u16>(entry, now);
  if ((now & (TOUCH_SEVERAL | TOUCH_WRITTEN)) != (TOUCH_SEVERAL | TOUCH_WRITTEN)) return false;
  store<u8>(shared, 1);
  s.s_learned++;
  return true;
}
