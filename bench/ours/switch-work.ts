// The switch-work benchmark on our machine: peers/rv32/turns.S, each thread with its own memory. The
// checksum is of all threads' sums after TURNS turns.

import { RFSTOPPED } from "../../src/generated/layout.js";
import { sys } from "../../src/machine/calls.js";
import { Machine } from "../../src/machine/machine.js";
import { program } from "../../src/program/index.js";
import type { Params, RoundFn } from "../lib/types.js";
import { placeProgram } from "./assembler.js";
import { check, configFor, makeOrder, time_ms } from "./workbench.js";

const TURNS = 4;
/** A turn is two yields at most, and the threads have begun when they have done the first. */
const SWITCHES_PER_CHECK = 2 * (TURNS + 1);

/** A thread's memory, in words: random number, sum, turns left, the sum when none were, four words. */
const OWN_WORDS = 8;
const OWN_BYTES = 4 * OWN_WORDS;
const LEFT = 2;
const CHECK = 3;

export async function runSwitchWork(params: Params): Promise<RoundFn> {
  const threads = Number(params.threads);
  const guestMemory = (64 << 10) + threads * OWN_BYTES;
  const build = params.variant === "check" ? "check" : "release";
  const machine = new Machine(configFor(threads, { guestMemory }), build);
  const b = program("turns").data("own", { zero: threads * OWN_BYTES, align: 64 });
  placeProgram(b, "turns");
  const loaded = machine.load(b.build());
  const own = loaded.addressOf("own");
  const words = ownWords(machine, own, threads);
  const order = makeOrder(threads, params.queue === "shuffled");
  const created = Uint32Array.from(order, (_, i) => {
    const argument = own + i * OWN_BYTES;
    const add = sys.kthread_add(loaded.entry, argument, 0, RFSTOPPED, 0, "worker", 0);
    const [error, address] = machine.call(add);
    check(error === 0, "A thread could not be created.");
    return address;
  });
  for (const i of order) machine.call(sys.sched_add(created[i] as number));
  machine.run({ switches: SWITCHES_PER_CHECK * (machine.config.maxthread + 1) });
  const sum = checksum(words);
  return (ops) => {
    const took_ms = time_ms(() => machine.run({ switches: ops }));
    return { value: (took_ms * 1e6) / ops, checksum: sum };
  };
}

/** The threads' memory, filled in for the start. */
function ownWords(machine: Machine, own: number, threads: number): Uint32Array {
  const { buffer, byteOffset } = machine.guestMemory;
  const words = new Uint32Array(buffer, byteOffset + own, threads * OWN_WORDS);
  for (let i = 0; i < threads; i++) {
    words[i * OWN_WORDS] = Math.imul(i, 2654435769) | 1;
    words[i * OWN_WORDS + LEFT] = TURNS;
  }
  return words;
}

function checksum(words: Uint32Array): number {
  let sum = 0;
  for (let i = 0; i * OWN_WORDS < words.length; i++) {
    const left = words[i * OWN_WORDS + LEFT] ?? 0;
    check(left === 0 || left > TURNS, "A thread has not done its first turns.");
    sum += Math.imul(words[i * OWN_WORDS + CHECK] ?? 0, 2 * i + 1);
  }
  return sum >>> 0;
}
