// Compiles AssemblyScript, for tests of parts of the kernel that it does not export.

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** A fault to plant: a replacement in a source file, made as it is passed to the compiler. */
export interface Fault {
  readonly file: string;
  readonly text: string;
  readonly instead: string;
}

/** Compiles an entry file, given by its path in the project, with -O`level`; throws the compiler's message. */
export async function compile(entry: string, fault?: Fault, level = 2): Promise<Uint8Array> {
  let binary: Uint8Array | undefined;
  const messages = asc.createMemoryStream();
  const args = [entry, "--config", "none", "--baseDir", ROOT, "--outFile", "out.wasm"];
  args.push("--runtime", "stub", "--memoryBase", "73728", `-O${level}`, "--noAssert");
  args.push("--uncheckedBehavior", "always", "--use", "INVARIANTS=1", "--use", "abort=");
  const { error } = await asc.main(args, {
    stdout: messages,
    stderr: messages,
    listFiles: () => [],
    readFile: (path: string, base: string) => readSource(resolve(base, path), fault),
    writeFile: (path: string, contents: string | Uint8Array) => {
      if (path === "out.wasm") binary = contents as Uint8Array;
    },
  });
  if (error !== null || binary === undefined) throw new Error(messages.toString());
  return binary;
}

function readSource(path: string, fault: Fault | undefined): string | null {
  let source: string;
  try {
    source = readFileSync(path, "utf8");
  } catch {
    return null;
  }
  if (fault === undefined || path !== resolve(ROOT, fault.file)) return source;
  if (!source.includes(fault.text)) throw new Error(`${fault.file} does not have: ${fault.text}`);
  return source.replace(fault.text, fault.instead);
}
