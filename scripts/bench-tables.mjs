// Turns the benchmarks' results into the tables of BENCHMARKS.md:
//
//   npm run -s bench -- --peers --json >results.jsonl && node scripts/bench-tables.mjs results.jsonl
//
// A row a case and measure, a column a contestant, medians.

import { readFileSync } from "node:fs";

/** The order of the columns; any other system comes after these. */
const ORDER = ["kthread-machine", "with INVARIANTS", "with tracing", "native", "native-bare", "go"];

function readResults(path) {
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line));
}

/** "threads 1,000, queue in order". */
function describe(params) {
  const words = Object.entries(params).filter(([name]) => name !== "measure");
  return words.map(([name, value]) => `${name} ${value.toLocaleString("en-US")}`).join(", ");
}

function rowName({ params, unit }) {
  const parts = [describe(params), params.measure].filter((part) => part);
  return `${parts.join("; ")} (${unit})`;
}

function number(value) {
  const digits = value < 100 ? 3 : Math.max(3, String(Math.round(value)).length);
  return Number(value.toPrecision(digits)).toLocaleString("en-US");
}

function columnRank(who) {
  const rank = ORDER.indexOf(who);
  return rank < 0 ? ORDER.length : rank;
}

function table(name, results) {
  const names = [...new Set(results.map(({ who }) => who))];
  const columns = names.sort((one, other) => columnRank(one) - columnRank(other));
  const rows = new Map();
  for (const result of results) {
    const key = rowName(result);
    if (!rows.has(key)) rows.set(key, new Map());
    rows.get(key).set(result.who, number(result.median));
  }
  return [
    `### ${name}`,
    "",
    `| median | ${columns.join(" | ")} |`,
    `|---|${columns.map(() => "---:").join("|")}|`,
    ...[...rows].map(([key, cells]) => {
      return `| ${key} | ${columns.map((who) => cells.get(who) ?? "").join(" | ")} |`;
    }),
    "",
  ].join("\n");
}

const path = process.argv[2];
if (path === undefined) {
  console.error("Say which file holds the results: node scripts/bench-tables.mjs results.jsonl");
  process.exit(2);
}
const groups = new Map();
for (const result of readResults(path)) {
  groups.set(result.name, [...(groups.get(result.name) ?? []), result]);
}
for (const [name, results] of groups) console.log(table(name, results));
