/** Compiled execution: guest text to WebAssembly, when it is hot. */

export { CompiledPart } from "./compiled-part.js";
export { Compiler, type CompilerCounters, type CompilerOptions } from "./compiler.js";
