// Runs self-checking programs for bare metal, such as RISC-V's own tests (riscv-tests), in every way there is:
//
//   npm run -s riscv-tests -- PATH... [--build release|check|debug]
//
// A path is an ELF file or a folder of them; what is no ELF file is left out (riscv-tests puts listings beside
// its programs). Each program runs on the release and the check build, interpreted, with the compiler as `exec --bare`
// has it, and once more with all compiled that it has executed before. Prints each run that does not pass; the
// last line says how many passed and failed. Exit code 0 when all passed, 1 when one failed, 2 when there is
// nothing to run.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { KernelBuild } from "../../src/core/instantiate.js";
import { parseElf, SymbolTable } from "../../src/elf/index.js";
import { type BareEnd, BareMetal, type BareProgram } from "../../src/machine/bare-metal.js";
import { WarmMetal } from "./warm-metal.js";

/** Cycles after which a program is taken to hang; the longest of riscv-tests takes some 20,000. */
const LIMIT = 10_000_000n;
const ELF_MAGIC = "\x7fELF";

/** An error in the command line or its files. */
class InputError extends Error {}

const builds: readonly KernelBuild[] = ["release", "check", "debug"];

/** A way to run a program: its end, and how many of its instructions were compiled. */
type Way = (program: BareProgram, build: KernelBuild) => { end: BareEnd; compiled: number };

const ways: Readonly<Record<string, Way>> = {
  interpreted: (program, build) => runPlain(program, build, false),
  "with the compiler": (program, build) => runPlain(program, build, true),
  "all compiled": (program, build) => {
    const warm = new WarmMetal(program, build);
    const first = warm.run(LIMIT);
    if (first.reason !== "exit" || !warm.rewind()) return { end: first, compiled: 0 };
    return { end: warm.run(LIMIT), compiled: warm.compiled };
  },
};

function runPlain(program: BareProgram, build: KernelBuild, jit: boolean) {
  const machine = new BareMetal(program, { build, jit });
  const end = machine.run(LIMIT);
  return { end, compiled: machine.compiled?.instructions ?? 0 };
}

interface Options {
  readonly paths: readonly string[];
  readonly builds: readonly KernelBuild[];
}

function parseArguments(args: readonly string[]): Options {
  const paths: string[] = [];
  let chosen: readonly KernelBuild[] = ["release", "check"];
  const rest = args.values();
  for (const arg of rest) {
    if (arg === "--build") {
      const name = rest.next().value;
      const known = builds.find((build) => build === name);
      if (known === undefined) throw new InputError(`--build is one of ${builds.join(", ")}`);
      chosen = [known];
    } else if (arg.startsWith("-")) {
      throw new InputError(`there is no option ${arg}; there is --build`);
    } else paths.push(arg);
  }
  if (paths.length === 0) {
    throw new InputError("name a folder of ELF files, such as isa of a built riscv-tests");
  }
  return { paths, builds: chosen };
}

/** The ELF files at a path, in order of their names. */
function filesAt(path: string): string[] {
  let isFolder: boolean;
  try {
    isFolder = statSync(path).isDirectory();
  } catch {
    throw new InputError(`${path}: there is no such file or folder`);
  }
  const names = isFolder ? readdirSync(path).sort() : [""];
  const files = names.map((name) => join(path, name)).filter(isElf);
  if (files.length === 0) throw new InputError(`${path}: there is no ELF file`);
  return files;
}

function isElf(file: string): boolean {
  return statSync(file).isFile() && readFileSync(file).toString("latin1", 0, 4) === ELF_MAGIC;
}

function programOf(file: string): BareProgram {
  const image = parseElf(readFileSync(file), file);
  const symbols = new SymbolTable(image.file, image.sections.symbols, 0);
  const tohost = symbols.find("tohost");
  if (tohost === undefined) throw new InputError(`${file}: it has no symbol tohost`);
  return { entry: image.entry, segments: image.segments, tohost };
}

/** Runs a program in all ways; the ways in which it fails, with what they end with. */
function failuresOf(program: BareProgram, build: KernelBuild, counts: { compiled: number }) {
  const failures: string[] = [];
  for (const [way, run] of Object.entries(ways)) {
    const { end, compiled } = run(program, build);
    counts.compiled += compiled;
    const isGood = end.reason === "exit" && end.code === 0;
    if (!isGood) failures.push(`${build}, ${way}: ${JSON.stringify(end)}`);
  }
  return failures;
}

function main(args: readonly string[]): number {
  const { paths, builds } = parseArguments(args);
  const counts = { passed: 0, failed: 0, compiled: 0 };
  for (const file of paths.flatMap(filesAt)) {
    const program = programOf(file);
    const failures = builds.flatMap((build) => failuresOf(program, build, counts));
    for (const failure of failures) process.stdout.write(`FAILED ${file}: ${failure}\n`);
    counts[failures.length === 0 ? "passed" : "failed"]++;
  }
  process.stdout.write(`${counts.compiled} instructions compiled\n`);
  process.stdout.write(`${counts.passed} passed, ${counts.failed} failed\n`);
  return counts.failed === 0 ? 0 : 1;
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`riscv-tests: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 2;
}
