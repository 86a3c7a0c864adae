// The kernel's printf, formatted on the host: texts are rare and short-lived, so the kernel hands over
// the format and its words as they are.

import { shown } from "./arguments.js";

/** How to print what is not a number. */
export interface FormatContext {
  /** A thread's or process's identity, for %p. */
  pointer(address: number): string;
  /** The text at an address, for %s. */
  text(address: number): string;
  /** The name of a thread or process, for %N. */
  name(address: number): string;
  /** The name whose format and argument are at an address, for %n. */
  nameOfWords(address: number): string;
  /** What gives the name that a thread or process has now, whatever becomes of it. */
  nameLater(address: number): () => string;
}

/** A text, or what is one as soon as it is made a string. */
export type Printed = string | { toString(): string };

const directive = /%(?:(%)|([-+ #0]*)(\d*)(?:\.(\d*))?(hh?|ll?|[qjzt])?([diuxXocspNn]))/g;

/** What a format prints between two texts. */
interface Directive {
  /** One of d, i, u, x, X, o, c, s, p, N, n. */
  readonly kind: string;
  /** Any of - + space # 0. */
  readonly flags: string;
  /** Characters at least, filled up with zeros or spaces, those behind the number or before it. */
  readonly width: number;
  /** Digits of a number at least, or characters of a text at most; -1 if nothing is said. */
  readonly precision: number;
  /** Bits of a number: 32, but 8 for hh and 16 for h. A word is all that there is of longer ones. */
  readonly bits: number;
}

/**
 * A format of printf's, read once: %d %i %u %x %X %o %c %s and %p with flags, width, precision and length; %N for
 * the name of the thread or process at an address, and %n for one whose format and argument are there.
 */
export class Format {
  private readonly parts: readonly (string | Directive)[];
  /** How many words it prints. */
  readonly words: number;
  /** Which words are names; null if there are words that have to be looked at now. */
  private readonly names: readonly number[] | null;

  constructor(text: string) {
    const parts: (string | Directive)[] = [];
    let end = 0;
    for (const match of text.matchAll(directive)) {
      const [whole, percent, flags = "", width, precision, length, kind = ""] = match;
      if (match.index > end) parts.push(text.slice(end, match.index));
      end = match.index + whole.length;
      const bits = length === "hh" ? 8 : length === "h" ? 16 : 32;
      const least = { width: Number(width), precision: Number(precision ?? -1) };
      parts.push(percent ?? { kind, flags, ...least, bits });
    }
    if (end < text.length) parts.push(text.slice(end));
    this.parts = parts;
    const kinds = parts.filter((part) => typeof part !== "string").map(({ kind }) => kind);
    this.words = kinds.length;
    const canWait = !kinds.some((kind) => "spn".includes(kind));
    this.names = canWait ? [...kinds.keys()].filter((i) => kinds[i] === "N") : null;
  }

  /** The same as {@link print}, formatted when somebody looks at it: nobody ever looks at most of what is printed. */
  printLater(words: readonly number[], context: FormatContext): Printed {
    const { names } = this;
    if (names === null) return this.print(words, context);
    const given = names.map((i) => context.nameLater((words[i] ?? 0) >>> 0));
    return {
      toString: () => {
        let next = 0;
        return this.print(words, { ...context, name: () => (given[next++] as () => string)() });
      },
    };
  }

  /** Formats words as printf does. Missing ones print as 0. */
  print(words: readonly number[], context: FormatContext): string {
    const { parts } = this;
    let text = "";
    let next = 0;
    for (let i = 0; i < parts.length; i++) {
      const part = parts[i] as string | Directive;
      text += typeof part === "string" ? part : printWord(part, words[next++] ?? 0, context);
    }
    return text;
  }
}

/**
 * What is wrong with the format of a thread's or process's name, or null. The kernel keeps a name as its format
 * and one word, so that a second directive would print 0.
 */
export function mistakeInName(format: string): string | null {
  if (!format.includes("%")) return null;
  const { words } = new Format(format);
  if (words <= 1) return null;
  return `the name ${shown(format)} prints ${words} arguments, and a call gives it one; write the others into the text`;
}

function printWord(directive: Directive, word: number, context: FormatContext): string {
  const { kind, precision } = directive;
  switch (kind) {
    case "s": {
      const text = word === 0 ? "(null)" : context.text(word >>> 0);
      return filled(precision < 0 ? text : text.slice(0, precision), directive);
    }
    case "p":
      return filled(word === 0 ? "0" : context.pointer(word >>> 0), directive);
    case "N":
      return context.name(word >>> 0);
    case "n":
      return context.nameOfWords(word >>> 0);
    case "c":
      return filled(String.fromCharCode(word & 0xff), directive);
    default:
      return numberText(directive, word);
  }
}

/** A text in its width. */
function filled(text: string, { flags, width }: Directive): string {
  return flags.includes("-") ? text.padEnd(width) : text.padStart(width);
}

function numberText(directive: Directive, word: number): string {
  const { kind, flags, width, precision, bits } = directive;
  const isSigned = kind === "d" || kind === "i";
  const value = isSigned
    ? (word << (32 - bits)) >> (32 - bits)
    : (word << (32 - bits)) >>> (32 - bits);
  const isZero = value === 0 && precision === 0;
  let digits = isZero ? "" : Math.abs(value).toString(radixOf(kind)).padStart(precision, "0");
  if (kind === "o" && flags.includes("#") && !digits.startsWith("0")) digits = `0${digits}`;
  if (kind === "X") digits = digits.toUpperCase();
  const prefix = isSigned ? signOf(value, flags) : value !== 0 ? prefixOf(kind, flags) : "";
  if (flags.includes("0") && !flags.includes("-") && precision < 0) {
    digits = digits.padStart(width - prefix.length, "0");
  }
  return filled(prefix + digits, directive);
}

function radixOf(kind: string): number {
  if (kind === "o") return 8;
  return kind === "x" || kind === "X" ? 16 : 10;
}

function signOf(value: number, flags: string): string {
  if (value < 0) return "-";
  if (flags.includes("+")) return "+";
  return flags.includes(" ") ? " " : "";
}

function prefixOf(kind: string, flags: string): string {
  return flags.includes("#") && (kind === "x" || kind === "X") ? `0${kind}` : "";
}
