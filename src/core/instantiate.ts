// The one place that turns the kernel's WebAssembly into a running instance, and the only one that
// knows the loader.
//
// The loader's own `exports` wrap every function to pass the number of arguments along, which would
// double the price of a call into the kernel; no kernel export has optional arguments, so callers
// get the instance's plain exports.

import { instantiateSync } from "@assemblyscript/loader";
import { shown } from "./arguments.js";
import { ArgumentError } from "./errors.js";

/** A build of the kernel: fast; optimised with every check (INVARIANTS); or with debug information. */
export type KernelBuild = "release" | "check" | "debug";

/** What the kernel exports: its memory and functions that take and return 32-bit numbers. */
export type KernelExports = { readonly memory: WebAssembly.Memory } & {
  readonly [name: string]: KernelFunction;
};

/** A kernel export. Addresses and other unsigned results arrive signed: `>>> 0` them. */
export type KernelFunction = (...args: number[]) => number;

/** What the kernel imports from the host, by module and name (assembly/env.ts). */
export type KernelImports = Record<string, Record<string, unknown>>;

/** A build by name, the bytes of a build, or a module that has been compiled already. */
export type KernelSource = KernelBuild | BufferSource | WebAssembly.Module;

const builds: readonly string[] = ["release", "check", "debug"] satisfies KernelBuild[];
/** A module that the package contains: a build of the kernel, or the codec of snapshots. */
type PackagedModule = KernelBuild | "codec";

const compiled = new Map<PackagedModule, WebAssembly.Module>();

/**
 * Instantiates the kernel. A build by name is read from the package and compiled once; a browser passes a
 * module that it has compiled. `Exports` may name the exports that the caller relies on.
 *
 * @throws Error when there is no such build to read.
 */
export function instantiateKernel<Exports = KernelExports>(
  source: KernelSource,
  imports: KernelImports,
): Exports {
  checkSource(source);
  const code = isBuild(source) ? compileBuild(source) : source;
  return plainExports(instantiateSync(code, imports));
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

function plainExports<Exports>(result: { instance: WebAssembly.Instance }): Exports {
  return result.instance.exports as unknown as Exports;
}

/** Instantiates the codec of snapshots (assembly/codec) on a memory. */
export function instantiateCodec<Exports>(memory: WebAssembly.Memory): Exports {
  const instance = new WebAssembly.Instance(compileBuild("codec"), { env: { memory } });
  return instance.exports as unknown as Exports;
}

/** The section of a build of the kernel that has its identity (scripts/build.mjs). */
const BUILD_ID_SECTION = "build-id";

/** What tells a build of the kernel from all others, or null if it was not made by this package's build. */
export function buildIdOf(source: KernelSource): string | null {
  const module = isBuild(source)
    ? compileBuild(source)
    : source instanceof WebAssembly.Module
      ? source
      : new WebAssembly.Module(source);
  const [section] = WebAssembly.Module.customSections(module, BUILD_ID_SECTION);
  return section === undefined ? null : new TextDecoder().decode(section);
}

function compileBuild(build: PackagedModule): WebAssembly.Module {
  let module = compiled.get(build);
  if (module === undefined) {
    module = new WebAssembly.Module(readBuild(build));
    compiled.set(build, module);
  }
  return module;
}

function readBuild(build: PackagedModule): Uint8Array<ArrayBuffer> {
  const fs = nodeFs();
  if (fs === undefined) {
    throw new Error(
      `There is no file to read the ${build} build from here: pass a compiled module.`,
    );
  }
  const url = candidates(build).find((candidate) => fs.existsSync(candidate));
  if (url === undefined) {
    throw new Error(`The ${build} build of the kernel is missing: run \`npm run build\`.`);
  }
  return new Uint8Array(fs.readFileSync(url));
}

/** Where a build may lie: beside the bundle, or in build/ when this file runs from its source. */
function candidates(build: PackagedModule): [URL, URL] {
  return [
    new URL(`./${build}.wasm`, import.meta.url),
    new URL(`../../build/${build}.wasm`, import.meta.url),
  ];
}

/** Node's file system, or undefined in a browser: a plain import would not load there. */
function nodeFs(): typeof import("node:fs") | undefined {
  return globalThis.process?.getBuiltinModule?.("node:fs");
}
