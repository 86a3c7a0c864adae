// The results as a table: one group of rows for each case and measure, with ratios and bars.

import Table from "cli-table3";
import { paramsOf } from "./runner.js";
import { type Benchmark, type Measure, OURS, type Params, type Result } from "./types.js";

const BAR_WIDTH = 32;
/** A bar ends at so many times the length of the one that all are compared with. */
const BAR_RATIO_MAX = 8;
const EIGHTHS = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
const CUT = "»";

/** The contestants' results for one case and one measure. */
interface Group {
  readonly label: string;
  readonly results: readonly Result[];
}

/** A benchmark's table, with its title above and the remarks below. */
export function renderTable(
  benchmark: Benchmark,
  results: readonly Result[],
  remarks: readonly string[],
): string {
  const title = `${benchmark.name}: ${benchmark.title}`;
  const parts = [`${title}\n${"=".repeat(title.length)}`];
  for (const measure of benchmark.measures) {
    const groups = groupsOf(benchmark, results, measure);
    if (groups.length > 0) parts.push(renderMeasure(benchmark, measure, groups));
  }
  if (remarks.length > 0) parts.push(remarks.map((remark) => `  ${remark}`).join("\n"));
  return `${parts.join("\n\n")}\n`;
}

function groupsOf(benchmark: Benchmark, results: readonly Result[], measure: Measure): Group[] {
  const cases = benchmark.mean ? [...benchmark.cases, benchmark.mean] : benchmark.cases;
  const groups = cases.map((params) => {
    const key = JSON.stringify(paramsOf(params, measure));
    const members = results.filter((result) => JSON.stringify(result.params) === key);
    return { label: describe(params), results: members };
  });
  return groups.filter((group) => group.results.length > 0);
}

/** A case in words: "threads 1,000,000, order shuffled". */
export function describe(params: Params): string {
  const words = Object.entries(params).map(([name, value]) => `${name} ${number(value)}`);
  return words.join(", ");
}

function number(value: string | number): string {
  return typeof value === "number" ? value.toLocaleString("en") : value;
}

function renderMeasure(benchmark: Benchmark, measure: Measure, groups: readonly Group[]): string {
  const what = measure.name === "value" ? "" : `${measure.name}, `;
  const better = measure.better === "higher" ? "longer is better" : "shorter is better";
  const reference = referenceName(groups);
  const table = new Table({
    head: ["", `${what}${measure.unit}`, "median", "min", "max", `to ${reference}`, better],
    colAligns: ["left", "left", "right", "right", "right", "right", "left"],
    ...plainTable(),
  });
  const curveScale = benchmark.curve ? longestOf(groups) : undefined;
  for (const [i, group] of groups.entries()) {
    const isApart = i > 0 && (curveScale === undefined || group.results.length > 1);
    if (isApart) table.push(["", "", "", "", "", "", ""]);
    const label = benchmark.cases.length > 1 ? group.label : "";
    table.push(...rowsOf(group, label, reference, curveScale));
  }
  return table.toString().replace(/ +$/gm, "");
}

/** The look of every table: one rule below the head, and no other lines. */
export function plainTable() {
  return { style: { head: [], border: [], compact: true }, chars: plainLines() };
}

function plainLines(): Record<string, string> {
  const sides = ["top", "bottom", "left", "right"].flatMap((side) =>
    ["", "-mid", "-left", "-right"].map((end) => [`${side}${end}`, ""]),
  );
  return { ...Object.fromEntries(sides), mid: "─", "left-mid": "", "mid-mid": "─", middle: " " };
}

function rowsOf(
  group: Group,
  label: string,
  reference: string,
  curveScale: number | undefined,
): string[][] {
  const base = group.results.find((result) => result.who === reference)?.median;
  const scale = curveScale ?? scaleOf(group, base);
  return group.results.map((result, i) => [
    i === 0 ? label : "",
    result.who,
    amount(result.median),
    amount(result.min),
    amount(result.max),
    base === undefined ? "" : ratio(result.median / base),
    bar(result.median, scale),
  ]);
}

/** What the ratios are to: our machine, or the first peer where our machine has no result. */
function referenceName([group]: readonly Group[]): string {
  const whos = group?.results.map(({ who }) => who) ?? [];
  return whos.includes(OURS) ? OURS : (whos[0] ?? OURS);
}

/** The amount that a full bar stands for. */
function scaleOf(group: Group, base: number | undefined): number {
  const longest = longestOf([group]);
  return base === undefined ? longest : Math.min(longest, BAR_RATIO_MAX * base);
}

function longestOf(groups: readonly Group[]): number {
  return Math.max(...groups.flatMap((group) => group.results.map((result) => result.median)));
}

function bar(value: number, scale: number): string {
  if (value > scale * 1.0001) return "█".repeat(BAR_WIDTH - 1) + CUT;
  const eighths = Math.max(Math.round((value / scale) * BAR_WIDTH * 8), 1);
  return "█".repeat(eighths >> 3) + EIGHTHS[eighths & 7];
}

/** Three digits, or all that stand before the point. */
export function amount(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString("en");
  return value.toPrecision(3);
}

function ratio(value: number): string {
  return `${value >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(2)}x`;
}

/** Shows on a terminal what is running now; the empty text wipes it away. */
export function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}
