// Times and counts as people write and read them.

import { InvalidArgumentError } from "commander";
import { SEED_MAX, SEED_MIN } from "../core/config.js";

const nsPerUnit: ReadonlyMap<string, number> = new Map([
  ["ns", 1],
  ["us", 1e3],
  ["ms", 1e6],
  ["s", 1e9],
  ["min", 60e9],
  ["h", 3_600e9],
]);
/** A million seconds, as the workload files have it. */
const DURATION_NS_MAX = 1e15;

/**
 * Reads an amount of virtual time, such as 2s, 500ms, 1.5s or 10us, as nanoseconds.
 *
 * @throws InvalidArgumentError with what is allowed.
 */
export function parseDuration(text: string): number {
  const [, digits, unit = ""] = /^(\d+(?:\.\d+)?)\s*([a-z]+)$/.exec(text.trim()) ?? [];
  const ns = nsPerUnit.get(unit);
  if (ns === undefined) {
    throw new InvalidArgumentError("It must be a time with its unit, such as 2s, 500ms or 10us.");
  }
  const duration = Math.round(Number(digits) * ns);
  if (duration > DURATION_NS_MAX) throw new InvalidArgumentError("It must be at most 1000000s.");
  return duration;
}

/** A parser of whole numbers from `min` to `max`. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
  };
}

/** Reads the seed of a machine: a whole number of 64 bits, with a sign or without. */
export function parseSeed(text: string): bigint {
  const seed = /^-?\d{1,20}$/.test(text) ? BigInt(text) : null;
  if (seed !== null && seed >= SEED_MIN && seed <= SEED_MAX) return seed;
  throw new InvalidArgumentError(`It must be a whole number from ${SEED_MIN} to ${SEED_MAX}.`);
}

/** Formats a time in the unit that suits it, with up to four digits: 1.234 s, 56.7 ms, 890 ns. */
export function formatTime(ns: number): string {
  if (Math.round(ns) === 0) return "0";
  for (const [unit, scale] of [
    ["s", 1e9],
    ["ms", 1e6],
    ["us", 1e3],
  ] as const) {
    if (roundTo(ns / scale, 4) >= 1) return `${fourDigits(ns / scale)} ${unit}`;
  }
  return `${Math.round(ns)} ns`;
}

function roundTo(value: number, digits: number): number {
  return Number(value.toPrecision(digits));
}

function fourDigits(value: number): string {
  const digitsBefore = Math.max(1, Math.floor(Math.log10(roundTo(value, 4))) + 1);
  return value.toFixed(Math.max(0, Math.min(3, 4 - digitsBefore)));
}

/** The same for a sentence: no time at all has a unit, too. */
export function formatVirtualTime(ns: number): string {
  const time = formatTime(ns);
  return `${time === "0" ? "0 ns" : time} of virtual time`;
}

/**
 * Formats a count with commas between groups of digits, as toLocaleString does, which takes 10 ms the first time.
 */
export function formatCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

/** Formats a share of a whole as a percentage. */
export function formatShare(part: number, whole: number): string {
  return whole === 0 ? "-" : `${((100 * part) / whole).toFixed(1)}%`;
}

/** A count with its noun: "1 thread", "12 threads". */
export function plural(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}
