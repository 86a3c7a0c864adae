// A machine whose kernel has the exports of assembly/index.ts besides, for benchmarks of kernel functions.
// The build makes it into build/bench.wasm, the way the release build is made.

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
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
const KERNEL = fileURLToPath(new URL("../build/bench.wasm", import.meta.url));

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
    return new KernelBench(config, new Uint8Array(await readFile(KERNEL)));
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
