/** Compiled execution: guest text to WebAssembly, when it is hot. */

export { Compiler, type CompilerCounters, type CompilerOptions } from "./compiler.js";
