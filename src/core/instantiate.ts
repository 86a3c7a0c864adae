// The one place that turns the kernel's WebAssembly into a running instance, and the only one that
// knows the loader.
//
// The loader's own `exports` wrap every function to pass the number of arguments along, which would
// double the price of a call into the kernel; no kernel export has optional arguments, so callers
// get the instance's plain exports.

import { instantiateSync } from "@assemblyscript/loader";
import { shown } from "./arguments.js";
import { compileModule } from "./branch-hints.js";
import { ArgumentError, ConfigError } from "./errors.js";
import { fileSystemIfAny } from "./file-system.js";
import type { WasmMemory, WasmModule } from "./wasm-types.js";

/** A build of the kernel: fast; optimised with every check (INVARIANTS); or with debug information. */
export type KernelBuild = "release" | "check" | "debug";

/** What the kernel exports: its memory and functions that take and return 32-bit numbers. */
export type KernelExports = { readonly memory: WasmMemory } & {
  readonly [name: string]: KernelFunction;
};

/** A kernel export. Addresses and other unsigned results arrive signed: `>>> 0` them. */
export type KernelFunction = (...args: number[]) => number;

/** What the kernel imports from the host, by module and name (assembly/env.ts). */
export type KernelImports = Record<string, Record<string, unknown>>;

/** A build by name, the bytes of a build, or a module that has been compiled already. */
export type KernelSource = KernelBuild | ArrayBuffer | ArrayBufferView<ArrayBuffer> | WasmModule;

const builds: readonly string[] = ["release", "check", "debug"] satisfies KernelBuild[];
/** A module that the package contains: a build of the kernel, or the codec of snapshots. */
type PackagedModule = KernelBuild | "codec";

const compiled = new Map<PackagedModule, WebAssembly.Module>();

/**
 * Instantiates the kernel. A build by name is read from the package and compiled once; a browser passes a
 * module that it has compiled. `Exports` may name the exports that the caller relies on.
 *
 * @throws ConfigError when there is no such build to read.
 */
export function instantiateKernel<Exports = KernelExports>(
  source: KernelSource,
  imports: KernelImports,
): Exports {
  checkSource(source);
  return plainExports(instantiateSync(moduleOf(source), imports));
}

function checkSource(source: unknown): void {
  const isFine =
    typeof source === "string"
      ? builds.includes(source)
      : source instanceof WebAssembly.Module ||
        source instanceof ArrayBuffer ||
        ArrayBuffer.isView(source);
  if (isFine) return;
  const allowed = `one of ${builds.join(", ")}, a WebAssembly.Module, or the bytes of one`;
  throw new ArgumentError("Machine", "build", `build is ${shown(source)}; it must be ${allowed}`);
}

function isBuild(source: KernelSource): source is KernelBuild {
  return typeof source === "string";
}

function moduleOf(source: KernelSource): WebAssembly.Module {
  if (isBuild(source)) return compileBuild(source);
  return source instanceof WebAssembly.Module ? source : compileModule(source as BufferSource);
}

function plainExports<Exports>(result: { instance: WebAssembly.Instance }): Exports {
  return result.instance.exports as unknown as Exports;
}

/** Instantiates the codec of snapshots (assembly/codec) on a memory. */
export function instantiateCodec<Exports>(memory: WasmMemory): Exports {
  const instance = new WebAssembly.Instance(compileBuild("codec"), {
    env: { memory: memory as WebAssembly.Memory },
  });
  return instance.exports as unknown as Exports;
}

/** The section of a build of the kernel that has its identity (scripts/build.mjs). */
const BUILD_ID_SECTION = "build-id";

/** What tells a build of the kernel from all others, or null if it was not made by this package's build. */
export function buildIdOf(source: KernelSource): string | null {
  const module = moduleOf(source);
  const [section] = WebAssembly.Module.customSections(module, BUILD_ID_SECTION);
  return section === undefined ? null : new TextDecoder().decode(section);
}

/**
 * Loads and compiles a build, wherever the library runs: from a file, or by `fetch` in a browser. Whoever
 * names it afterwards finds it there.
 *
 * @throws ConfigError when it cannot be loaded.
 */
export async function loadBuild(build: KernelBuild): Promise<void> {
  checkSource(build);
  if (fileSystemIfAny() !== undefined) {
    compileBuild(build);
    return;
  }
  // Bundlers look for these very expressions: they ship the files that they name, and no others.
  const release = new URL("./release.wasm", import.meta.url);
  const codec = new URL("./codec.wasm", import.meta.url);
  const url = build === "release" ? release : new URL(`${build}.wasm`, release);
  await Promise.all([fetchModule(build, url), fetchModule("codec", codec)]);
}

async function fetchModule(name: PackagedModule, url: URL): Promise<void> {
  if (compiled.has(name)) return;
  const fail = (why: unknown) => new ConfigError(`cannot load the kernel from ${url}: ${why}`);
  const response = await fetch(url).catch((error) => Promise.reject(fail(error)));
  if (!response.ok) throw fail(`${response.status} ${response.statusText}`);
  const code = await response.arrayBuffer();
  // A server that knows no such file may send its page instead.
  if (!WebAssembly.validate(code)) throw fail("what is there is no WebAssembly");
  compiled.set(name, await WebAssembly.compile(code));
}

/** The compiled module of a build, for {@link adoptBuild} on another thread. */
export function compiledBuild(build: KernelBuild): WasmModule {
  return compileBuild(build);
}

/** Has a build be the module that another thread has compiled, and shares the code that either of them makes better. */
export function adoptBuild(build: KernelBuild, module: WasmModule): void {
  compiled.set(build, module as WebAssembly.Module);
}

function compileBuild(build: PackagedModule): WebAssembly.Module {
  let module = compiled.get(build);
  if (module === undefined) {
    module = compileModule(readBuild(build));
    compiled.set(build, module);
  }
  return module;
}

function readBuild(build: PackagedModule): Uint8Array<ArrayBuffer> {
  const fs = fileSystemIfAny();
  if (fs === undefined) {
    throw new ConfigError(
      `the ${build} build of the kernel has not been loaded: use \`await Machine.create()\`, or pass a compiled module`,
    );
  }
  const url = candidates(build).find((candidate) => fs.existsSync(candidate));
  if (url === undefined) {
    throw new Error(`The ${build} build of the kernel is missing: run \`npm run build\`.`);
  }
  return new Uint8Array(fs.readFileSync(url));
}

/**
 * Where a build may lie: beside the bundle, or in build/ when this file runs from its source. Bundlers would ship
 * whatever is there if the base were written as they know it.
 */
function candidates(build: PackagedModule): [URL, URL] {
  const here: string = import.meta.url;
  return [new URL(`./${build}.wasm`, here), new URL(`../../build/${build}.wasm`, here)];
}
