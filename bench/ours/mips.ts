// The mips benchmark on our machine: the programs of bench/peers/programs/, compiled for RV32 by gcc -O2 (build.sh
// there), on one emulated CPU. Instructions are those that the machine counts.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseElf } from "../../src/elf/index.js";
import { HOST_EVENT_REPORT } from "../../src/generated/layout.js";
import { Machine } from "../../src/machine/machine.js";
import { memoryOf } from "../../src/machine/programs.js";
import type { Params, RoundFn } from "../lib/types.js";
import { configFor, time_ms } from "./workbench.js";

// This file runs from dist/bench.js.
const PROGRAMS = fileURLToPath(new URL("../bench/peers/programs/machine.elf", import.meta.url));

export async function runMips(params: Params): Promise<RoundFn> {
  const bytes = readFileSync(PROGRAMS);
  const { textMemory } = memoryOf([parseElf(bytes, PROGRAMS)]);
  const jit = params.variant !== "interpreted";
  const machine = new Machine(
    configFor(16, { kstackPages: 2, textMemory, guestMemory: 16 << 20, jit }),
  );
  const elf = machine.loadElf(bytes, { args: ["mips", String(params.work)] });
  machine.createThread({ name: "main", body: elf });
  const { buffer, byteOffset } = machine.guestMemory;
  const view = new DataView(buffer, byteOffset);
  machine.kernel.onEvent = (list) => {
    if (list === HOST_EVENT_REPORT) machine.stop();
  };
  const round = () => {
    const { reason } = machine.run();
    if (reason !== "stopped") throw new Error(`The run ended by ${reason}.`);
  };
  round();
  return (ops) => {
    view.setUint32(elf.addressOf("repeats"), ops, true);
    const before = machine.counters.instructions;
    const took_ms = time_ms(round);
    const instructions = machine.counters.instructions - before;
    const checksum = view.getUint32(elf.addressOf("result"), true);
    return { time: took_ms / ops, speed: instructions / took_ms / 1e3, checksum };
  };
}
