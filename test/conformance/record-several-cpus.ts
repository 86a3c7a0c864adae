// Records the cases for several CPUs from the model, never from the kernel:
//
//   npx tsx test/conformance/record-several-cpus.ts
//
// The cases are a data set of the project: they are recorded again only when the law changes.

import { writeFileSync } from "node:fs";
import { Lead, type Outline } from "../support/cpus/lead.js";
import { makeScript, type Op, type OpName } from "../support/cpus/script.js";

const FOLDER = new URL("cases/several-cpus/", import.meta.url);
const FILES = 5;
const CASES = 48;
const MAX_LOG = 160;
const MIN_LOG = 12;

/** Operations of storms that take time or create threads, which cases do not have. */
const left: readonly OpName[] = [
  "compute",
  "create",
  "prio",
  "affinity",
  "register",
  "leave",
  "reap",
];

/** The outline of a case: a storm's threads that exist from the start, with the operations that cases have. */
function outlineOf(name: string, seed: number, cpus: number): Outline {
  const script = makeScript(seed, { cpus, roles: 3 + (seed % 5), ops: 7 });
  const roles = script.roles.filter(({ cpu }) => cpu >= 0);
  const wrap = ([op, a = 0, ...rest]: Op): [string, ...number[]] => {
    const lists: Readonly<Record<string, number>> = {
      gettoken: script.tokens.length,
      havetoken: script.tokens.length,
      regettoken: script.tokens.length,
      gen: script.waits.length,
      block: script.waits.length,
      signal: script.waits.length,
      schedule: roles.length,
      deschedule: roles.length,
      setpri: roles.length,
      migrate: roles.length,
      interrupt: roles.length,
    };
    const length = lists[op];
    if (length !== undefined) return [op, a % length, ...rest];
    return op === "setpri_self" || op === "setcpu_self" ? [op, a] : [op];
  };
  return {
    name,
    about: `threads of ${cpus} CPUs that ask things of each other, made from seed ${seed}`,
    cpus,
    tokens: script.tokens,
    waits: script.waits,
    threads: roles.map(({ cpu, level, ops }, index) => ({
      name: String.fromCharCode(65 + index),
      cpu,
      level,
      body: ops.filter(([op]) => !left.includes(op)).map(wrap),
    })),
  };
}

let seed = 1;
for (let file = 0; file < FILES; file++) {
  const cpus = [2, 2, 3, 4, 8][file] as number;
  const lines: string[] = [];
  for (; lines.length < CASES; seed++) {
    const outline = outlineOf(`cpus${cpus}-${seed}`, seed, cpus);
    const lead = new Lead(outline);
    if (!lead.run() || lead.log.length > MAX_LOG || lead.log.length < MIN_LOG) continue;
    lines.push(JSON.stringify({ ...outline, log: lead.log, final: lead.final() }));
  }
  writeFileSync(new URL(`random-${file + 1}.json`, FOLDER), `[\n${lines.join(",\n")}\n]\n`);
}
