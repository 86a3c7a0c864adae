// The module that `explore` searches.

import { existsSync } from "node:fs";
import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { MachineConfig } from "../core/config.js";
import { ConfigError } from "../core/errors.js";
import type { Setup } from "../search/index.js";

interface Loaded {
  readonly setup: Setup;
  readonly config: MachineConfig;
}

/** Loads the module of a test. */
export async function loadTest(file: string): Promise<Loaded> {
  if (!existsSync(file)) throw new ConfigError(`${file}: there is no such file`);
  if ([".elf", ".json", ".jsonc"].includes(extname(file))) {
    throw new ConfigError(
      `${file}: explore takes modules whose threads have JavaScript bodies (.mjs) only so far`,
    );
  }
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

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n")[0] ?? text;
}
