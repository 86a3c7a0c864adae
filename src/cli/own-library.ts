// The package `kthread-machine` that a test imports. A test in a folder where it is not installed, beside a checkout or
// a command that is installed for all, gets the one that this command belongs to: whoever has the command has the
// library.

import { createRequire, register } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const PACKAGE = "kthread-machine";

/** The hook by which Node finds modules, in a thread of its own: it cannot be a part of the command's one file. */
const HOOK = `
  let parentURL;
  export function initialize(url) {
    parentURL = url;
  }
  export async function resolve(specifier, context, next) {
    const isOurs = specifier === "${PACKAGE}" || specifier.startsWith("${PACKAGE}/");
    return next(specifier, isOurs ? { ...context, parentURL } : context);
  }
`;

let isReady = false;

/** Makes Node find the package for a test that has none of its own. */
export function prepareLibrary(file: string): void {
  if (isReady || hasLibrary(file)) return;
  register(`data:text/javascript,${encodeURIComponent(HOOK)}`, {
    parentURL: import.meta.url,
    data: import.meta.url,
  });
  isReady = true;
}

function hasLibrary(file: string): boolean {
  try {
    createRequire(pathToFileURL(resolve(file))).resolve(`${PACKAGE}/package.json`);
    return true;
  } catch {
    return false;
  }
}
