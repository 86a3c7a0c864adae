// Twelve hundred bad inputs: files, options and calls. Each ends in a sentence and an exit code, or in an
// error of the library's own: no stack trace, nothing over two seconds, no file left behind.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { ConfigError, KernelError, KernelPanic, Machine } from "../../src/index.js";
import {
  badArguments,
  badToolArguments,
  damaged,
  oddValues,
  toolCommands,
} from "../support/bad-input.js";
import { buildUnderTest } from "../support/build.js";
import { cpuMs } from "../support/cpu-time.js";
import { Random } from "../support/random.js";
import { commandEnd, faultOfCommand } from "../support/run-command.js";
import { scratchFolder } from "../support/scratch.js";

const FILES = 400;
const OPTIONS = 300;
const TOOLS = 200;
const CALLS = 300;
const MS_MAX = 2_000;

const folder = scratchFolder();

it(`${FILES} damaged workload files end in order`, async () => {
  const random = new Random(1);
  const examples = ["deadlock", "pipeline", "webserver"].map((name) =>
    readFileSync(new URL(`../../examples/${name}.json`, import.meta.url), "utf8"),
  );
  const path = join(folder, "w.json");
  const faults: string[] = [];
  let refused = 0;
  for (let i = 0; i < FILES; i++) {
    const text = damaged(random.pick(examples), random);
    writeFileSync(path, text);
    const result = await commandEnd(["run", path, "--for", "50us"]);
    if (result.code === 2) refused++;
    const fault = faultOfCommand(result);
    if (fault !== null) faults.push(`${fault} for ${JSON.stringify(text)}`);
  }
  expect(faults).toEqual([]);
  expect(refused).toBeGreaterThan(FILES / 4);
  expect(readdirSync(folder)).toEqual(["w.json"]);
});

it(`${OPTIONS} command lines that make no sense end in a sentence`, async () => {
  const random = new Random(2);
  const faults: string[] = [];
  let refused = 0;
  for (let i = 0; i < OPTIONS; i++) {
    const args = badArguments(random);
    const result = await commandEnd(args);
    if (result.code === 2) refused++;
    const fault = faultOfCommand(result);
    if (fault !== null) faults.push(`${fault} for ${JSON.stringify(args)}`);
  }
  expect(faults).toEqual([]);
  expect(refused).toBeGreaterThan(OPTIONS / 2);
});

it(`${TOOLS} command lines of tools that make no sense end in a sentence`, async () => {
  const random = new Random(4);
  const before = readdirSync(".");
  const faults: string[] = [];
  const refused = new Set<string>();
  for (let i = 0; i < TOOLS; i++) {
    const args = badToolArguments(random);
    const result = await commandEnd(args);
    if (result.code === 2) refused.add(args[0] as string);
    const fault = faultOfCommand(result);
    if (fault !== null) faults.push(`${fault} for ${JSON.stringify(args)}`);
    if (result.code === 0) faults.push(`taken: ${JSON.stringify(args)}`);
  }
  expect(faults).toEqual([]);
  expect([...refused].sort()).toEqual([...toolCommands].sort());
  expect(readdirSync(".")).toEqual(before);
});

it(`${CALLS} calls with arguments that no method takes throw the library's own errors`, () => {
  const random = new Random(3);
  let machine = new Machine({ maxthread: 50 }, buildUnderTest);
  const odd = () => random.pick(oddValues) as never;
  const calls: readonly (() => unknown)[] = [
    () => machine.createThread({ name: odd(), body: odd() }),
    () => machine.createProcess({ name: odd(), body: odd(), stackPages: odd() }),
    () => machine.createLwkt({ name: odd(), body: odd(), priority: odd() }),
    () => machine.place(odd(), odd()),
    () => machine.call(odd()),
    () => machine.run({ [String(random.below(9))]: odd(), rounds: odd() }),
    () => machine.onEvent(odd(), odd()),
    () => machine.load(odd(), odd()),
    () => machine.thread(odd()),
    () => machine.setSysctl(odd(), odd()),
    () => new Machine({ [random.pick(["cpus", "hz", "seed", "time", "bare"])]: odd() }, odd()),
  ];
  const faults: string[] = [];
  let thrown = 0;
  for (let i = 0; i < CALLS; i++) {
    const before = cpuMs();
    try {
      random.pick(calls)();
    } catch (error) {
      thrown++;
      if (error instanceof KernelPanic) machine = new Machine({ maxthread: 50 }, buildUnderTest);
      else if (!(error instanceof ConfigError || error instanceof KernelError))
        faults.push(String(error));
    }
    if (cpuMs() - before > MS_MAX) faults.push(`call ${i} took too long`);
  }
  expect(faults).toEqual([]);
  expect(thrown).toBeGreaterThan(CALLS / 2);
});
