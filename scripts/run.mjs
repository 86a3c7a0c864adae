// Builds what is stale, silently, and runs one of the bundled programs in this same process:
//
//   node scripts/run.mjs cli|bench|conformance|storms|fuzz|riscv-tests [argument ...]
//
// A second Node.js process would cost more than the check for stale parts does.

import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build, reportFailure, UsageError } from "./build.mjs";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const BUILDING = "building what has changed, all of it in a fresh checkout: a minute or two ...";
/** The programs, with what each needs besides itself: builds of the kernel that it can be asked to run, above all. */
const PROGRAMS = {
  cli: ["release", "codec", "index"], // a test that it searches imports the library
  bench: ["release", "check", "bench-kernel", "codec"],
  conformance: ["release", "check", "debug"],
  fuzz: ["release", "check", "codec"],
  storms: ["release", "check", "debug"],
  "riscv-tests": ["release", "check"],
};

async function run(program, args) {
  if (!Object.hasOwn(PROGRAMS, program ?? "")) {
    const what =
      program === undefined ? "Say which program to run" : `There is no ${program} to run`;
    throw new UsageError(`${what}; the programs are ${Object.keys(PROGRAMS).join(", ")}.`);
  }
  const onStale = () => process.stderr.write(`${BUILDING}\n`);
  await build({ parts: [...PROGRAMS[program], program], quiet: true, onStale });
  const path = join(ROOT, `dist/${program}.js`);
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
