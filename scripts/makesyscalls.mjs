// Makes the files that follow from the table of kernel calls, assembly/syscalls.master:
//
//   node scripts/makesyscalls.mjs
//
// The build does so first of all; the type check does on its own. A file that is as it should be is
// not written, so that nothing is built again for it. To make one more file, add its emitter, a module
// with a `path` and `emit(table)`, to EMITTERS.

import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as cArguments from "./syscalls/c-arguments.mjs";
import * as cHeader from "./syscalls/c-header.mjs";
import * as dispatch from "./syscalls/dispatch.mjs";
import * as hostTable from "./syscalls/host-table.mjs";
import * as hostTypes from "./syscalls/host-types.mjs";
import * as numbers from "./syscalls/numbers.mjs";
import * as reference from "./syscalls/reference.mjs";
import { parseTable } from "./syscalls/table.mjs";

export { parseTable };

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const TABLE = "assembly/syscalls.master";
const EMITTERS = [numbers, cArguments, cHeader, dispatch, hostTable, hostTypes, reference];

/** The table of kernel calls as data. Throws a TableError that names the line of a mistake. */
export function readTable() {
  return parseTable(readFileSync(join(ROOT, TABLE), "utf8"));
}

/** Every file made from the table, by its path. */
export function madeFiles(table = readTable()) {
  return new Map(EMITTERS.map(({ path, emit }) => [path, emit(table)]));
}

/** Writes the files that differ from what the table says, each beside its place first. */
export function makeSyscalls() {
  for (const [path, text] of madeFiles()) {
    const final = join(ROOT, path);
    if (textOf(final) === text) continue;
    mkdirSync(dirname(final), { recursive: true });
    const temporary = `${final}.${process.pid}`;
    writeFileSync(temporary, text);
    renameSync(temporary, final);
  }
}

function textOf(path) {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return null;
    throw error;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  try {
    makeSyscalls();
  } catch (error) {
    process.stderr.write(`${error.stack}\n`);
    process.exitCode = 1;
  }
}
