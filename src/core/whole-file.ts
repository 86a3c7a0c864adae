// A file that has its name only once it is whole. Until then its name has the process's number and ends in `.partial`,
// so that two runs to one path do not write into one file. One that fails leaves nothing behind.

import { fileSystem } from "./file-system.js";

type FileSystem = typeof import("node:fs");

const SYSTEM_ERRORS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EISDIR: "it is a directory",
  ENAMETOOLONG: "the name is too long",
  ENOENT: "there is no such directory",
  ENOSPC: "the disk is full",
  ENOTDIR: "what should be its directory is a file",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
};

/** Why a file cannot be written, without the system's own words and numbers where they are known. */
export function reasonOf(cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException | null)?.code ?? "";
  const message = cause instanceof Error ? cause.message : String(cause);
  return SYSTEM_ERRORS[code] ?? message;
}

let files = 0;

/** Such a file. What its methods throw is the system's error, or one with a sentence: `reasonOf` tells both. */
export class WholeFile {
  private readonly path: string;
  private readonly partialPath: string;
  private readonly fs: FileSystem;
  private readonly descriptor: number;

  /**
   * @param roomMin with less room than so many bytes on the disk the file is not begun
   */
  constructor(path: string, roomMin = 0) {
    this.path = path;
    this.fs = fileSystem();
    this.checkTarget(roomMin);
    files++;
    this.partialPath = `${path}.${globalThis.process.pid}-${files}.partial`;
    this.descriptor = this.fs.openSync(this.partialPath, "wx");
  }

  /** The name will replace what has it: only a plain file may be replaced. */
  private checkTarget(roomMin: number): void {
    if (this.path === "") throw new Error("the name is empty");
    const there = this.fs.lstatSync(this.path, { throwIfNoEntry: false });
    if (there?.isDirectory()) throw new Error("it is a directory");
    if (there?.isSymbolicLink()) throw new Error("it is a symbolic link: name the file itself");
    if (there !== undefined && !there.isFile()) throw new Error("it is not a plain file");
    const directory = this.path.replace(/[^/\\]*$/, "") || ".";
    this.fs.accessSync(directory, this.fs.constants.W_OK);
    const { bavail, bsize, blocks } = this.fs.statfsSync(directory);
    if (blocks > 0 && bavail * bsize < roomMin) throw new Error("the disk is full");
  }

  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) at += this.fs.writeSync(this.descriptor, bytes, at);
  }

  /** The file is whole, and gets its name. */
  close(): void {
    this.fs.closeSync(this.descriptor);
    this.fs.renameSync(this.partialPath, this.path);
  }

  /** The file will never be whole. */
  abandon(): void {
    try {
      this.fs.closeSync(this.descriptor);
    } catch {
      // It is closed already.
    }
    this.fs.rmSync(this.partialPath, { force: true });
  }
}

/**
 * Writes a whole file at once.
 *
 * @throws Error as the methods of {@link WholeFile}.
 */
export function writeWhole(path: string, bytes: Uint8Array): void {
  const file = new WholeFile(path);
  try {
    file.write(bytes);
    file.close();
  } catch (error) {
    file.abandon();
    throw error;
  }
}
