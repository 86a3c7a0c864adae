// Builds what is stale, silently, and runs one of the bundled programs in this same process:
//
//   node scripts/run.mjs cli|bench|conformance|storms|fuzz|riscv-tests [argument ...]
//
// A second Node.js process would cost more than the check for stale parts does.

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { BuildError, build, reportFailure } from "./build.mjs";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const BUILDING = "building what has changed, all of it in a fresh checkout: a minute or so ...";
/** What a program needs besides itself: builds of the kernel that it can be asked to run, above all. */
const NEEDS = {
  cli: ["release", "codec", "index"], // a test that it searches imports the library
  bench: ["release", "check", "bench-kernel", "codec"],
  conformance: ["release", "check", "debug"],
  fuzz: ["release", "check", "codec"],
  storms: ["release", "check", "debug"],
  "riscv-tests": ["release", "check"],
};

async function run(program, args) {
  const onStale = () => process.stderr.write(`${BUILDING}\n`);
  await build({ parts: [...(NEEDS[program] ?? []), program], quiet: true, onStale });
  const path = join(ROOT, `dist/${program}.js`);
  if (!existsSync(path)) throw new BuildError(`This tree has no ${program} program to run.`);
  process.argv = [process.argv[0], path, ...args];
  return pathToFileURL(path).href;
}

const [program, ...args] = process.argv.slice(2);
try {
  const url = await run(program, args);
  await import(url);
} catch (error) {
  reportFailure(error);
}
