// What the kernel's release build inlines, and the build of the benchmarks' kernel, too.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import binaryen from "binaryen";
import { COLD, keepCalls } from "./inline-transform.mjs";
import { replaceTableJumps, weightsOf } from "./table-jumps.mjs";

/** Where the weights of the emulated CPU's operations stand. */
const OPERATIONS = new URL("../assembly/cpu/rv32_op.ts", import.meta.url);

/** The compiler's transform that comes first. */
export const INLINE_TRANSFORM = fileURLToPath(new URL("inline-transform.mjs", import.meta.url));

/** Sizes are Binaryen's, in nodes of its tree. A function with one caller is inlined, however long it is. */
const INLINING = { alwaysMax: 120, flexibleMax: 800, oneCallerMax: -1 };

/** The features of WebAssembly that the kernel uses: those of asconfig.json. */
const FEATURES = [
  "MVP",
  "BulkMemory",
  "BulkMemoryOpt",
  "MutableGlobals",
  "NontrappingFPToInt",
  "SignExt",
];

/** A kernel as a module of Binaryen, to be disposed of. */
export function readKernel(wasm) {
  const module = binaryen.readBinary(wasm);
  module.setFeatures(FEATURES.reduce((set, name) => set | binaryen.Features[name], 0));
  return module;
}

/** Binaryen's options belong to the process, and the compiler leaves its own behind: all that matter are set. */
function setOptimizations() {
  binaryen.setOptimizeLevel(3);
  binaryen.setShrinkLevel(0);
  binaryen.setGenerateStackIR(true);
  binaryen.setOptimizeStackIR(true);
  binaryen.setFastMath(false);
  // Nothing lies below the machine structure (MACHINE_ADDRESS): sums of an address and a small number may
  // become offsets of loads and stores.
  binaryen.setLowMemoryUnused(true);
  binaryen.setZeroFilledMemory(false);
  binaryen.setClosedWorld(false);
  binaryen.setAlwaysInlineMaxSize(INLINING.alwaysMax);
  binaryen.setFlexibleInlineMaxSize(INLINING.flexibleMax);
  binaryen.setOneCallerInlineMaxSize(INLINING.oneCallerMax);
  binaryen.setAllowInliningFunctionsWithLoops(true);
}

/**
 * Lets Binaryen inline far more than the compiler does by itself. A kernel call is a chain of small
 * functions, and in them the calls cost more than the work: threads are created and reaped in two thirds
 * of the time. What is rare stays a call. Its table jumps go, too. The kernel must have its functions' names.
 */
export function inlineFurther(wasm, rare) {
  const module = readKernel(wasm);
  setOptimizations();
  keepCalls(module, [...COLD, ...rare]);
  module.optimize();
  const weights = weightsOf(readFileSync(OPERATIONS, "utf8"), "RvOp");
  const weighted = replaceTableJumps(module, weights);
  if (weighted !== 1) throw new Error(`inline: ${weighted} switches over RvOp instead of one.`);
  binaryen.setDebugInfo(false); // the names have served
  const result = module.emitBinary();
  module.dispose();
  return result;
}
