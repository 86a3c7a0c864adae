// Why an instruction could not be executed: kinds of faults.
/** It is no instruction of RV32IMAC, or names a register that the machine has not, or may not be used. */
export const RV_FAULT_ILLEGAL: u32 = 1;
/** Execution left the text. */
export const RV_FAULT_FETCH: u32 = 2;
/** A load from outside of guest memory. */
export const RV_FAULT_LOAD: u32 = 3;
/** A store outside of guest memory, or into the text. */
export const RV_FAULT_STORE: u32 = 4;
/** An atomic on an address that is no multiple of 4. */
export const RV_FAULT_MISALIGNED_ATOMIC: u32 = 6;
/** ebreak. */
export const RV_FAULT_BREAKPOINT: u32 = 7;
/** The stack pointer went below the stack of the thread. */
export const RV_FAULT_STACK: u32 = 8;

// On bare metal (sys/machine_mode.ts), what the loop leaves to the handling of traps, too.
/** ecall. */
export const RV_FAULT_ECALL: u32 = 9;
/** mret. */
export const RV_FAULT_MRET: u32 = 10;

/**
 * Event of the emulated CPU's loop, and value of gd_broken: a mark of a debugger, or an access to memory that it
 * watches, which the pc is on. Another value of gd_broken is the event of a fault, its kind above the low byte.
 */
export const RV_BREAK: u32 = 5;
