// Which functions of the kernel are rare: the build finds that out by counting how often each is entered in training
// (scripts/training/main.ts), and does not compile these into others (scripts/inline.mjs). They would make the others
// larger, which then take longer to be compiled and more of the processor's caches.

import binaryen from "binaryen";
import { codeOf } from "./branches.mjs";
import { readKernel } from "./inline.mjs";

/** What the kernel imports that counts: (number of the function). */
const COUNTER = { module: "training", name: "enter" };

/** A function is rare if it is entered less often than this. In training they are entered a hundred million times. */
const TIMES_MIN = 1_000;
/** One with a body of fewer bytes is hardly longer than its call. */
const BYTES_MIN = 40;

/**
 * The functions of a kernel that are rare, by their names. `train` does the training, with a kernel and what it imports
 * besides the host.
 */
export function rareFunctions(wasm, train) {
  const { counting, names } = withEntryCounters(wasm);
  const entries = new Float64Array(names.length);
  const enter = (number) => {
    entries[number]++;
  };
  train(counting, { [COUNTER.module]: { [COUNTER.name]: enter } });
  return names.filter((_, i) => entries[i] < TIMES_MIN);
}

/** A kernel that counts when it enters one of its longer functions, and their names. */
function withEntryCounters(wasm) {
  const sizes = codeOf(wasm).functions.map(({ size }) => size);
  const module = readKernel(wasm);
  module.addFunctionImport(COUNTER.name, COUNTER.module, COUNTER.name, binaryen.i32, binaryen.none);
  const names = [];
  let at = 0;
  for (let i = 0; i < module.getNumFunctions(); i++) {
    const reference = module.getFunctionByIndex(i);
    const { name, body, results } = binaryen.getFunctionInfo(reference);
    if (body === 0) continue; // an import
    if (sizes[at++] < BYTES_MIN) continue;
    const count = module.call(COUNTER.name, [module.i32.const(names.length)], binaryen.none);
    binaryen.Function.setBody(reference, module.block(null, [count, body], results));
    names.push(name);
  }
  if (at !== sizes.length) throw new Error("rare: some functions have no size.");
  const counting = module.emitBinary();
  module.dispose();
  return { counting, names };
}
