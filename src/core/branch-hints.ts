// The kernel's WebAssembly says which way its branches go (scripts/branches.mjs). V8 listens to that only where a flag
// of its says so, which Node.js can set at run time; a module keeps what it was compiled with. Elsewhere, and in hosts
// without the flag, the hints are skipped: all runs are the same, and take more time.

const FLAG = "experimental-wasm-branch-hinting";
/** Versions of V8 that are known to have the flag: to one that it does not have, V8 objects on the standard error. */
const V8_FIRST = 11;
const V8_LAST = 13;

/** Compiles a module, with its branch hints where the host can. The flag is left as Node.js has it by default: off. */
export function compileModule(bytes: BufferSource): WebAssembly.Module {
  const v8 = v8IfKnown();
  v8?.setFlagsFromString(`--${FLAG}`);
  try {
    return new WebAssembly.Module(bytes);
  } finally {
    v8?.setFlagsFromString(`--no-${FLAG}`);
  }
}

/** Node.js's own V8; undefined where it is another one, or none. */
function v8IfKnown(): typeof import("node:v8") | undefined {
  const { process } = globalThis;
  const { v8, bun, deno } = process?.versions ?? {};
  if (bun !== undefined || deno !== undefined) return undefined; // they answer in Node.js's name
  const major = Number(/^(\d+)\..*-node\./.exec(v8 ?? "")?.[1]);
  if (!(major >= V8_FIRST && major <= V8_LAST)) return undefined;
  return process.getBuiltinModule?.("node:v8");
}
