// The C libraries that programs can be linked with: the small one of this package, and picolibc where it is installed.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { ConfigError } from "../core/errors.js";

/** The C libraries, the default first. */
export const LIBCS = ["small", "picolibc"] as const;

/** The name of a C library. */
export type LibcName = (typeof LIBCS)[number];

/** What a C library asks of the compiler. */
export interface Library {
  /** Folders of headers, in order. */
  readonly includes: readonly string[];
  /** Options for whatever is compiled. */
  readonly options: readonly string[];
  /** What is compiled with each program, for the same instructions. */
  readonly sources: readonly string[];
  /** Link scripts that add to that of programs. */
  readonly scripts: readonly string[];
  /** Link scripts that say what programs must not have; for lib/c/program.ld only. */
  readonly checks: readonly string[];
  readonly linking: readonly string[];
}

/** Where Debian's package has it. */
const PICOLIBC = "/usr/lib/picolibc/riscv64-unknown-elf";
/** What picolibc leaves to the machine, and the small library has. */
const SHARED = ["atomic.c", "kthread.c", "malloc.c"];

/** The path of a file of this package: beside the bundle, or above the sources. */
export function packageFile(path: string): string {
  const candidates = [`../${path}`, `../../${path}`].map((relative) =>
    fileURLToPath(new URL(relative, import.meta.url)),
  );
  const found = candidates.find((candidate) => existsSync(candidate));
  if (found === undefined) throw new ConfigError(`the package is incomplete: ${path} is missing`);
  return found;
}

function sourcesIn(path: string): string[] {
  const folder = packageFile(path);
  const names = readdirSync(folder).filter((name) => name.endsWith(".c"));
  return names.sort().map((name) => join(folder, name));
}

/**
 * A C library for a compiler, whose command this is, and the options that decide which instructions are made.
 *
 * @throws ConfigError where it is not installed, or not for these.
 */
export function libraryOf(
  name: LibcName,
  command: string,
  instructions: readonly string[],
): Library {
  if (name === "picolibc") return picolibc(command, instructions);
  return {
    includes: [packageFile("lib/c/include"), packageFile("include")],
    options: [],
    sources: sourcesIn("lib/c/src"),
    scripts: [],
    checks: [packageFile("lib/c/no-tls.ld")],
    linking: [],
  };
}

function picolibc(command: string, instructions: readonly string[]): Library {
  if (!existsSync(PICOLIBC)) {
    throw new ConfigError(
      "picolibc is not installed (Debian: apt-get install picolibc-riscv64-unknown-elf); without --libc picolibc the small library is used",
    );
  }
  const asked = spawnSync(command, [...instructions, "-print-multi-directory"], {
    encoding: "utf8",
  });
  const variant = asked.stdout.trim();
  const folder = join(PICOLIBC, "lib", variant);
  if (!variant.startsWith("rv32") || !existsSync(join(folder, "libc.a"))) {
    throw new ConfigError(
      `picolibc is not there for ${instructions.join(" ")}; it is for -march=rv32imac -mabi=ilp32`,
    );
  }
  return {
    includes: [
      packageFile("lib/picolibc/include"),
      join(PICOLIBC, "include"),
      packageFile("include"),
    ],
    options: ["-ftls-model=local-exec"],
    sources: [
      ...sourcesIn("lib/picolibc/src"),
      ...SHARED.map((file) => packageFile(`lib/c/src/${file}`)),
    ],
    scripts: [packageFile("lib/picolibc/tls.ld")],
    checks: [],
    linking: [
      ...["-Wl,--wrap=vfprintf", "-L", folder],
      ...["-Wl,--start-group", "-lm", "-lc", "-lgcc", "-Wl,--end-group"],
    ],
  };
}
