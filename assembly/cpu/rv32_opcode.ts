// The opcodes of RV32 by their names in the manual: the low seven bits of an instruction.

export const OPCODE_MASK: u32 = 0x7f;
export const OP_LOAD: u32 = 0x03;
export const OP_CUSTOM_0: u32 = 0x0b; // a kernel call
export const OP_MISC_MEM: u32 = 0x0f; // fence, and fence.i
export const OP_IMM: u32 = 0x13;
export const OP_AUIPC: u32 = 0x17;
export const OP_STORE: u32 = 0x23;
export const OP_AMO: u32 = 0x2f;
export const OP: u32 = 0x33;
export const OP_LUI: u32 = 0x37;
export const OP_BRANCH: u32 = 0x63;
export const OP_JALR: u32 = 0x67;
export const OP_JAL: u32 = 0x6f;
export const OP_SYSTEM: u32 = 0x73;

// Two complete instructions of OP_SYSTEM.
export const ECALL: u32 = 0x00000073;
export const EBREAK: u32 = 0x00100073;

/** Position of a kernel call's number in its word. */
export const CALL_SHIFT: u32 = 20;
