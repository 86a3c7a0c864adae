// Compares two checkouts: the same cases by the benchmarks' program of each, in turns. What is compared is
// each round of this checkout with the one of the other that ran just before or after it, so that the host's
// other work hits both. Each case is started several times, because where a process happens to have its
// memory and when its code was compiled can be worth some percent for as long as it lives.

import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import Table from "cli-table3";
import { measuredBy, paramsOf, runCase } from "./runner.js";
import { serveCommand } from "./serve.js";
import { median, quantile, significant } from "./statistics.js";
import { amount, describe, plainTable, showProgress } from "./table.js";
import type { Benchmark, Measure, Params, Values } from "./types.js";

/** How often each case is started anew, with as many rounds each time as the command line says. */
const STARTS = 3;
/** The most starts of a case that is beyond the bound, so that it is not the host's other work that is. */
const STARTS_MAX = 9;

const THIS = "this";
const OTHER = "other";
const BUILT = ["dist/bench.js", "dist/release.wasm"];

/** What the command line chose. */
export interface CompareOptions {
  /** The benchmarks' program of this checkout, and of the other one (see `findCheckout`). */
  readonly program: string;
  readonly otherProgram: string;
  readonly rounds: number;
  readonly json: boolean;
  /** How many percent more than the other this checkout may cost; undefined: as many as it likes. */
  readonly within?: number;
}

/** One measure of one case. The ratio is this checkout's cost to the other's: above 1 is worse. */
interface Comparison {
  readonly name: string;
  readonly params: Params;
  readonly unit: string;
  readonly this: number;
  readonly other: number;
  readonly ratio: number;
  /** A quarter of the pairs of rounds are below, and a quarter above. */
  readonly low: number;
  readonly high: number;
  readonly pairs: number;
}

/** The rounds of both, pair by pair. */
interface Pairs {
  readonly these: Values[];
  readonly others: Values[];
}

/** The benchmarks' program of a built checkout; throws a sentence when there is none. */
export function findCheckout(folder: string): string {
  const root = resolve(folder);
  if (!existsSync(root)) throw new Error(`There is no folder ${root}.`);
  for (const file of BUILT) {
    if (existsSync(join(root, file))) continue;
    throw new Error(`${root} has no ${file}: run \`npm run build\` in it first.`);
  }
  return join(root, "dist/bench.js");
}

/** Compares one benchmark and prints the result; returns how many cases failed or exceed the bound. */
export async function compareBenchmark(
  benchmark: Benchmark,
  options: CompareOptions,
): Promise<number> {
  const comparisons: Comparison[] = [];
  const remarks: string[] = [];
  for (const params of benchmark.cases) {
    const found = await compareCase(benchmark, params, options);
    if (typeof found === "string") remarks.push(`${describe(params)}: ${found}`);
    else comparisons.push(...found);
  }
  if (options.json) for (const line of comparisons) console.log(JSON.stringify(line));
  else console.log(render(benchmark, comparisons, options.within));
  for (const remark of remarks) console.error(`${benchmark.name}: ${remark}`);
  return remarks.length + comparisons.filter((one) => isBeyond(one, options.within)).length;
}

/** Compares all measures of a case, or says why that is not possible. */
async function compareCase(
  benchmark: Benchmark,
  params: Params,
  options: CompareOptions,
): Promise<Comparison[] | string> {
  const pairs: Pairs = { these: [], others: [] };
  let found: Comparison[] = [];
  const goesOn = (start: number) =>
    start < STARTS || (start < STARTS_MAX && found.some((one) => isBeyond(one, options.within)));
  for (let start = 0; goesOn(start); start++) {
    showProgress(`${benchmark.name}: ${describe(params)}, start ${start + 1}`);
    const failure = await addPairs(benchmark, params, options, pairs);
    showProgress("");
    if (failure !== undefined) return failure;
    const only = benchmark.measures.find(({ name }) => isInOneOnly(name, pairs));
    if (only !== undefined) return `"${only.name}" is measured by one of the two only`;
    found = benchmark.measures.flatMap((measure) => compare(benchmark, params, measure, pairs));
  }
  return found;
}

function isInOneOnly(measure: string, { these, others }: Pairs): boolean {
  const has = (rounds: readonly Values[]) => rounds.some((values) => measure in values);
  return has(these) !== has(others);
}

/** Starts both and has each do its rounds; returns why that was not possible. */
async function addPairs(
  benchmark: Benchmark,
  params: Params,
  { program, otherProgram, rounds }: CompareOptions,
  { these, others }: Pairs,
): Promise<string | undefined> {
  const entrants = [
    { who: THIS, command: serveCommand(program, benchmark.name, params) },
    { who: OTHER, command: serveCommand(otherProgram, benchmark.name, params) },
  ];
  for (const { who, failure, rounds: done } of await runCase(benchmark, params, entrants, rounds)) {
    if (failure !== undefined) return `${who} failed: ${failure}`;
    (who === THIS ? these : others).push(...done);
  }
  return undefined;
}

function compare(
  benchmark: Benchmark,
  params: Params,
  measure: Measure,
  { these, others }: Pairs,
): Comparison | [] {
  const own = measuredBy(measure, these);
  const other = measuredBy(measure, others);
  if (own.length === 0 || own.length !== other.length) return [];
  const isSpeed = measure.better === "higher";
  const ratios = own.map((value, i) => {
    const ratio = value / (other[i] ?? Number.NaN);
    return isSpeed ? 1 / ratio : ratio;
  });
  return {
    name: benchmark.name,
    params: paramsOf(params, measure),
    unit: measure.unit,
    this: significant(median(own)),
    other: significant(median(other)),
    ratio: significant(median(ratios)),
    low: significant(quantile(ratios, 0.25)),
    high: significant(quantile(ratios, 0.75)),
    pairs: ratios.length,
  };
}

function isBeyond({ ratio }: Comparison, within: number | undefined): boolean {
  return within !== undefined && ratio > 1 + within / 100;
}

function render(
  benchmark: Benchmark,
  comparisons: readonly Comparison[],
  within: number | undefined,
): string {
  const title = `${benchmark.name}: ${benchmark.title}`;
  const table = new Table({
    head: [
      "",
      "",
      THIS,
      OTHER,
      "cost",
      "middle half",
      within === undefined ? "" : `within ${within} %`,
    ],
    colAligns: ["left", "left", "right", "right", "right", "right", "left"],
    ...plainTable(),
  });
  for (const one of comparisons) {
    const { low, high, ratio } = one;
    table.push([
      describe(one.params),
      one.unit,
      amount(one.this),
      amount(one.other),
      `${ratio.toFixed(3)}x`,
      `${low.toFixed(3)} to ${high.toFixed(3)}`,
      within === undefined ? "" : isBeyond(one, within) ? "NO" : "yes",
    ]);
  }
  return `${title}\n${"=".repeat(title.length)}\n\n${table.toString().replace(/ +$/gm, "")}\n`;
}
