// The conformance command: replays recorded cases on the product's own kernel.
//
//   npm run -s conformance -- [PATH...] [--build release|check|debug]
//
// A path is a file of cases or a folder of such files; without one, the project's own cases are replayed.
// Each failing case is printed with the first entry that differs; the last line says how many passed and
// failed. Exit code 0 when all passed, 1 when one failed, 2 when the input cannot be read.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ConfigError } from "../../../src/core/errors.js";
import type { KernelBuild } from "../../../src/core/instantiate.js";
import type { CpusCase } from "./cpus-body.js";
import { type Difference, InputError } from "./difference.js";
import { type FreebsdCase, replayFreebsd } from "./freebsd.js";
import { type LwktCase, replayLwkt } from "./lwkt.js";
import { replayCpus } from "./several-cpus.js";

const builds: readonly KernelBuild[] = ["release", "check", "debug"];

/** The project's own cases, as seen from the bundle, dist/conformance.js. */
const OWN_CASES = fileURLToPath(new URL("../test/conformance/cases", import.meta.url));

interface Case {
  readonly cpus?: unknown;
  readonly name: string;
  readonly tunables?: unknown;
  readonly max_steps?: unknown;
}

interface Options {
  readonly paths: readonly string[];
  readonly build: KernelBuild;
}

function parseArguments(args: readonly string[]): Options {
  const paths: string[] = [];
  let build: KernelBuild = "release";
  const rest = args.values();
  for (const arg of rest) {
    if (arg === "--build" || arg.startsWith("--build=")) {
      const name = arg === "--build" ? rest.next().value : arg.slice("--build=".length);
      const known = builds.find((other) => other === name);
      if (known === undefined) {
        const given = name === undefined ? "--build has no value" : `--build is "${name}"`;
        throw new InputError(`${given}; it must be one of ${builds.join(", ")}`);
      }
      build = known;
    } else if (arg.startsWith("-")) {
      throw new InputError(`there is no option ${arg}; there is --build`);
    } else {
      paths.push(arg);
    }
  }
  return { paths: paths.length > 0 ? paths : [OWN_CASES], build };
}

/** The files of cases at a path, in order of their names. */
function filesAt(path: string): string[] {
  let isFolder: boolean;
  try {
    isFolder = statSync(path).isDirectory();
  } catch {
    throw new InputError(`${path}: there is no such file or folder`);
  }
  if (!isFolder) return [path];
  const names = readdirSync(path, { recursive: true, encoding: "utf8" });
  const files = names.filter((name) => name.endsWith(".json")).sort();
  if (files.length === 0) throw new InputError(`${path}: there is no .json file in this folder`);
  return files.map((name) => join(path, name));
}

function casesOf(file: string): Case[] {
  let cases: unknown;
  try {
    cases = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new InputError(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!Array.isArray(cases)) throw new InputError(`${file}: it is not a list of cases`);
  for (const one of cases) {
    if (typeof one !== "object" || one === null || typeof one.name !== "string") {
      throw new InputError(`${file}: a case is an object with a name`);
    }
  }
  return cases as Case[];
}

/** Replays a case; its content shows which of the three formats it has. */
function replay(one: Case, build: KernelBuild): Difference | null {
  if ("cpus" in one) return replayCpus(one as unknown as CpusCase, build);
  if ("max_steps" in one || "boot" in one) {
    return replayLwkt(one as unknown as LwktCase, build);
  }
  if ("tunables" in one) return replayFreebsd(one as unknown as FreebsdCase, build);
  throw new InputError('it has neither "tunables" nor "max_steps" nor "cpus"');
}

/** Replays a case of a file; an error in the case itself is an {@link InputError} that names both. */
function replayFrom(file: string, one: Case, build: KernelBuild): Difference | null {
  try {
    return replay(one, build);
  } catch (error) {
    // A case is not validated field by field: a missing field shows where it is used.
    const isBadCase =
      error instanceof InputError || error instanceof ConfigError || error instanceof TypeError;
    if (!isBadCase) throw error;
    const what =
      error instanceof TypeError
        ? `a part that the format asks for is missing or of another kind (${error.message})`
        : error.message;
    throw new InputError(`${file}: case ${one.name}: ${what}`);
  }
}

function report(name: string, { where, expected, got }: Difference): void {
  const text = (value: unknown) => JSON.stringify(value) ?? "nothing";
  process.stdout.write(
    `FAILED ${name}: ${where}\n  expected ${text(expected)}\n  got      ${text(got)}\n`,
  );
}

function main(args: readonly string[]): number {
  const { paths, build } = parseArguments(args);
  let passed = 0;
  let failed = 0;
  for (const file of paths.flatMap(filesAt)) {
    for (const one of casesOf(file)) {
      const difference = replayFrom(file, one, build);
      if (difference === null) {
        passed++;
      } else {
        failed++;
        report(one.name, difference);
      }
    }
  }
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}

try {
  process.exitCode = main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof InputError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
