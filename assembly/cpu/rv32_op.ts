// The operations that text is decoded to (rv32_decode.ts) and that the inner loop executes (rv32.ts).
//
// An operation has the name of its instruction, except for these:
//   SLOW          the instruction is executed from its word (rv32_slow.ts): what is rare, and what faults
//   LI, MV        a constant, a copy
//   NEG           sub with x0 as the first source; SNEZ, SGTZ: the same for sltu, slt
//   SB0, SH0, SW0 a store of x0
//   BEQZ to BLEZ  a branch that compares with x0
//   ADDSP         an addi that makes room on the stack: it faults below the stack of the thread
//   J, JR         jal and jalr that link to x0
//   J_YIELD       a J to a YIELD
//   COMPILED      compiled code begins here (rv32_compiled.ts)
//   CALL, YIELD   a kernel call by custom-0, and lwkt_yield among these
//   QUICK         a kernel call that the loop may perform itself (run/quick_calls.ts)
//   RELINQUISH    sched_relinquish on one CPU: a YIELD that sets a0 to 0
//   C_...         the compressed form, which advances the pc by two bytes
// Other instructions with x0 become one of these, too: `and rd, rs, x0` is LI.

/**
 * The rarest first; SLOW is 0, the content of memory where nothing was decoded. Behind each stands its
 * weight, roughly how often compiled programs execute it: the release build turns the loop's switch into a
 * tree of comparisons, and the weights tell it which paths to make short (scripts/table-jumps.mjs).
 */
export enum RvOp {
  SLOW, //    0.2
  MULHSU, //  0.1
  C_NOP, //   0.1
  NOP, //     0.2
  COMPILED, // 0.2
  SGTZ, //    0.2
  MULH, //    0.3
  SH0, //     0.3
  SLTI, //    0.4
  C_SW0, //   0.4
  ECALL, //   0.5
  DIV, //     0.5
  REM, //     0.5
  C_SRAI, //  0.5
  MULHU, //   0.6
  C_SRLI, //  0.6
  C_ADDSP, // 0.6
  DIVU, //    0.7
  REMU, //    0.7
  C_JALR, //  0.7
  SLTIU, //   1
  XORI, //    1
  ORI, //     1
  SRAI, //    1
  SLL, //     1
  SLT, //     1
  SLTU, //    1
  SRL, //     1
  SRA, //     1
  SNEZ, //    1
  LH, //      1
  SH, //      1
  C_ANDI, //  1
  C_SLLI, //  1
  C_SUB, //   1
  C_XOR, //   1
  C_OR, //    1
  C_AND, //   1
  NEG, //     2
  LB, //      2
  LHU, //     2
  SB0, //     2
  SW0, //     2
  BLTZ, //    2
  BGEZ, //    2
  BGTZ, //    2
  BLEZ, //    2
  OR, //      3
  AND, //     3
  MUL, //     3
  QUICK, //   3
  ADDSP, //   3
  JALR, //    3
  SLLI, //    4
  SRLI, //    4
  SUB, //     4
  C_LI, //    4
  C_BEQZ, //  4
  C_BNEZ, //  4
  ANDI, //    5
  XOR, //     5
  SB, //      5
  C_MV, //    5
  C_ADD, //   5
  C_SW, //    5
  LBU, //     6
  BLT, //     6
  BGE, //     6
  BLTU, //    6
  BGEU, //    6
  BEQ, //     8
  BNE, //     8
  C_ADDI, //  8
  C_LW, //    8
  LI, //      10
  MV, //      10
  ADD, //     10
  BEQZ, //    10
  BNEZ, //    10
  JAL, //     10
  JR, //      11
  J, //       14
  SW, //      14
  ADDI, //    20
  LW, //      20
  RELINQUISH, // 20
  CALL, //     24
  J_YIELD, //  24
  YIELD, //    48
}
