/** Debugging of RV32 threads: breakpoints, watched memory, single steps, and the way back. */

export { Debugger, type DebuggerOptions, type Stop } from "./debugger.js";
export { GdbSession, type SessionEnd, type SessionOptions } from "./gdb-session.js";
export type { WatchKind, Watchpoint } from "./stops.js";
