// `bench compare`: what it takes for a comparison, with programs that print figures in place of measuring any.

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { compareBenchmark } from "../../bench/lib/compare.js";
import type { Benchmark } from "../../bench/lib/types.js";
import { scratchFolder } from "../support/scratch.js";

const folder = scratchFolder();

const benchmark: Benchmark = {
  name: "pretended",
  title: "nothing",
  measures: [
    { name: "value", unit: "ns" },
    { name: "speed", unit: "/s", better: "higher" },
  ],
  cases: [{ threads: 2 }],
  peers: {},
};

/** A program that has these values in each round, and ends with its input. */
function programWith(name: string, values: object): string {
  const path = join(folder, `${name}.cjs`);
  const lines = [
    'const input = require("node:readline").createInterface({ input: process.stdin });',
    "console.log('{\"ready\":1}');",
    `input.on("line", () => console.log(${JSON.stringify(JSON.stringify(values))}));`,
  ];
  writeFileSync(path, lines.join("\n"));
  return path;
}

/** How many cases failed, and the lines that were printed. */
async function compared(these: object, others: object) {
  const printed: string[] = [];
  const keep = (line: unknown) => void printed.push(String(line));
  const spies = [
    vi.spyOn(console, "log").mockImplementation(keep),
    vi.spyOn(console, "error").mockImplementation(keep),
  ];
  try {
    const failed = await compareBenchmark(benchmark, {
      ...{ program: programWith("this", these), otherProgram: programWith("other", others) },
      ...{ rounds: 5, json: true },
    });
    return { failed, printed };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

it("compares costs and speeds, so that above 1 is worse", async () => {
  const { failed, printed } = await compared({ value: 3, speed: 3 }, { value: 2, speed: 2 });
  const ratios = printed.map((line) => (JSON.parse(line) as { ratio: number }).ratio);
  expect(ratios).toEqual([1.5, 0.66667]);
  expect(failed).toBe(0);
});

it("fails where only one of the two has a measure", async () => {
  const { failed, printed } = await compared({ value: 1, speed: 1 }, { value: 1 });
  expect(printed).toEqual(['pretended: threads 2: "speed" is measured by one of the two only']);
  expect(failed).toBe(1);
});
