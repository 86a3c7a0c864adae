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

/**
 * The bytes of a file or a pipe. A device is refused: it may have no end.
 *
 * @throws Error with a sentence when it cannot be read.
 */
export function readPlain(path: string): Uint8Array {
  const { statSync, readFileSync } = fileSystem();
  try {
    const what = statSync(path);
    if (what.isDirectory()) throw new Error("this is a directory, not a file");
    if (!what.isFile() && !what.isFIFO()) throw new Error("this is no file and no pipe");
    return readFileSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw code === "ENOENT" ? new Error("there is no such file", { cause: error }) : error;
  }
}
