// Fault kinds: why an instruction could not be executed.
/** Not an instruction of RV32IMAC, or one that names a register that does not exist or may not be used. */
export const RV_FAULT_ILLEGAL: u32 = 1;
/** Execution left the text. */
export const RV_FAULT_FETCH: u32 = 2;
/** A load from outside guest memory. */
export const RV_FAULT_LOAD: u32 = 3;
/** A store outside guest memory, or into the text. */
export const RV_FAULT_STORE: u32 = 4;
/** An atomic on an address that is not a multiple of 4. */
export const RV_FAULT_MISALIGNED_ATOMIC: u32 = 6;
/** ebreak. */
export const RV_FAULT_BREAKPOINT: u32 = 7;
/** The stack pointer went below the thread's stack. */
export const RV_FAULT_STACK: u32 = 8;

// On bare metal (sys/machine_mode.ts) the loop leaves these to trap handling, too.
/** ecall. */
export const RV_FAULT_ECALL: u32 = 9;
/** mret. */
export const RV_FAULT_MRET: u32 = 10;

/**
 * Event of the interpreter's loop, and value of gd_broken: the pc is at a debugger's breakpoint, or at an
 * access to watched memory. Any other value of gd_broken is the event of a fault, with its kind above the low
 * byte.
 */
export const RV_BREAK: u32 = 5;
