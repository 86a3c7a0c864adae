// Modules in TypeScript, for a Node that does not run them by itself: esbuild takes their types off, if it is installed
// beside them. It is no dependency of this package.

import { createRequire, register } from "node:module";
import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { ConfigError } from "../core/errors.js";

/** The hooks by which Node loads modules, in a thread of their own: they cannot be a part of the command's one file. */
const HOOKS = `
  import { readFile } from "node:fs/promises";
  import { createRequire } from "node:module";
  let esbuild;
  export function initialize(path) {
    esbuild = createRequire(path)(path);
  }
  export async function load(url, context, next) {
    if (!/^file:.*\\.m?ts$/.test(url)) return next(url, context);
    const text = await readFile(new URL(url), "utf8");
    return { format: "module", source: typesOff(text), shortCircuit: true };
  }
  function typesOff(text) {
    try {
      return esbuild.transformSync(text, { loader: "ts", format: "esm", logLevel: "silent" }).code;
    } catch (error) {
      const [first] = error.errors ?? [];
      throw first ? new SyntaxError("line " + first.location?.line + ": " + first.text) : error;
    }
  }
`;

let isReady = false;

/** Makes Node load a module, if that is one in TypeScript and Node would not. */
export function prepareTypeScript(file: string): void {
  const kind = extname(file);
  if ((kind !== ".ts" && kind !== ".mts") || isReady || hasTypeScript()) return;
  const esbuild = findEsbuild(file);
  if (esbuild === null) {
    throw new ConfigError(
      `${file}: this version of Node does not run TypeScript: install the package esbuild beside it, or use Node 22.18 or newer`,
    );
  }
  register(`data:text/javascript,${encodeURIComponent(HOOKS)}`, {
    parentURL: import.meta.url,
    data: esbuild,
  });
  isReady = true;
}

function hasTypeScript(): boolean {
  const features = process.features as object as { readonly typescript?: unknown };
  return Boolean(features.typescript);
}

/** The esbuild that the module would import, or else the one that this package would. */
function findEsbuild(file: string): string | null {
  for (const from of [pathToFileURL(resolve(file)).href, import.meta.url]) {
    try {
      return createRequire(from).resolve("esbuild");
    } catch {
      // not there
    }
  }
  return null;
}
