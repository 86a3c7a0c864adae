// The peers: how each language's programs are compiled and started. A program is built into
// build/peers/ when a file of its folder is newer than it.

import { mkdirSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { compile, findProgram } from "./tools.js";
import type { Command, Params, Peer, Workshop } from "./types.js";

const NOT_INSTALLED = "not installed";

/** Why a peer sits out a case; undefined when it takes part. */
type SitsOut = (params: Params) => string | undefined;

interface NativeOptions {
  /** Tells two builds of one source apart. */
  readonly variant?: string;
  /** Preprocessor symbols, as NAME=VALUE. */
  readonly defines?: readonly string[];
  readonly sitsOut?: SitsOut;
}

/** Our own C twin of the machine, bench/peers/native/PROGRAM.c, by gcc -O2, for x86-64. */
export function native(program: string, options: NativeOptions = {}): Peer {
  const output = `native-${program}${options.variant ? `-${options.variant}` : ""}`;
  const defines = (options.defines ?? []).map((define) => `-D${define}`);
  const missing = () => missingCompiler() ?? (process.arch === "x64" ? undefined : "needs x86-64");
  const sources = [`${program}.c`, "swap.S"];
  return cPeer("native", sources, output, defines, missing, options.sitsOut);
}

/** C programs with none of our code, files of bench/peers/FOLDER/, by gcc -O2. */
export function plainC(folder: string, files: readonly string[], sitsOut?: SitsOut): Peer {
  return cPeer(folder, files, `${folder}-${nameOf(files)}`, [], missingCompiler, sitsOut);
}

const CROSS_COMPILER = "riscv64-linux-gnu-gcc";
const EMULATOR = "qemu-riscv64-static";

/**
 * The same, compiled for 64-bit RISC-V by gcc -O2 and run by qemu's user mode. (There is no C library for 32 bits in
 * Debian.)
 */
export function qemu(folder: string, files: readonly string[]): Peer {
  const output = `qemu-${nameOf(files)}`;
  return {
    missing: () =>
      findProgram(CROSS_COMPILER) && findProgram(EMULATOR) ? undefined : NOT_INSTALLED,
    build: (workshop) =>
      buildIfStale(workshop, [folder, "round.h"], output, (target) =>
        compile(CROSS_COMPILER, [
          ...["-O2", "-Wall", "-static", "-o", target],
          ...files.map((file) => join(workshop.sources, folder, file)),
        ]),
      ),
    command: (workshop, params) => ({
      file: EMULATOR,
      args: [join(workshop.output, output), ...argumentsOf(params)],
    }),
  };
}

/** POSIX threads, bench/peers/pthreads/PROGRAM.c. */
export function pthreads(program: string, sitsOut?: SitsOut): Peer {
  return plainC("pthreads", [`${program}.c`], sitsOut);
}

/** What a program of some files is called: after the first. */
function nameOf(files: readonly string[]): string {
  return basename(files[0] as string, ".c");
}

function missingCompiler(): string | undefined {
  if (process.platform !== "linux") return "needs Linux";
  return findProgram("gcc") ? undefined : NOT_INSTALLED;
}

function cPeer(
  folder: string,
  sources: readonly string[],
  output: string,
  flags: readonly string[],
  missing: () => string | undefined,
  sitsOut: SitsOut | undefined,
): Peer {
  return {
    missing,
    sitsOut,
    build: (workshop) =>
      buildIfStale(workshop, [folder, "round.h"], output, (target) => {
        const files = sources.map((source) => join(workshop.sources, folder, source));
        return compile("gcc", ["-O2", "-Wall", "-pthread", ...flags, "-o", target, ...files]);
      }),
    command: (workshop, params) => ({
      file: join(workshop.output, output),
      args: argumentsOf(params),
    }),
  };
}

/** Goroutines: the question of this name in bench/peers/go/. */
export function go(question: string, sitsOut?: SitsOut): Peer {
  return {
    missing: () => (findProgram("go") ? undefined : NOT_INSTALLED),
    sitsOut,
    build: (workshop) =>
      buildIfStale(workshop, ["go"], "go-peer", (target) => buildGo(workshop, target)),
    command: (workshop, params, cores) => ({
      file: join(workshop.output, "go-peer"),
      args: [question, ...argumentsOf(params)],
      env: { GOMAXPROCS: String(cores), GODEBUG: "asyncpreemptoff=1" },
    }),
  };
}

function buildGo(workshop: Workshop, target: string): Promise<void> {
  const folder = join(workshop.sources, "go");
  const files = readdirSync(folder).filter((name) => name.endsWith(".go"));
  const paths = files.map((name) => join(folder, name));
  return compile("go", ["build", "-o", target, ...paths], { GO111MODULE: "off" });
}

/** Erlang processes: the question of this name in bench/peers/erlang/. */
export function erlang(question: string, sitsOut?: SitsOut): Peer {
  return {
    missing: () => (findProgram("erl") && findProgram("erlc") ? undefined : NOT_INSTALLED),
    sitsOut,
    build: (workshop) => {
      const main = "erlang/bench_peer.beam";
      return buildIfStale(workshop, ["erlang"], main, (target) => buildErlang(workshop, target));
    },
    command: (workshop, params, cores) => erlangCommand(workshop, question, params, cores),
  };
}

function buildErlang(workshop: Workshop, target: string): Promise<void> {
  const folder = join(workshop.sources, "erlang");
  const files = readdirSync(folder).filter((name) => name.endsWith(".erl"));
  return compile("erlc", ["-o", dirname(target), ...files.map((name) => join(folder, name))]);
}

/** Schedulers that do not spin while they wait, so that an idle emulator disturbs nobody. */
function erlangCommand(
  workshop: Workshop,
  question: string,
  params: Params,
  cores: number,
): Command {
  const schedulers = ["+S", `${cores}:${cores}`, "+SDcpu", "1:1", "+SDio", "1", "+A", "1"];
  const quiet = ["+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none"];
  const start = ["-eval", "bench_peer:main(init:get_plain_arguments())"];
  return {
    file: "erl",
    args: [
      ...["-noshell", ...schedulers, ...quiet, "+P", "4000000"],
      ...["-pa", join(workshop.output, "erlang"), ...start],
      ...["-extra", question, ...argumentsOf(params)],
    ],
    env: { ERL_CRASH_DUMP: "/dev/null" },
  };
}

/** A Node.js program, bench/peers/node/SCRIPT.mjs. */
export function node(script: string, sitsOut?: SitsOut): Peer {
  return {
    missing: () => undefined,
    sitsOut,
    build: async () => {},
    command: (workshop, params) => ({
      file: process.execPath,
      args: [join(workshop.sources, "node", `${script}.mjs`), ...argumentsOf(params)],
    }),
  };
}

function argumentsOf(params: Params): string[] {
  return Object.entries(params).map(([name, value]) => `${name}=${value}`);
}

// --- building ---------------------------------------------------------------------------------

async function buildIfStale(
  workshop: Workshop,
  inputs: readonly string[],
  output: string,
  make: (target: string) => Promise<void>,
): Promise<void> {
  const target = join(workshop.output, output);
  const newest_ms = Math.max(
    ...inputs.map((input) => newestChange_ms(join(workshop.sources, input))),
  );
  if (changed_ms(target) >= newest_ms) return;
  mkdirSync(dirname(target), { recursive: true });
  await make(target);
}

function newestChange_ms(path: string): number {
  if (!statSync(path).isDirectory()) return changed_ms(path);
  return Math.max(...readdirSync(path).map((name) => newestChange_ms(join(path, name))));
}

function changed_ms(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.NEGATIVE_INFINITY;
}
