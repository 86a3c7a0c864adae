// The chunked run queue against plain lists: a million random operations, and faults planted in it, to
// prove that they would be found. KTM_SEED chooses other operations.

import { beforeAll, describe, expect, it } from "vitest";
import { compile, type Fault } from "../support/compile.js";
import { RunqModel } from "../support/runq-model.js";

const ENTRY = "test/support/assembly/runq-entry.ts";
const RUNQ = "assembly/sys/chunklist.ts";
const SEED = Number(process.env.KTM_SEED ?? 1);
const RUNS = 4;
const OPERATIONS = 260_000;

const faults: Record<string, Fault> = {
  "a removal from the middle that leaves the thread": {
    file: RUNQ,
    text: "store<usize>(slot, 0);",
    instead: "",
  },
  "a chunk of tombstones that is freed while its neighbour still points to it": {
    file: RUNQ,
    text: "changetype<Chunk>(prev).next = next;",
    instead: "",
  },
  "a compaction that forgets where the threads are now": {
    file: RUNQ,
    text: "store<usize>(item + field, write);",
    instead: "",
  },
};

describe("the run queue", () => {
  let wasm: WebAssembly.Module;

  beforeAll(async () => {
    wasm = new WebAssembly.Module((await compile(ENTRY)) as Uint8Array<ArrayBuffer>);
  });

  it("is a list, whatever is appended, prepended, removed and rotated", () => {
    let operations = 0;
    let compactions = 0;
    for (let run = 0; run < RUNS; run++) {
      const counts = new RunqModel(wasm, SEED + run).run(OPERATIONS);
      operations += counts.operations;
      compactions += counts.compactions;
      expect(counts.longest).toBeGreaterThan(124);
      expect(counts.middle).toBeGreaterThan(10_000);
    }
    expect(operations).toBeGreaterThanOrEqual(1_000_000);
    expect(compactions).toBeGreaterThan(0);
  });

  for (const [name, fault] of Object.entries(faults)) {
    it(`is found out when it has ${name}`, async () => {
      const broken = new WebAssembly.Module(
        (await compile(ENTRY, fault)) as Uint8Array<ArrayBuffer>,
      );
      const run = () => {
        for (let i = 0; i < RUNS; i++) new RunqModel(broken, SEED + i).run(OPERATIONS);
      };
      expect(run).toThrow(/run queue, seed \d+, operation \d+|the kernel panicked|out of bounds/);
    });
  }
});
