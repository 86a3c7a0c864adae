/** Node's file system: a plain import would keep the library from loading in a browser, which has none. */
export function fileSystem(): typeof import("node:fs") {
  const fs = fileSystemIfAny();
  if (fs === undefined) throw new Error("there is no file system here");
  return fs;
}

/** The same, or undefined in a browser. */
export function fileSystemIfAny(): typeof import("node:fs") | undefined {
  return globalThis.process?.getBuiltinModule?.("node:fs");
}
