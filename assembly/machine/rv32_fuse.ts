// Fusing: a record whose instruction often precedes its neighbour's executes both.
//
// Only the first record's `op` changes: a fused operation takes the second one's operands from the
// second record, which stays as it is, so that jumps between the two find a normal instruction.

/** Fuses what can be fused among the instructions from guest address `from` up to `to`. */
export function rv32_fuse(from: u32, to: u32): void {}
