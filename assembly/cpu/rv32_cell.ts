// What does not change during a run of the inner loop (rv32.ts), at addresses that the compiler knows. As
// locals these values would compete for registers with those that do change; from here each is an
// operand in memory of the one instruction that needs it. rv32_run fills them in whenever it starts.
const CELL: usize = memory.data(96, 32);

/** Address of guest memory, and of the first byte behind the text. */
export const GUEST: usize = CELL;
export const DATA: usize = CELL + 4;
/** Bytes and words of text, and the address of the first record. */
export const TEXT: usize = CELL + 8;
export const WORDS: usize = CELL + 12;
export const DECODED: usize = CELL + 16;
/** Below these may a load of 1, 2 and 4 bytes begin, and a store that far behind the text. */
export const LOAD1: usize = CELL + 20;
export const LOAD2: usize = CELL + 24;
export const LOAD4: usize = CELL + 28;
export const STORE1: usize = CELL + 32;
export const STORE2: usize = CELL + 36;
export const STORE4: usize = CELL + 40;
/** td_base in both halves of a u64. */
export const TD_BASES: usize = CELL + 72;
/** Distance from the head of the level that yields take threads from to its tail. */
export const GAP: usize = CELL + 52;
/** Where the head needs attention: at the end of a chunk, or of the budget of switches. */
export const STOP: usize = CELL + 56;
/** td_kfn to td_body of a thread of this CPU that runs plain RV32 code, as one word. */
export const PLAIN: usize = CELL + 60;
/** u64: the end of the slice, in sixteenths of a cycle. */
export const LIMIT: usize = CELL + 64;
/** u64: the multiplier of switch_hash. */
export const MULTIPLIER: usize = CELL + 80;
