/** The integer registers of RV32I under their ABI names, in the order of their numbers. */

import { shown } from "../core/arguments.js";
import { ConfigError } from "../core/errors.js";

export const registerNames = [
  "zero",
  "ra",
  "sp",
  "gp",
  "tp",
  "t0",
  "t1",
  "t2",
  "s0",
  "s1",
  "a0",
  "a1",
  "a2",
  "a3",
  "a4",
  "a5",
  "a6",
  "a7",
  "s2",
  "s3",
  "s4",
  "s5",
  "s6",
  "s7",
  "s8",
  "s9",
  "s10",
  "s11",
  "t3",
  "t4",
  "t5",
  "t6",
] as const;

/** A register's ABI name. */
export type Register = (typeof registerNames)[number];

const numbers: ReadonlyMap<string, number> = new Map(registerNames.map((name, nr) => [name, nr]));

/** Whether a value is a register's ABI name. */
export function isRegister(value: unknown): value is Register {
  return typeof value === "string" && numbers.has(value);
}

/** The number of a register; throws a ConfigError for a name that is no register's. */
export function registerNumber(name: Register): number {
  const nr = numbers.get(name);
  if (nr === undefined) {
    throw new ConfigError(`"${String(name)}" is not a register (use ABI names such as a0, s1, t2)`);
  }
  return nr;
}

/** The ABI name of register `nr` (0 to 31). */
export function registerName(nr: number): Register {
  const name = registerNames[nr];
  if (name === undefined) throw new ConfigError(`there is no register ${shown(nr)}`);
  return name;
}
