// The small C library in a machine: a program checks it by itself (test/fixtures/c-library/library.c).

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { MachineConfig } from "../../src/core/config.js";
import { Machine } from "../../src/index.js";
import { buildUnderTest as KTM_BUILD } from "../support/build.js";
import { SCHEDULERS } from "../support/schedulers.js";

const elf = readFileSync(new URL("../fixtures/c-library/library.elf", import.meta.url));

function run(config: MachineConfig) {
  // Threads lose their CPU in the middle of what has to look like one step.
  const machine = new Machine({ guestMemory: 1 << 22, quantum: 100, ...config }, KTM_BUILD);
  let output = "";
  machine.onOutput = (bytes) => {
    output += new TextDecoder().decode(bytes);
  };
  machine.createThread({ name: "main", body: machine.loadElf(elf) });
  const { reason } = machine.run({ for: 4_000_000_000n });
  return { output, reason, status: machine.exitStatus, hash: machine.hash };
}

describe("the small C library", () => {
  it.each(SCHEDULERS)("is as C has it under %s, interpreted and compiled", (scheduler) => {
    for (const cpus of [1, 4]) {
      const once = run({ scheduler, cpus });
      expect(once).toMatchObject({ output: "59 checks, 0 wrong\n", reason: "exit", status: 0 });
      expect(run({ scheduler, cpus, jit: false }).hash).toBe(once.hash);
    }
  });
});
