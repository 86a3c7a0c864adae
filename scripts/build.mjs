// Builds what is stale and nothing else: the kernel's three WebAssembly builds, the bundles and the
// type declarations.
//
//   node scripts/build.mjs [--quiet] [--check-layout] [part ...]
//
// A part is one of the names in PARTS; without any, all are built. --check-layout fails when
// src/generated/layout.ts is not what the kernel's sources say, instead of writing it.
//
// Before anything else it brings up to date what follows from the table of kernel calls, which several
// parts read (scripts/makesyscalls.mjs).
//
// A part is up to date when a stamp of its inputs (paths, sizes, modification times) is unchanged;
// where the stamp differs but the contents do not, nothing is built either. What AssemblyScript compiles is
// made first, as many parts at a time as the host has cores; then the rest; and last the kernels are optimised for what
// they do (scripts/inline.mjs, scripts/branches.mjs), for which the library must run them. A lock lets two builds run at once: the
// second waits and then finds nothing to do. Every output is written beside its place and then renamed, so that
// a reader sees the old file or the new one, never half of one.

import { createHash } from "node:crypto";
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import { BranchCounts, withCounters, withHints } from "./branches.mjs";
import { INLINE_TRANSFORM, inlineFurther } from "./inline.mjs";
import { makeSyscalls } from "./makesyscalls.mjs";
import { rareFunctions } from "./rare.mjs";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const STAMPS = join(ROOT, "build/.stamps");
const LOCK = join(ROOT, "build/.lock");
const LAYOUT = "src/generated/layout.ts";
const LAYOUT_TRANSFORM = join(ROOT, "scripts/layout-transform.mjs");
const LOCK_POLL_MS = 50;
/** The custom section of WebAssembly that has a build's identity. */
const BUILD_ID_SECTION = "build-id";

/** A failure that the compiler's own text or one sentence explains; no stack trace is shown. */
export class BuildError extends Error {
  exitCode = 1;
}

/** A command line that asks for something impossible. */
export class UsageError extends BuildError {
  exitCode = 2;
}

/** A module of its own, which packs snapshots. */
const CODEC = "assembly/codec/index.ts";
/** The kernel with more exports, for benchmarks of kernel functions. */
const BENCH_KERNEL = "bench/ours/assembly/index.ts";
const WASM_INPUTS = ["assembly", "asconfig.json", "scripts", "package-lock.json"];
const HOST_INPUTS = ["src", "scripts/build.mjs", "package.json", "package-lock.json"];

const FOR_NODE = { platform: "node", target: "node20", packages: "external" };
/** In one piece, so that a module script can import it as it is. */
const FOR_BROWSERS = { platform: "browser", target: "es2022", packages: "bundle" };

/** Functions keep their names until all is inlined (scripts/inline.mjs). */
const WITH_NAMES = ["--debug"];

/** Beside the library, which they take from dist/index.js: one copy of it for all. */
const BESIDE_INDEX = { ...FOR_NODE, external: ["./index.js"] };

/** What the training runs besides its own programs. */
const TRAINING_WORKLOADS = ["examples/pipeline.json", "examples/webserver.json"];
const TRAINING = "build/training.js";
const TRAINER = ["scripts", "assembly/cpu/rv32_op.ts", "package-lock.json"];

/**
 * Every part: what it reads, what it writes, and how it is made; `needs` are parts that it is made from. `compiled`
 * says that AssemblyScript does it, and how long that takes beside the others; `trained`, that it is optimised for what it does in training.
 */
const PARTS = {
  "release-code": {
    compiled: 20,
    inputs: WASM_INPUTS,
    outputs: ["build/release-code.wasm", "build/layout.ts"],
    make: makeReleaseCode,
  },
  training: bundlePart("scripts/training/main.ts", TRAINING, ["scripts/training"]),
  release: trainedPart("release", ["build/release.wasm", "dist/release.wasm"]),
  check: wasmPart("check", 8),
  debug: wasmPart("debug", 1),
  codec: {
    compiled: 1,
    inputs: [dirname(CODEC), "scripts/build.mjs", "package-lock.json"],
    outputs: ["build/codec.wasm", "dist/codec.wasm"],
    make: makeCodec,
  },
  "bench-code": {
    compiled: 22,
    inputs: [...WASM_INPUTS, dirname(BENCH_KERNEL)],
    outputs: ["build/bench-code.wasm"],
    make: makeBenchCode,
  },
  "bench-kernel": trainedPart("bench", ["build/bench.wasm"]),
  index: bundlePart("src/index.ts", "dist/index.js", []),
  vitest: bundlePart("src/vitest.ts", "dist/vitest.js", [], BESIDE_INDEX),
  "fast-check": bundlePart("src/fast-check.ts", "dist/fast-check.js", [], BESIDE_INDEX),
  browser: bundlePart("src/index.ts", "dist/browser.js", [], FOR_BROWSERS),
  cli: bundlePart("src/cli/main.ts", "dist/cli.js", []),
  conformance: bundlePart("test/conformance/replay/main.ts", "dist/conformance.js", [
    "test/conformance/replay",
  ]),
  "riscv-tests": bundlePart("test/riscv-tests/main.ts", "dist/riscv-tests.js", [
    "test/riscv-tests",
  ]),
  fuzz: bundlePart("test/fuzz/main.ts", "dist/fuzz.js", ["test/fuzz", "test/support"]),
  storms: bundlePart("test/support/cpus/main.ts", "dist/storms.js", [
    "test/support",
    "test/conformance/replay",
  ]),
  bench: bundlePart("bench/main.ts", "dist/bench.js", ["bench"]),
  types: {
    inputs: [...HOST_INPUTS, "tsconfig.json", "tsconfig.types.json"],
    outputs: ["dist/types/index.d.ts"],
    make: makeTypes,
  },
};

function wasmPart(target, compiled) {
  return {
    compiled,
    inputs: WASM_INPUTS,
    outputs: [`build/${target}.wasm`, `dist/${target}.wasm`],
    make: () => makeWasm(target),
  };
}

/** A kernel that is optimised for what it does, made from its code. */
function trainedPart(name, outputs) {
  return {
    trained: true,
    needs: [`${name}-code`, "training"],
    inputs: [`build/${name}-code.wasm`, TRAINING, ...TRAINING_WORKLOADS, ...TRAINER],
    outputs,
    make: () => makeTrained(name, outputs),
  };
}

function bundlePart(entry, output, extraInputs, options = FOR_NODE) {
  return {
    inputs: [...HOST_INPUTS, ...extraInputs],
    outputs: [output],
    make: () => makeBundle(entry, output, options),
  };
}

// --- making one part ------------------------------------------------------------------------

async function makeWasm(target) {
  const { files, messages } = await compile("assembly/index.ts", target, [], []);
  writeModule(target, withId(target, files.get(`build/${target}.wasm`)));
  return messages;
}

async function makeReleaseCode() {
  const transforms = [LAYOUT_TRANSFORM, INLINE_TRANSFORM];
  const { files, messages } = await compile("assembly/index.ts", "release", transforms, WITH_NAMES);
  write("build/release-code.wasm", files.get("build/release.wasm"));
  write("build/layout.ts", files.get(LAYOUT));
  return messages;
}

/** As the release build is made: what is measured is what is shipped. */
async function makeBenchCode() {
  const transforms = [INLINE_TRANSFORM];
  const { files, messages } = await compile(BENCH_KERNEL, "release", transforms, WITH_NAMES);
  write("build/bench-code.wasm", files.get("build/release.wasm"));
  return messages;
}

/** Trains a kernel: once to see which functions are rare, and when all is inlined, which way branches go. */
async function makeTrained(name, outputs) {
  const { train } = await import(pathToFileURL(join(ROOT, TRAINING)));
  const workloads = TRAINING_WORKLOADS.map((path) => join(ROOT, path));
  const trainOn = (wasm, imports) =>
    importing(imports, () => train(new WebAssembly.Module(wasm), workloads));
  const code = readFileSync(join(ROOT, `build/${name}-code.wasm`));
  const inlined = inlineFurther(code, rareFunctions(code, trainOn));
  const { plain, counting, branches } = withCounters(inlined);
  const counts = new BranchCounts(branches);
  trainOn(counting, counts.imports);
  const hinted = withHints(plain, counts);
  for (const output of outputs) write(output, name === "release" ? withId(name, hinted) : hinted);
  return "";
}

/** Does something while all of this thread's instances of WebAssembly import these, too. */
function importing(more, action) {
  const { Instance } = WebAssembly;
  WebAssembly.Instance = class extends Instance {
    constructor(module, imports) {
      super(module, { ...imports, ...more });
    }
  };
  try {
    return action();
  } finally {
    WebAssembly.Instance = Instance;
  }
}

/** The codec of snapshots is a module of its own, with options of its own. */
async function makeCodec() {
  const { files, messages } = await compile(
    CODEC,
    "codec",
    [],
    [],
    join(dirname(CODEC), "asconfig.json"),
  );
  writeModule("codec", files.get("build/codec.wasm"));
  return messages;
}

/** Compiles an entry file by a target of a configuration; returns the files that it makes, by their paths. */
async function compile(entry, target, transforms, options, config = "asconfig.json") {
  const { default: asc } = await import("assemblyscript/asc");
  const files = new Map();
  const messages = asc.createMemoryStream();
  const args = [entry, "--baseDir", ROOT, "--config", config, "--target", target];
  args.push(...options);
  for (const path of transforms) args.push("--transform", path);
  const { error } = await asc.main(args, {
    stdout: messages,
    stderr: messages,
    readFile: (path, baseDir) => readOrNull(resolve(baseDir, path)),
    writeFile: (path, contents, baseDir) => {
      files.set(relative(ROOT, resolve(baseDir, path)), contents);
    },
    listFiles: () => [],
  });
  if (error) throw new BuildError(`${messages}\nThe ${target} build of ${entry} failed.`);
  return { files, messages: messages.toString() };
}

function writeModule(name, wasm) {
  write(`build/${name}.wasm`, wasm);
  write(`dist/${name}.wasm`, wasm);
}

/**
 * A build of the kernel with its identity in a custom section: what a snapshot is keyed by
 * (src/core/instantiate.ts).
 */
function withId(target, wasm) {
  const id = `${target} ${createHash("sha256").update(wasm).digest("hex").slice(0, 16)}`;
  const name = Buffer.from(BUILD_ID_SECTION);
  const body = Buffer.concat([Buffer.of(name.length), name, Buffer.from(id)]);
  if (body.length > 127) throw new BuildError(`The id "${id}" is too long for its section.`);
  return Buffer.concat([wasm, Buffer.of(0, body.length), body]);
}

async function makeBundle(entry, output, options) {
  const esbuild = await import("esbuild");
  let result;
  try {
    result = await esbuild.build({
      absWorkingDir: ROOT,
      entryPoints: [entry],
      outfile: output,
      write: false,
      bundle: true,
      format: "esm",
      ...options,
      legalComments: "none",
      banner: output === "dist/cli.js" ? { js: "#!/usr/bin/env node" } : {},
      logLevel: "silent",
    });
  } catch (error) {
    const texts = await esbuild.formatMessages(error.errors ?? [], { kind: "error" });
    throw new BuildError(`${texts.join("") || error.message}\nThe bundle ${output} failed.`);
  }
  write(output, result.outputFiles[0].text);
  return "";
}

async function makeTypes() {
  const { spawnSync } = await import("node:child_process");
  const temporary = join(ROOT, `build/types.${process.pid}`);
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  const args = [tsc, "-p", "tsconfig.types.json", "--outDir", temporary];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: ROOT,
    encoding: "utf8",
  });
  if (status !== 0) {
    rmSync(temporary, { recursive: true, force: true });
    throw new BuildError(`${stdout}${stderr}\nThe type declarations failed.`);
  }
  const final = join(ROOT, "dist/types");
  rmSync(final, { recursive: true, force: true });
  mkdirSync(dirname(final), { recursive: true });
  renameSync(temporary, final);
  return "";
}

/** Brings src/generated/layout.ts up to date, or fails if it is not and may not be written. */
function settleLayout(checkOnly) {
  const made = readOrNull(join(ROOT, "build/layout.ts"));
  if (made === null || made === readOrNull(join(ROOT, LAYOUT))) return;
  if (checkOnly) {
    throw new BuildError(
      `${LAYOUT} is not what assembly/sys says: run \`npm run build\` and commit the file.`,
    );
  }
  write(LAYOUT, made);
}

function readOrNull(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

function write(path, contents) {
  const final = join(ROOT, path);
  mkdirSync(dirname(final), { recursive: true });
  const temporary = `${final}.${process.pid}`;
  writeFileSync(temporary, contents);
  renameSync(temporary, final);
}

// --- staleness ------------------------------------------------------------------------------

/** All files below the inputs, sorted, as [path, size and time of last change]. */
function inputStats(inputs) {
  const files = [];
  for (const input of inputs) collect(join(ROOT, input), files);
  return files.sort((a, b) => (a[0] < b[0] ? -1 : 1));
}

function collect(path, files) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isDirectory()) {
    files.push([relative(ROOT, path), `${stat.size} ${stat.mtimeMs}`]);
    return;
  }
  for (const name of readdirSync(path)) collect(join(path, name), files);
}

function hash(texts) {
  const digest = createHash("sha256");
  for (const text of texts) digest.update(text).update("\0");
  return digest.digest("hex");
}

const stampOf = (stats) => hash(stats.flat());

function contentOf(stats) {
  return hash(stats.flatMap(([path]) => [path, readOrNull(join(ROOT, path)) ?? ""]));
}

function stampPath(name) {
  return join(STAMPS, `${name}.json`);
}

function readStamp(name) {
  const text = readOrNull(stampPath(name));
  return text === null ? {} : JSON.parse(text);
}

const exists = (path) => existsSync(join(ROOT, path));

/** True when the part's outputs are there and were made from the inputs as they are now. */
function isFresh(name) {
  const { inputs, outputs } = PARTS[name];
  if (!outputs.every(exists)) return false;
  const stamp = readStamp(name);
  const stats = inputStats(inputs);
  if (stamp.stats === stampOf(stats)) return true;
  if (stamp.content !== contentOf(stats)) return false;
  saveStamp(name, stats, stamp.content);
  return true;
}

function saveStamp(name, stats, content) {
  write(relative(ROOT, stampPath(name)), JSON.stringify({ stats: stampOf(stats), content }));
}

// --- the lock -------------------------------------------------------------------------------

async function withLock(action) {
  mkdirSync(dirname(LOCK), { recursive: true });
  while (!takeLock()) await new Promise((resolve) => setTimeout(resolve, LOCK_POLL_MS));
  try {
    return await action();
  } finally {
    rmSync(LOCK, { force: true });
  }
}

/** Takes the lock, or clears it away when its owner is dead; a link appears with its text at once. */
function takeLock() {
  const mine = `${LOCK}.${process.pid}`;
  writeFileSync(mine, String(process.pid));
  try {
    linkSync(mine, LOCK);
    return true;
  } catch (error) {
    if (error.code !== "EEXIST") throw error;
    const owner = readOrNull(LOCK);
    if (owner !== null && !isAlive(Number(owner))) rmSync(LOCK, { force: true });
    return false;
  } finally {
    rmSync(mine, { force: true });
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

// --- the build ------------------------------------------------------------------------------

/** Builds the stale ones among the named parts (all of them by default); says so first by `onStale`. */
export async function build({
  parts = Object.keys(PARTS),
  quiet = false,
  checkLayout = false,
  onStale,
} = {}) {
  makeSyscalls();
  const names = [...new Set(parts.flatMap((name) => [...(PARTS[name].needs ?? []), name]))];
  if (names.every(isFresh) && !layoutDiffers()) return;
  onStale?.();
  await withLock(async () => {
    const compiled = names.filter((name) => PARTS[name].compiled && !isFresh(name));
    await allOf(compiled.sort(longestFirst), (name) => buildPart(name, quiet, makeInThread));
    if (names.includes("release-code")) settleLayout(checkLayout);
    const bundles = names.filter((name) => !PARTS[name].trained && !isFresh(name));
    for (const name of bundles) await buildPart(name, quiet, makePart);
    const trained = names.filter((name) => PARTS[name].trained && !isFresh(name));
    await allOf(trained, (name) => buildPart(name, quiet, makeInThread));
  });
}

function longestFirst(one, other) {
  return PARTS[other].compiled - PARTS[one].compiled;
}

/** Does an action with each item, as many at a time as the host has cores. The first failure is thrown at the end. */
async function allOf(items, action) {
  const rest = items.values(); // each of these takes the next
  const line = async () => {
    for (const item of rest) await action(item);
  };
  const lines = Array.from({ length: Math.min(availableParallelism(), items.length) }, line);
  const failed = (await Promise.allSettled(lines)).find(({ status }) => status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

function layoutDiffers() {
  const made = readOrNull(join(ROOT, "build/layout.ts"));
  return made !== null && made !== readOrNull(join(ROOT, LAYOUT));
}

/** Makes a part and writes its outputs; returns what the compiler had to say. */
export async function makePart(name) {
  return PARTS[name].make();
}

/** Makes a part in a thread of its own. */
async function makeInThread(name) {
  const worker = new Worker(new URL("build-part.mjs", import.meta.url), { workerData: name });
  const answer = await new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", (code) =>
      reject(new BuildError(`The ${name} build ended with code ${code}.`)),
    );
  });
  if (answer.told) throw new BuildError(answer.error.message);
  if (answer.error !== undefined) throw answer.error;
  return answer.messages;
}

async function buildPart(name, quiet, make) {
  const { inputs, outputs } = PARTS[name];
  const stats = inputStats(inputs);
  const content = contentOf(stats);
  const messages = await make(name);
  saveStamp(name, stats, content);
  if (!quiet) process.stdout.write(`${messages}built ${outputs[0]}\n`);
}

const FLAGS = ["--quiet", "--check-layout"];

async function main(args) {
  const flags = new Set(args.filter((arg) => arg.startsWith("--")));
  const parts = args.filter((arg) => !arg.startsWith("--"));
  const unknownFlag = [...flags].find((flag) => !FLAGS.includes(flag));
  if (unknownFlag !== undefined) {
    throw new UsageError(`The build has no flag ${unknownFlag}; it has ${FLAGS.join(" and ")}.`);
  }
  const unknown = parts.find((part) => !Object.hasOwn(PARTS, part));
  if (unknown !== undefined) {
    throw new UsageError(
      `The build has no part ${unknown}; its parts are ${Object.keys(PARTS).join(", ")}.`,
    );
  }
  await build({
    parts: parts.length > 0 ? parts : undefined,
    quiet: flags.has("--quiet"),
    checkLayout: flags.has("--check-layout"),
  });
}

/** Prints a failure the way the build reports it, and makes the process exit with 1, or 2 for a wrong command line. */
export function reportFailure(error) {
  process.stderr.write(`${error instanceof BuildError ? error.message : error.stack}\n`);
  process.exitCode = error instanceof BuildError ? error.exitCode : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  main(process.argv.slice(2)).catch(reportFailure);
}
