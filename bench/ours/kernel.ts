// Compiles the kernel with the exports of assembly/index.ts, for benchmarks of kernel functions: as the
// release build is made, into build/bench.wasm when a source is newer than that.

import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { MachineConfig } from "../../src/core/config.js";
import type { Exports } from "../../src/core/kernel.js";
import { RFSTOPPED } from "../../src/generated/layout.js";
import { sys as calls } from "../../src/machine/calls.js";
import { Machine } from "../../src/machine/machine.js";
import { check } from "./workbench.js";

/** What assembly/index.ts exports besides. */
export interface BenchExports extends Exports {
  bench_tid_take(n: number): void;
  bench_tid_free(tid: number): void;
  bench_tid(ops: number): number;
  bench_tdfind(ids: number, mask: number, at: number, ops: number): number;
  bench_callout_arm(threads: number, ticks: number, n: number): void;
  bench_callout_cancel(threads: number, n: number): void;
  bench_ticks(n: number): number;
}

// This file runs from dist/bench.js.
const ROOT = fileURLToPath(new URL("..", import.meta.url));
const INLINE = "scripts/inline.mjs";
const SOURCES = ["assembly", "bench/ours/assembly", "asconfig.json", "scripts"];
const ENTRY = "bench/ours/assembly/index.ts";
const OUTPUT = join(ROOT, "build/bench.wasm");

function newest(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(...readdirSync(path).map((name) => newest(join(path, name))));
}

function isFresh(): boolean {
  if (!existsSync(OUTPUT)) return false;
  return statSync(OUTPUT).mtimeMs > Math.max(...SOURCES.map((path) => newest(join(ROOT, path))));
}

async function compile(): Promise<Uint8Array> {
  const { default: asc } = await import("assemblyscript/asc");
  const { entries: _, ...config } = JSON.parse(readFileSync(join(ROOT, "asconfig.json"), "utf8"));
  const inline = await import(pathToFileURL(join(ROOT, INLINE)).href);
  let wasm: Uint8Array | undefined;
  const args = [ENTRY, "--baseDir", ROOT, "--config", "asconfig.json", "--target", "release"];
  args.push("--transform", inline.INLINE_TRANSFORM);
  const { error, stderr } = await asc.main(args, {
    readFile: (path: string, base: string) => {
      if (path.endsWith("asconfig.json")) return JSON.stringify(config);
      const file = resolve(base, path);
      return existsSync(file) && statSync(file).isFile() ? readFileSync(file, "utf8") : null;
    },
    writeFile: (path: string, contents: string | Uint8Array) => {
      if (path.endsWith(".wasm")) wasm = contents as Uint8Array;
    },
    listFiles: () => [],
  });
  if (error !== null || wasm === undefined)
    throw new Error(`The kernel did not compile: ${stderr}`);
  return inline.inlineFurther(wasm);
}

async function readKernel(): Promise<Uint8Array<ArrayBuffer>> {
  if (!isFresh()) {
    mkdirSync(join(ROOT, "build"), { recursive: true });
    const temporary = `${OUTPUT}.${process.pid}`;
    writeFileSync(temporary, await compile());
    renameSync(temporary, OUTPUT);
  }
  return new Uint8Array(readFileSync(OUTPUT));
}

/** A machine whose kernel has the benchmarks' exports. */
export class KernelBench {
  readonly machine: Machine;
  readonly exports: BenchExports;
  private readonly guestBase: number;

  private constructor(config: MachineConfig, kernel: Uint8Array<ArrayBuffer>) {
    this.machine = new Machine(config, kernel);
    this.exports = this.machine.kernel.exports as BenchExports;
    this.guestBase = this.machine.kernel.machine("guest_base");
  }

  static async boot(config: MachineConfig): Promise<KernelBench> {
    return new KernelBench(config, await readKernel());
  }

  /** Creates threads that do not run, and returns their addresses. */
  createThreads(n: number): Uint32Array {
    return Uint32Array.from({ length: n }, () => {
      const [error, address] = this.machine.call(
        calls.kthread_add(0, 0, 0, RFSTOPPED, 0, "bench", 0),
      );
      check(error === 0, "A thread could not be created.");
      return address;
    });
  }

  /** Puts words into guest memory, `offset` bytes from its start; returns their address. */
  place(words: Uint32Array, offset = 0): number {
    const at = this.guestBase + offset;
    this.machine.kernel.u32.set(words, at >>> 2);
    return at;
  }
}
