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
  EISDIR: "this is a directory, not a file",
  ENOENT: "there is no such file",
  ENOTDIR: "there is no such file",
  EPERM: "it cannot be read: permission denied",
};

/** Why a file cannot be read, without the system's own words where they are known. */
export function whyUnread(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return SYSTEM_ERRORS[code ?? ""] ?? message;
}

/** How messages call a file: one without a name is easily overlooked. */
export function shownFile(path: string): string {
  return path === "" ? '""' : path;
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
    if (what.size > BYTES_MAX) throw new Error("the file is larger than 2 GiB");
    return readFileSync(path);
  } catch (error) {
    throw new Error(whyUnread(error), { cause: error });
  }
}
