// Finds a compiler for RISC-V and runs it with what makes a program for the machine: header, C library (libc.ts),
// start file, link script.
//
// The library is compiled with each program, which takes a second, for the same instructions as the
// program: no set of prebuilt variants has to be kept, and what is not used is left out.

import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, isAbsolute, join } from "node:path";
import { ConfigError } from "../core/errors.js";
import { ExitCode } from "./exit.js";
import { checkOutputPath, checkWritable } from "./files.js";
import { listenForSignals } from "./interrupt.js";
import { type LibcName, type Library, libraryOf, packageFile } from "./libc.js";

/** The compilers that are known, the preferred one first. */
export const COMPILERS = ["clang", "gcc"] as const;

/** A compiler that is known. */
export type CompilerName = (typeof COMPILERS)[number];

interface Compiler {
  readonly name: CompilerName;
  readonly command: string;
  /** What makes it compile for the machine. */
  readonly target: readonly string[];
  /** What it needs to link a program. */
  readonly linking: readonly string[];
  /** Programs that must be there, too. */
  readonly needs: readonly string[];
}

const compilers: Readonly<Record<CompilerName, Compiler>> = {
  clang: {
    name: "clang",
    command: "clang",
    target: ["--target=riscv32-unknown-elf"],
    linking: ["-fuse-ld=lld", "-Wno-unused-command-line-argument"], // that for the compiler alone is not used
    needs: ["ld.lld"],
  },
  gcc: {
    name: "gcc",
    command: "riscv64-unknown-elf-gcc",
    target: [],
    linking: ["-lgcc"],
    needs: [],
  },
};

/** A command line for the compiler. */
export interface CompileRequest {
  /** What is given to the compiler as it is: files and options. */
  readonly passed: readonly string[];
  /** The file to write. */
  readonly output: string;
  /** Compile only (-c, -S, -E). */
  readonly isPartial: boolean;
}

const PARTIAL = ["-c", "-S", "-E"];
/** What compilers call it, for assembly and preprocessed sources. */
const STANDARD_OUTPUT = "-";

/** What -march may say: instructions that the CPU has, with those that the C library needs. */
const MARCH =
  /^-march=rv32(?=[a-z]*i)(?=[a-z]*m)(?=[a-z]*a)[imac]+(?:_?(?:zicsr|zifencei|zicntr))*$/;

/** Sorts the arguments of `cc`. */
export function splitArguments(
  given: readonly string[],
  output: string | undefined,
): CompileRequest {
  const files = given.filter((argument) => !argument.startsWith("-"));
  const missing = files.find((file) => /\.(c|S|s|o|a)$/.test(file) && !existsSync(file));
  if (missing !== undefined) throw new ConfigError(`there is no file ${missing}`);
  if (!files.some((file) => existsSync(file))) {
    throw new ConfigError("no source file is given: kthread-machine cc FILE.c -o OUT.elf");
  }
  if (output === undefined) {
    throw new ConfigError("where to write is not given: add -o OUT.elf");
  }
  if (output !== STANDARD_OUTPUT) {
    for (const file of files) checkOutputPath("-o", output, file, "source");
    checkWritable(output);
  }
  return { passed: given, output, isPartial: given.some((argument) => PARTIAL.includes(argument)) };
}

/**
 * Compiles and links; gives the exit code. What the compiler says goes to the terminal. A signal ends that, too.
 *
 * @throws ConfigError when no compiler is installed, the library is not there for it, or the machine has not got the
 *   instructions that are asked for.
 */
export async function compile(
  request: CompileRequest,
  libc: LibcName,
  wanted?: CompilerName,
): Promise<number> {
  if (libc === "picolibc" && wanted === "clang") {
    throw new ConfigError("picolibc needs what riscv64-unknown-elf-gcc has: use --compiler gcc");
  }
  checkInstructions(request);
  const compiler = findCompiler(libc === "picolibc" ? "gcc" : wanted);
  const library = libraryOf(libc, compiler.command, instructionOptions(request));
  const runner = new Runner(compiler, library);
  const interrupt = listenForSignals(() => runner.stop());
  const folder = mkdtempSync(join(tmpdir(), "kthread-machine-cc-"));
  try {
    const status = await build(runner, compiler, library, request, folder);
    return interrupt.exitCode ?? status;
  } finally {
    rmSync(folder, { recursive: true, force: true });
    interrupt.stop();
  }
}

/** Does what is asked for, with what is in between in a folder; gives the exit code. */
async function build(
  runner: Runner,
  compiler: Compiler,
  library: Library,
  request: CompileRequest,
  folder: string,
): Promise<number> {
  if (request.isPartial) {
    return runner.run([...optionsFor(request), ...request.passed, "-o", request.output]);
  }
  const built = await buildLibrary(runner, library, request, folder);
  if (built === null) return ExitCode.FAILURE;
  return runner.run(linkOptions(compiler, library, request, built));
}

/** Refuses instructions that the machine has not: a program with them would end at the first that it comes to. */
function checkInstructions({ passed }: CompileRequest): void {
  const wrong = passed.find((argument) => argument.startsWith("-march=") && !MARCH.test(argument));
  if (wrong === undefined) return;
  throw new ConfigError(
    `${wrong} does not fit the machine, which has rv32ima, c, zicsr and zifencei: leave it out, or use -march=rv32imac or rv32ima`,
  );
}

function findCompiler(wanted: CompilerName | undefined): Compiler {
  const names = wanted === undefined ? COMPILERS : [wanted];
  const found = names.map((name) => compilers[name]).find(isInstalled);
  if (found !== undefined) return found;
  throw new ConfigError(
    "no compiler for RISC-V is installed: install clang and lld (Debian: apt-get install clang lld) " +
      "or riscv64-unknown-elf-gcc (Debian: apt-get install gcc-riscv64-unknown-elf)",
  );
}

function isInstalled({ command, needs }: Compiler): boolean {
  return [command, ...needs].every(
    (name) => spawnSync(name, ["--version"], { stdio: "ignore" }).status === 0,
  );
}

/** Options that the user has not decided otherwise. */
function optionsFor({ passed }: CompileRequest): string[] {
  const defaults: readonly (readonly [given: RegExp, option: string])[] = [
    [/^-O/, "-O2"],
    [/^-march=/, "-march=rv32imac"],
    [/^-mabi=/, "-mabi=ilp32"],
  ];
  return defaults
    .filter(([given]) => !passed.some((argument) => given.test(argument)))
    .map(([, option]) => option);
}

function commonOptions(compiler: Compiler, library: Library): string[] {
  const builtin = ["include", "include-fixed"]
    .map((name) => spawnSync(compiler.command, [`-print-file-name=${name}`], { encoding: "utf8" }))
    .map(({ stdout }) => stdout.trim())
    .filter(isAbsolute); // the second is gcc's alone
  return [
    ...compiler.target,
    "-nostdinc",
    ...[...library.includes, ...builtin].flatMap((path) => ["-isystem", path]),
    ...library.options,
    "-ffunction-sections",
    "-fdata-sections",
    `-ffile-prefix-map=${process.cwd()}/=`,
    `-ffile-prefix-map=${packageFile("lib/c")}=lib/c`,
    `-ffile-prefix-map=${packageFile("include")}=include`,
  ];
}

/** Options that decide which instructions are made: the library gets them, too. */
function instructionOptions({ passed }: CompileRequest): string[] {
  const given = passed.filter((argument) => /^-m(arch|abi|tune|cpu|cmodel)=/.test(argument));
  const rest = optionsFor({ passed, output: "", isPartial: false });
  return [...given, ...rest.filter((option) => option.startsWith("-m"))];
}

/** Compiles the library, with one start of the compiler, and the start file into a folder; null when that fails. */
async function buildLibrary(
  runner: Runner,
  library: Library,
  request: CompileRequest,
  folder: string,
): Promise<{ start: string; objects: string[] } | null> {
  const debug = request.passed.filter((argument) => argument.startsWith("-g"));
  const instructions = instructionOptions(request);
  const start = join(folder, "start.o");
  const startFile = packageFile("lib/c/start.S");
  if ((await runner.run([...instructions, "-c", startFile, "-o", start])) !== 0) return null;
  const objects = library.sources.map((path) => join(folder, basename(path).replace(/c$/, "o")));
  if (objects.length === 0) return { start, objects };
  const options = [...instructions, ...debug, "-O2", "-ffreestanding", "-fno-builtin"];
  // The compiler writes them to the folder that it works in, which debug information would name.
  const place = `-ffile-prefix-map=${folder}=${process.cwd()}`;
  const status = await runner.run([...options, place, "-c", ...library.sources], folder);
  return status === 0 ? { start, objects } : null;
}

function linkOptions(
  compiler: Compiler,
  library: Library,
  request: CompileRequest,
  { start, objects }: { start: string; objects: readonly string[] },
): string[] {
  const hasOwn = request.passed.some((argument) => /^(-T|-Wl,-T)/.test(argument));
  const ours = hasOwn ? [] : [...library.checks, packageFile("lib/c/program.ld")];
  return [
    ...optionsFor(request),
    "-nostdlib",
    "-static",
    "-Wl,--gc-sections",
    "-Wl,--build-id=none",
    ...[...library.scripts, ...ours].flatMap((path) => ["-T", path]),
    start,
    ...request.passed,
    ...objects,
    ...library.linking,
    ...compiler.linking,
    "-o",
    request.output,
  ];
}

/** Runs the compiler; what it says goes to the terminal. */
class Runner {
  private readonly command: string;
  private readonly common: readonly string[];
  private running: ChildProcess | null = null;
  private isStopped = false;

  constructor(compiler: Compiler, library: Library) {
    this.command = compiler.command;
    this.common = commonOptions(compiler, library);
  }

  /** Runs it with these options, in a folder if one is given; gives the exit code. */
  run(options: readonly string[], folder?: string): Promise<number> {
    if (this.isStopped) return Promise.resolve(ExitCode.FAILURE);
    return new Promise((resolve, reject) => {
      const child = spawn(this.command, [...this.common, ...options], {
        stdio: ["ignore", "inherit", "inherit"],
        cwd: folder,
      });
      this.running = child;
      child.on("error", (error) =>
        reject(new ConfigError(`${this.command} cannot be run: ${error.message}`)),
      );
      child.on("close", (status) => resolve(status === 0 ? 0 : ExitCode.FAILURE));
    });
  }

  /** Ends the one that runs; no other is begun. */
  stop(): void {
    this.isStopped = true;
    this.running?.kill();
  }
}
