// What `explore` searches: a module with a test, or a C program.

import { existsSync, statSync } from "node:fs";
import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { MachineConfig } from "../core/config.js";
import { ConfigError } from "../core/errors.js";
import { readPlain } from "../core/file-system.js";
import { parseElf } from "../elf/index.js";
import { memoryOf } from "../machine/programs.js";
import type { Setup } from "../search/index.js";

/** Bytes of guest memory behind a C program, for what it allocates and its stacks; all is copied for each schedule. */
const PROGRAM_ROOM = 128 << 10;
/** Bytes of a page of a stack of its threads. */
const STACK_PAGE = 2048;

interface Loaded {
  readonly setup: Setup;
  readonly config: MachineConfig;
}

/** Loads the module of a test. */
export async function loadTest(file: string): Promise<Loaded> {
  if (!existsSync(file)) throw new ConfigError(`${file}: there is no such file`);
  if ([".json", ".jsonc"].includes(extname(file))) {
    throw new ConfigError(
      `${file}: explore takes modules (.mjs) and C programs (.elf) only so far`,
    );
  }
  if (!statSync(file).isFile()) throw new ConfigError(`${file}: this is no file`);
  if (extname(file) === ".elf") return loadProgram(file);
  let module: { default?: unknown; config?: unknown };
  try {
    module = await import(pathToFileURL(resolve(file)).href);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why =
      code === "ERR_UNKNOWN_FILE_EXTENSION"
        ? "this version of Node does not run TypeScript; compile it, or use Node 22.18 or newer"
        : firstLine(error);
    throw new ConfigError(`${file}: cannot be loaded: ${why}`);
  }
  if (typeof module.default !== "function") {
    throw new ConfigError(`${file}: exports no function setup(machine, { shared }) as its default`);
  }
  const config = module.config ?? {};
  if (typeof config !== "object") {
    throw new ConfigError(`${file}: its config is no object with settings of the machine`);
  }
  return { setup: module.default as Setup, config };
}

/** A C program is a test of itself: it fails if its status is not 0. */
function loadProgram(file: string): Loaded {
  const bytes = readPlain(file);
  const { textMemory, end } = memoryOf([parseElf(bytes, file)]);
  const guestMemory = (end + PROGRAM_ROOM) & ~3;
  return {
    config: { textMemory, guestMemory, stackPage: STACK_PAGE },
    setup: (machine) => {
      machine.createThread({ name: "main", body: machine.loadElf(bytes, { name: file }) });
    },
  };
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n")[0] ?? text;
}
