// Fusing: a record whose neighbours make up a known sequence with it executes all of them.
//
// Only the first record's `op` changes: a fused operation takes the operands of the others from their
// own records, which stay as they are, so that jumps between them find normal instructions, and each
// of them may begin a sequence of its own. scripts/rv32-loop.mjs has the list of sequences.
import { RECORD_SIZE, Record, rv32_record } from "./rv32_decode";
import {
  PART_BRANCH,
  PART_INTO,
  PART_OP,
  PART_READS_C,
  PART_RESULT,
  PART_SELF,
  PART_SWAPS,
  PART_TO,
  ROW_LOOPS,
  rv32_fused_table,
} from "./rv32_op";

/** Most parts that a sequence has. */
export const FUSED_PARTS_MAX: u32 = 6;

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
      if ((length & ROW_LOOPS) == 0 || loops(record, parts)) return load<u32>(row);
    }
    row += 8 + ((<usize>parts) << 2);
  }
  return 0;
}

/** True when the last of `parts` records is a branch back to the first. */
function loops(record: usize, parts: u32): bool {
  const last = changetype<Record>(record + <usize>(parts - 1) * RECORD_SIZE);
  return last.c == -(parts * <u32>RECORD_SIZE);
}

function row_matches(row: usize, parts: u32, record: usize): bool {
  for (let k: u32 = 0; k < parts; k++) {
    const part = load<u32>(row + ((<usize>k) << 2));
    if (changetype<Record>(record + <usize>k * RECORD_SIZE).op != (part & PART_OP)) return false;
  }
  for (let k: u32 = 0; k < parts; k++) {
    const part = load<u32>(row + ((<usize>k) << 2));
    const at = record + <usize>k * RECORD_SIZE;
    if ((part & (PART_TO | PART_INTO)) != 0 && !is_linked(part, at)) return false;
    if ((part & PART_SELF) != 0 && !is_only_self(row, parts, record, k)) return false;
  }
  return true;
}

/** True when the record at `at` takes the result of the one before it as the part's link says. */
function is_linked(part: u32, at: usize): bool {
  const record = changetype<Record>(at);
  const result = changetype<Record>(at - RECORD_SIZE).a;
  if (!takes_first(part, record, result)) return false;
  if ((part & PART_INTO) == 0) return true;
  return record.a == result && ((part & PART_READS_C) == 0 || record.c != result);
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

/** True when part k adds to its own source, which no other part of the loop writes. */
function is_only_self(row: usize, parts: u32, record: usize, k: u32): bool {
  const self = changetype<Record>(record + <usize>k * RECORD_SIZE);
  if (self.a != self.b) return false;
  for (let other: u32 = 0; other < parts; other++) {
    if (other == k) continue;
    const has_result = (load<u32>(row + ((<usize>other) << 2)) & PART_RESULT) != 0;
    const at = record + <usize>other * RECORD_SIZE;
    if (has_result && changetype<Record>(at).a == self.a) return false;
  }
  return true;
}
