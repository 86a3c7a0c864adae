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

const WRITE_ERRORS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EISDIR: "it is a directory",
  ENAMETOOLONG: "the name is too long",
  ENOENT: "there is no such directory",
  ENOSPC: "the disk is full",
  ENOTDIR: "what should be its directory is a file",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
};

/** Why a file could not be written, as the end of a sentence. */
export function writeErrorText(error: unknown): string {
  const code = (error as NodeJS.ErrnoException | null)?.code ?? "";
  return WRITE_ERRORS[code] ?? (error instanceof Error ? error.message : String(error));
}

let partialFiles = 0;

/**
 * The name that a file has until it is whole, with the process's number, so that two that write to one path do not write
 * into one file.
 *
 * @throws Error if the name of the whole file belongs to anything but a plain file, which would be replaced.
 */
export function partialName(path: string): string {
  if (path === "") throw new Error("the name is empty");
  const there = fileSystem().lstatSync(path, { throwIfNoEntry: false });
  if (there?.isDirectory()) throw new Error("it is a directory");
  if (there?.isSymbolicLink()) throw new Error("it is a symbolic link: name the file itself");
  if (there !== undefined && !there.isFile()) throw new Error("it is not a plain file");
  partialFiles++;
  return `${path}.${globalThis.process.pid}-${partialFiles}.partial`;
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
