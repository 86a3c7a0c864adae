// What the arguments of public methods may be: small rules, put together to a table per method
// (src/machine/arguments.ts), and one error that names the argument and what is allowed.

import { ArgumentError } from "./errors.js";

/** What an argument may be. */
export interface Rule {
  /** The end of the sentence "it must be ...". */
  readonly allowed: string;
  readonly accepts: (value: unknown) => boolean;
  /** True when it may be left out. */
  readonly isOptional?: true;
}

/** The rules for the fields of an options object; a field without a rule is refused. */
export type Rules = Readonly<Record<string, Rule>>;

const QUOTE_MAX = 40;

/** Shows a value in a message: on one line, and short whatever it is. */
export function shown(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value.length > QUOTE_MAX ? `${value.slice(0, QUOTE_MAX)}...` : value);
    case "bigint":
      return `${value}n`;
    case "function":
      return "a function";
    case "object":
      if (value === null) return "null";
      if (Array.isArray(value)) return "an array";
      return isThenable(value) ? "a promise" : "an object";
    default:
      return String(value);
  }
}

/** True for a promise of any make. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as { then?: unknown } | null | undefined)?.then === "function";
}

/** A whole number in a range, both ends included. */
export function whole(min: number, max: number): Rule {
  return {
    allowed: `a whole number from ${min} to ${max}`,
    accepts: (value) => Number.isInteger(value) && within(value as number, min, max),
  };
}

function within<T extends number | bigint>(value: T, min: T | number, max: T | number): boolean {
  return value >= min && value <= max;
}

const WIDE_MAX = 2n ** 64n - 1n;

/** A 64-bit count, as a number or a bigint. */
export const wide: Rule = {
  allowed: "a whole number, 0 or more, of at most 64 bits",
  accepts: (value) =>
    (typeof value === "bigint" && within(value, 0n, WIDE_MAX)) ||
    (Number.isInteger(value) && within(value as number, 0, 2 ** 64 - 1)),
};

/** A whole number of any size that is exact. */
export const integer: Rule = {
  allowed: "a whole number",
  accepts: (value) => Number.isSafeInteger(value),
};
/** A 32-bit word, signed or not. */
export const word: Rule = whole(-(2 ** 31), 2 ** 32 - 1);
/** An address, or a number of 32 bits. */
export const unsigned: Rule = whole(0, 2 ** 32 - 1);
/** A number of things that are counted. */
export const count: Rule = whole(0, Number.MAX_SAFE_INTEGER);
/** A number of 64 bits, not negative. */
export const long: Rule = {
  allowed: "a bigint from 0 to 2^64 - 1",
  accepts: (value) => typeof value === "bigint" && within(value, 0n, WIDE_MAX),
};
export const text: Rule = { allowed: "a text", accepts: (value) => typeof value === "string" };
export const flag: Rule = {
  allowed: "true or false",
  accepts: (value) => typeof value === "boolean",
};
export const callback: Rule = {
  allowed: "a function",
  accepts: (value) => typeof value === "function",
};

/** The contents of a file. */
export const bytes: Rule = {
  allowed: "a Uint8Array",
  accepts: (value) => value instanceof Uint8Array,
};
/** What somebody else checks. */
export const anything: Rule = { allowed: "anything", accepts: () => true };

/** An object of one of the library's classes. */
export function instance(kind: abstract new (...args: never[]) => unknown, allowed: string): Rule {
  return { allowed, accepts: (value) => value instanceof kind };
}

/** An object whose fields are what their rules allow; others may be there, too. */
export function shaped(allowed: string, fields: Rules): Rule {
  const names = Object.keys(fields);
  const isRight = (value: Record<string, unknown>, name: string) => {
    const rule = fields[name] as Rule;
    return value[name] === undefined ? rule.isOptional === true : rule.accepts(value[name]);
  };
  return {
    allowed,
    accepts: (value) =>
      typeof value === "object" &&
      value !== null &&
      names.every((name) => isRight(value as Record<string, unknown>, name)),
  };
}

/** An array of what a rule allows; an empty one, too. */
export function arrayOf(element: Rule, allowed: string): Rule {
  return { allowed, accepts: (value) => Array.isArray(value) && value.every(element.accepts) };
}

/** The same rule for an array that has something in it. */
export function notEmpty(rule: Rule): Rule {
  return {
    ...rule,
    accepts: (value) => rule.accepts(value) && (value as readonly unknown[]).length > 0,
  };
}

/** One of some texts. */
export function oneOf(all: readonly string[]): Rule {
  return {
    allowed: `one of ${all.join(", ")}`,
    accepts: (value) => typeof value === "string" && all.includes(value),
  };
}

/** True for what stands for a kernel structure by its address. */
export function isHandle(value: unknown): value is { readonly address: number } {
  if (typeof value !== "object" || value === null) return false;
  return unsigned.accepts((value as { address?: unknown }).address);
}

/** What stands for a kernel structure by its address. */
export function handle(what: string): Rule {
  return { allowed: `${what} of this machine`, accepts: isHandle };
}

/** The same rule for something that may be null. */
export function nullable(rule: Rule): Rule {
  return { ...rule, accepts: (value) => value === null || rule.accepts(value) };
}

/** The same rule for something that may be left out. */
export function optional(rule: Rule): Rule {
  return { ...rule, isOptional: true };
}

/** @throws ArgumentError when an argument of `method` is not what its rule allows. */
export function checkArgument(method: string, name: string, value: unknown, rule: Rule): void {
  if (value === undefined ? rule.isOptional === true : rule.accepts(value)) return;
  throw new ArgumentError(
    method,
    name,
    `${name} is ${value === undefined ? "missing" : shown(value)}; it must be ${rule.allowed}`,
  );
}

const required = new WeakMap<Rules, readonly string[]>();

/** The names of what may not be left out, gathered once. */
function requiredNames(rules: Rules): readonly string[] {
  let names = required.get(rules);
  if (names === undefined) {
    names = Object.keys(rules).filter((name) => rules[name]?.isOptional !== true);
    required.set(rules, names);
  }
  return names;
}

/** @throws ArgumentError when the options of `method` are no object, or a field is not allowed. */
export function checkOptions(method: string, options: unknown, rules: Rules): void {
  if (typeof options !== "object" || options === null) {
    const what = options === undefined ? "missing" : shown(options);
    throw new ArgumentError(method, "options", `options are ${what}; they must be an object`);
  }
  // Without arrays of names: a machine's `run` comes here each time.
  for (const name in options) {
    if (!Object.hasOwn(rules, name)) {
      const all = Object.keys(rules).join(", ");
      throw new ArgumentError(method, name, `there is no option ${shown(name)}; there are ${all}`);
    }
    checkArgument(method, name, (options as Record<string, unknown>)[name], rules[name] as Rule);
  }
  for (const name of requiredNames(rules)) {
    if (!(name in options)) checkArgument(method, name, undefined, rules[name] as Rule);
  }
}
