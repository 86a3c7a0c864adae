/** Node's file system: a plain import would keep the library from loading in a browser, which has none. */
export function fileSystem(): typeof import("node:fs") {
  const fs = globalThis.process?.getBuiltinModule?.("node:fs");
  if (fs === undefined) throw new Error("there is no file system here");
  return fs;
}
