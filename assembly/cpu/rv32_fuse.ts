// Fusing: a record whose neighbours make up a known sequence with it executes all of them.
//
// Only the first record's `op` changes: a fused operation takes the operands of the others from their
// own records, which stay as they are, so that jumps between them find normal instructions, and each
// of them may begin a sequence of its own. scripts/rv32-loop.mjs has the list of sequences.
import { RECORD_SIZE, Record, rv32_record } from "./rv32_decode";
import {
  PART_BRANCH,
  PART_FIRST_SHIFT,
  PART_INTO,
  PART_OP,
  PART_READS_C,
  PART_RESULT,
  PART_SECOND_SHIFT,
  PART_SOURCE,
  PART_SWAPS,
  ROW_LOOPS,
  rv32_fused_table,
} from "./rv32_op";

/** Most parts that a sequence has. */
export const FUSED_PARTS_MAX: u32 = 10;

/** Fuses what can be fused among the instructions from guest address `from` up to `to`. */
export function rv32_fuse(from: u32, to: u32): void {
  for (let pc = from; pc < to; pc += 4) {
    const op = best_match(rv32_record(pc), (to - pc) >> 2);
    if (op != 0) changetype<Record>(rv32_record(pc)).op = op;
  }
}

/** The first fused operation of the table that fits the `count` records at `record`, or 0. */
function best_match(record: usize, count: u32): u32 {
  for (let row = rv32_fused_table(); load<u32>(row) != 0; ) {
    const length = load<u32>(row, 4);
    const parts = length & ~ROW_LOOPS;
    if (parts <= count && row_matches(row + 8, parts, record)) {
      if ((length & ROW_LOOPS) == 0 || is_loop(row + 8, parts, record)) return load<u32>(row);
    }
    row += 8 + ((<usize>parts) << 2);
  }
  return 0;
}

/** What the table says of part k. */
function part_at(row: usize, k: u32): u32 {
  return load<u32>(row + ((<usize>k) << 2));
}

/** The k-th record from `record` on. */
function record_at(record: usize, k: u32): Record {
  return changetype<Record>(record + <usize>k * RECORD_SIZE);
}

/** The part of which a source must be the result, counted from 1; 0 if the table does not say it. */
function first_of(part: u32): u32 {
  return (part >> PART_FIRST_SHIFT) & PART_SOURCE;
}

function second_of(part: u32): u32 {
  return (part >> PART_SECOND_SHIFT) & PART_SOURCE;
}

function row_matches(row: usize, parts: u32, record: usize): bool {
  for (let k: u32 = 0; k < parts; k++) {
    if (record_at(record, k).op != (part_at(row, k) & PART_OP)) return false;
  }
  for (let k: u32 = 0; k < parts; k++) {
    if (!is_linked(part_at(row, k), record, k)) return false;
  }
  return true;
}

/** True when the sources of part k are the results that the table says. */
function is_linked(part: u32, at: usize, k: u32): bool {
  const record = record_at(at, k);
  const first = first_of(part);
  if (first != 0) {
    const result = record_at(at, first - 1).a;
    if (!takes_first(part, record, result)) return false;
    if ((part & PART_INTO) != 0) {
      if (record.a != result || ((part & PART_READS_C) != 0 && record.c == result)) return false;
    }
  }
  const second = second_of(part);
  return second == 0 || second_source(part, record) == record_at(at, second - 1).a;
}

/** True when the first source is `result`; the sources change places if that helps. */
function takes_first(part: u32, record: Record, result: u32): bool {
  if ((part & PART_BRANCH) != 0) {
    if (record.a == result) return true;
    if ((part & PART_SWAPS) == 0 || record.b != result) return false;
    record.b = record.a;
    record.a = result;
    return true;
  }
  if (record.b == result) return true;
  if ((part & PART_SWAPS) == 0 || record.c != result) return false;
  record.c = record.b;
  record.b = result;
  return true;
}

function first_source(part: u32, record: Record): u32 {
  return (part & PART_BRANCH) != 0 ? record.a : record.b;
}

/** The register of the second source, or 0: in a loop a part without a result is a store or a branch. */
function second_source(part: u32, record: Record): u32 {
  if ((part & PART_RESULT) != 0) return (part & PART_READS_C) != 0 ? record.c : 0;
  return (part & PART_BRANCH) != 0 ? record.b : record.a;
}

/**
 * True when the last of the matching `parts` records is a branch back to the first, and the registers are
 * as the loop's locals are: one for each result that does not overwrite another one, and no other
 * source than the known ones changes.
 */
function is_loop(row: usize, parts: u32, record: usize): bool {
  if (record_at(record, parts - 1).c != -(parts * <u32>RECORD_SIZE)) return false;
  for (let k: u32 = 0; k < parts; k++) {
    const part = part_at(row, k);
    const own = record_at(record, k);
    if (first_of(part) == 0 && changes(row, parts, record, first_source(part, own))) return false;
    if (second_of(part) == 0 && changes(row, parts, record, second_source(part, own))) return false;
    if ((part & PART_RESULT) == 0 || (part & PART_INTO) != 0) continue;
    if (changes(row, k, record, own.a)) return false;
  }
  return true;
}

/** True when one of the first `parts` parts has its result in a register. */
function changes(row: usize, parts: u32, record: usize, register: u32): bool {
  for (let k: u32 = 0; k < parts; k++) {
    if ((part_at(row, k) & PART_RESULT) != 0 && record_at(record, k).a == register) return true;
  }
  return false;
}
