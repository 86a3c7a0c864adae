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

/** As much as Node reads at once. */
const BYTES_MAX = 2 ** 31 - 1;

const SYSTEM_ERRORS: Readonly<Record<string, string>> = {
  EACCES: "it cannot be read: permission denied",
  ENOENT: "there is no such file",
  ENOTDIR: "there is no such file",
  EPERM: "it cannot be read: permission denied",
};

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
    if (what.size > BYTES_MAX) throw new Error("the file is larger than 2 GiB");
    return readFileSync(path);
  } catch (error) {
    const known = SYSTEM_ERRORS[(error as NodeJS.ErrnoException).code ?? ""];
    throw known === undefined ? error : new Error(known, { cause: error });
  }
}
