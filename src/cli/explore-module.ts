// What `explore` searches: a module with a test, a C program, or a workload.

import { existsSync, statSync } from "node:fs";
import { extname, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { MachineConfig } from "../core/config.js";
import { ConfigError } from "../core/errors.js";
import { shownFile } from "../core/file-system.js";
import { parseElf } from "../elf/index.js";
import { memoryOf } from "../machine/programs.js";
import type { Setup } from "../search/index.js";
import { readWorkload } from "../workload/parse.js";
import { workloadTest } from "../workload/search.js";
import { readInput } from "./files.js";
import type { OpenMachineFlags } from "./machine-options.js";
import { prepareLibrary } from "./own-library.js";
import { prepareTypeScript } from "./typescript.js";

/** Bytes of guest memory behind a C program, for what it allocates and its stacks; all is copied for each schedule. */
const PROGRAM_ROOM = 128 << 10;
/** Bytes of a page of a stack of its threads. */
const STACK_PAGE = 2048;

interface Loaded {
  readonly setup: Setup;
  readonly config: MachineConfig;
}

/**
 * Sees to it that there is such a file, and, but for a module, that it can be read.
 *
 * @throws ConfigError, WorkloadError or ElfError with what is wrong.
 */
export function checkTest(file: string): void {
  if (!existsSync(file)) throw new ConfigError(`${shownFile(file)}: there is no such file`);
  if (isWorkload(file)) {
    readWorkload(file);
    return;
  }
  if (extname(file) === ".c") {
    throw new ConfigError(
      `${file}: C is compiled first: kthread-machine cc ${file} -o TEST.elf, then explore TEST.elf`,
    );
  }
  if (!isProgram(file) && statSync(file).isFile()) return;
  const bytes = readInput(file);
  if (isProgram(file)) parseElf(bytes, file);
}

const isWorkload = (file: string) => [".json", ".jsonc"].includes(extname(file));
const isProgram = (file: string) => extname(file) === ".elf";

/** Loads a test that {@link checkTest} has found right, for a machine with these settings. */
export async function loadTest(file: string, settings: OpenMachineFlags = {}): Promise<Loaded> {
  const { setup, config } = await load(file, settings);
  return { setup, config: { ...config, ...settings } };
}

async function load(file: string, settings: OpenMachineFlags): Promise<Loaded> {
  if (isWorkload(file)) return workloadTest(readWorkload(file), settings);
  return isProgram(file) ? loadProgram(file) : loadModule(file);
}

async function loadModule(file: string): Promise<Loaded> {
  prepareTypeScript(file);
  prepareLibrary(file);
  let module: { default?: unknown; config?: unknown };
  try {
    module = await import(pathToFileURL(resolve(file)).href);
  } catch (error) {
    throw new ConfigError(`${file}: cannot be loaded: ${firstLine(error)}${placeOf(error, file)}`);
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
  const bytes = readInput(file);
  const { textMemory, end } = memoryOf([parseElf(bytes, file)]);
  const guestMemory = (end + PROGRAM_ROOM) & ~3;
  return {
    config: { textMemory, guestMemory, stackPage: STACK_PAGE },
    setup: (machine) => {
      machine.createThread({ name: "main", body: machine.loadElf(bytes, { name: file }) });
    },
  };
}

/** Where a module is wrong, or how to find that out: Node keeps the place of most errors of syntax to itself. */
function placeOf(error: unknown, file: string): string {
  const place = /file:\/\/\S+?:\d+(?=\s|:|\)|$)/.exec((error as Error | null)?.stack ?? "")?.[0];
  if (place !== undefined) return ` (${fileURLToPath(place)})`;
  const isUntold = error instanceof SyntaxError && !/^line \d/.test(error.message);
  return isUntold ? ` (node ${file} shows where)` : "";
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n")[0] ?? text;
}
