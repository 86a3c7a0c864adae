/** The bytes of a workload file, checked to be a text of bearable size. */
import { fileSystem, whyUnread } from "../core/file-system.js";
import { WHOLE_FILE, WorkloadError } from "./diagnostics.js";

/** The largest file that is read, in bytes. */
const FILE_BYTES_MAX = 8 << 20;
/** Between two looks at an input that has nothing yet. */
const WAIT_MS = 10;

/** Stands for the standard input. */
const STANDARD_INPUT = "-";

/**
 * Reads a text file.
 * @param path a file, a pipe, or - for the standard input
 * @throws WorkloadError when it cannot be read, is too large or is not text
 */
export function readText(path: string): string {
  return decode(readBytes(path), path);
}

function failFile(path: string, message: string): never {
  throw new WorkloadError({ fileName: path, key: null, message, ...WHOLE_FILE });
}

/** Reads at most one byte more than allowed, so that an endless device does no harm. */
function readBytes(path: string): Uint8Array {
  try {
    if (path === STANDARD_INPUT) return readOpen(0, path);
    const { openSync, closeSync } = fileSystem();
    const file = openSync(path, "r");
    try {
      return readOpen(file, path);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    if (error instanceof WorkloadError) {
      throw error;
    }
    return failFile(path, whyUnread(error));
  }
}

function readOpen(file: number, path: string): Uint8Array {
  const bytes = new Uint8Array(FILE_BYTES_MAX + 1);
  let length = 0;
  while (length < bytes.length) {
    const got = readSome(file, bytes, length);
    if (got === 0) {
      break;
    }
    length += got;
  }
  if (length > FILE_BYTES_MAX) {
    failFile(path, `the file is larger than a workload can be (${FILE_BYTES_MAX >> 20} MiB)`);
  }
  return bytes.subarray(0, length);
}

/** Reads on; a terminal or pipe that does not block may have nothing yet. */
function readSome(file: number, bytes: Uint8Array, from: number): number {
  const { readSync } = fileSystem();
  for (;;) {
    try {
      return readSync(file, bytes, from, bytes.length - from, null);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EOF") return 0;
      if (code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, WAIT_MS);
    }
  }
}

function decode(bytes: Uint8Array, path: string): string {
  const zero = bytes.indexOf(0);
  if (zero >= 0) {
    failFile(path, `this is not a text file: byte ${zero} is zero`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return failFile(path, "this is not a text file: it is not valid UTF-8");
  }
}
