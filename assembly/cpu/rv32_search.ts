// RV32 code under search: it stops before each visible operation, that is, before kernel calls, atomics, and
// loads and stores of shared words. Which words are shared is learned: those that at least two threads have
// touched in one schedule, one of them by a write. A thread's accesses to its own words run at full length;
// so does what the first thread does before it has created another one, which in every schedule comes before
// everything that others do. A word that a thread reads over and over, and does not write, without any visible
// operation, is taken to be shared as well: it waits for another one to write it.
//
// In a search loads, stores and kernel calls have no operations of their own (rv32_decode.ts), so that they
// all go through rv32_slow, and a machine that is not made for a search pays nothing.

import { Plant, planted } from "../sys/plant";
import { Thread } from "../sys/proc";
import {
  FENCED_ACQUIRE,
  FENCED_RELEASE,
  Learns,
  Pending,
  Search,
  SHARED,
  SHARED_ATOMIC_SHIFT,
  search,
  search_thread,
  TOUCH_SEVERAL,
  TOUCH_THREAD,
  TOUCH_WRITTEN,
  WRITES,
} from "../sys/search";
import { Sys } from "../sys/syscall";
import { td_index } from "../sys/thread";
import { rv_can_load, rv_get } from "./rv32_access";
import {
  Record,
  rv_fetch,
  rv_funct3,
  rv_host_address,
  rv_imm_i,
  rv_imm_s,
  rv_length,
  rv_rs1,
  rv_rs2,
  rv_text_behind,
  rv32_guest_pc,
} from "./rv32_decode";
import { RvOp } from "./rv32_op";
import {
  OP,
  OP_AMO,
  OP_AUIPC,
  OP_IMM,
  OP_LOAD,
  OP_LUI,
  OP_MISC_MEM,
  OP_STORE,
  OPCODE_MASK,
} from "./rv32_opcode";
import { is_reserved_elsewhere } from "./rv32_reserve";

const LR: u32 = 0x02;
const SC: u32 = 0x03;
const FENCE_SIZE: u32 = 4;
/** The bits of a word that tell a fence from fence.i and from everything else. */
const FENCE_MASK: u32 = 0x707f;
// Accesses that a fence orders.
const FENCE_R: u32 = 2;
const FENCE_W: u32 = 1;
const FENCE_RW: u32 = 3;
/** Maximum bytes from an access to its fence: both halves of an address, and a value, may be made in between. */
const FENCE_REACH: u32 = 20;

/**
 * True if a record is a kernel call, before which the thread at `td` must stop: sets s_op and s_op_word.
 * Other records that come here because they fault do not have a call's operands.
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
 * True if the thread at `td` must stop before the access of a record, whose word this is: sets s_op and
 * s_op_word. A thread that was granted this access continues, once.
 */
export function rv32_stops(td: usize, record: usize, word: u32): bool {
  const s = search();
  const isGranted = s.s_granted == td;
  s.s_granted = 0;
  const opcode = word & OPCODE_MASK;
  if (opcode != OP_LOAD && opcode != OP_STORE && opcode != OP_AMO) return false;
  const address = rv_get(td, rv_rs1(word)) + offset_of(opcode, word);
  const size: u32 = opcode == OP_AMO ? 4 : 1 << (rv_funct3(word) & 3);
  if (!rv_can_load(address, size)) return false; // a fault
  if (isGranted) {
    if (opcode == OP_STORE) note_store(s, td, word, address, size);
    return false;
  }
  const changes = opcode == OP_STORE || (opcode == OP_AMO && word >> 27 != LR);
  let isShared = touch(s, td, address >> 2, changes);
  const end = (address + size - 1) & ~3;
  const second = end == (address & ~3) ? 0 : end;
  if (second != 0 && touch(s, td, second >> 2, changes)) isShared = true;
  if (!isShared && opcode != OP_AMO) {
    if (opcode == OP_STORE) note_store(s, td, word, address, size);
    return false;
  }
  s.s_op = changes ? Pending.CHANGE : Pending.LOOK;
  s.s_op_word = address;
  s.s_op_second = second;
  s.s_op_size = size;
  s.s_op_reserves = u32(opcode == OP_AMO && (word >> 27 == LR || word >> 27 == SC));
  s.s_op_atomic = u32(opcode == OP_AMO || (s.s_races != 0 && is_ordered(opcode, record)));
  if (s.s_warms != 0 && (opcode == OP_AMO || is_ordered(opcode, record))) {
    note_atomic(s, address, size);
  }
  return true;
}

/** Notes whether the store that follows, of the thread at `td`, makes a difference to anything. */
function note_store(s: Search, td: usize, word: u32, address: u32, size: u32): void {
  const value = rv_get(td, rv_rs2(word));
  const at = rv_host_address(address);
  let isSame: bool;
  if (size == 4) isSame = load<u32>(at) == value;
  else if (size == 2) isSame = load<u16>(at) == <u16>value;
  else isSame = load<u8>(at) == <u8>value;
  if (planted(Plant.LOOP_NO_STORES)) return;
  if (!isSame || is_reserved_elsewhere(address, size)) s.s_version++;
}

// ---- Ordered accesses ----

/** The thread at `td` executes this fence: what it orders matters at its next visible operation. */
export function rv32_note_fence(td: usize, fence: u32): void {
  const before = (fence >> 24) & FENCE_RW;
  const after = (fence >> 20) & FENCE_RW;
  const sn = search_thread(td_index(changetype<Thread>(td)));
  if ((before & FENCE_R) != 0 && after == FENCE_RW) sn.sn_fenced |= FENCED_ACQUIRE;
  if (before == FENCE_RW && (after & FENCE_W) != 0) sn.sn_fenced |= FENCED_RELEASE;
}

/** These bytes of a shared word are known from here on to be those of an atomic variable. */
function note_atomic(s: Search, address: u32, size: u32): void {
  for (let byte = address; byte < address + size; byte++) {
    const entry = s.s_shared + <usize>(byte >> 2);
    if ((load<u8>(entry) & SHARED) == 0) continue;
    store<u8>(entry, load<u8>(entry) | <u8>((<u32>1) << (SHARED_ATOMIC_SHIFT + (byte & 3))));
  }
}

/**
 * True for what compilers make of C's atomic loads and stores, with nothing but arithmetic in between: a load before a
 * fence that delays all later accesses, a store after one that waits for all earlier ones, and a store before a
 * fence that makes a load wait for it, which only atomics need. Where a fence behind that load makes an atomic of it, the
 * fence before may be the load's own.
 */
function is_ordered(opcode: u32, record: usize): bool {
  const pc = rv32_guest_pc(record);
  const next = behind_arithmetic(pc + rv_length(pc));
  if (opcode == OP_LOAD) return is_acquiring(next);
  if (is_fence(next) && fence_before(next) == FENCE_RW && fence_after(next) == FENCE_RW) {
    const load = behind_arithmetic(next + FENCE_SIZE);
    if (is_load(load) && !is_acquiring(behind_arithmetic(load + rv_length(load)))) return true;
  }
  for (let at = pc - FENCE_SIZE; at >= pc - FENCE_REACH; at -= 2) {
    if (is_fence(at) && fence_before(at) == FENCE_RW && (fence_after(at) & FENCE_W) != 0) {
      if (behind_arithmetic(at + FENCE_SIZE) == pc) return true;
    }
  }
  return false;
}

/** True for a fence that delays all later accesses until loads before it are over. */
function is_acquiring(at: u32): bool {
  return is_fence(at) && (fence_before(at) & FENCE_R) != 0 && fence_after(at) == FENCE_RW;
}

function is_load(at: u32): bool {
  return rv_text_behind(at) >= FENCE_SIZE && (rv_fetch(at) & OPCODE_MASK) == OP_LOAD;
}

function is_fence(at: u32): bool {
  return rv_text_behind(at) >= FENCE_SIZE && (rv_fetch(at) & FENCE_MASK) == OP_MISC_MEM;
}

/** The accesses before a fence that later ones wait for. */
function fence_before(at: u32): u32 {
  return (rv_fetch(at) >> 24) & FENCE_RW;
}

/** The accesses after a fence that wait. */
function fence_after(at: u32): u32 {
  return (rv_fetch(at) >> 20) & FENCE_RW;
}

/** The first instruction from `at` on, within FENCE_REACH bytes, that is more than arithmetic. */
function behind_arithmetic(at: u32): u32 {
  const end = at + FENCE_REACH;
  while (at < end && rv_text_behind(at) >= FENCE_SIZE && is_arithmetic(rv_fetch(at))) {
    at += rv_length(at);
  }
  return at;
}

/** True for an instruction, in its form of 32 bits, that neither jumps nor accesses memory: OP-IMM, OP, LUI, AUIPC. */
function is_arithmetic(word: u32): bool {
  const opcode = word & OPCODE_MASK;
  return opcode == OP_IMM || opcode == OP || opcode == OP_LUI || opcode == OP_AUIPC;
}

function offset_of(opcode: u32, word: u32): i32 {
  if (opcode == OP_LOAD) return rv_imm_i(word);
  return opcode == OP_STORE ? rv_imm_s(word) : 0;
}

/** Records that a thread touches a word of guest memory; true if the word is shared. */
function touch(s: Search, td: usize, at: u32, changes: bool): bool {
  const shared = s.s_shared + <usize>at;
  const known = load<u8>(shared);
  if ((known & SHARED) != 0) return true;
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
  if (changes && s.s_learns == Learns.WRITES) store<u8>(shared, WRITES);
  const waits = !changes && s.s_learns == Learns.READS && known != WRITES;
  if (!waits && (now & (TOUCH_SEVERAL | TOUCH_WRITTEN)) != (TOUCH_SEVERAL | TOUCH_WRITTEN)) {
    return false;
  }
  store<u8>(shared, SHARED);
  s.s_learned++;
  return true;
}
