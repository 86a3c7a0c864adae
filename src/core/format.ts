// The kernel's printf, formatted on the host: texts are rare and short-lived, so the kernel hands over
// the format and its words as they are.

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

const directive = /%(?:(%)|([-0]*)(\d*)l?([diuxXoc])|([spNn]))/g;

/** What a format prints between two texts. */
interface Directive {
  /** One of d, i, u, x, X, o, c, s, p, N, n. */
  readonly kind: string;
  /** Characters at least, filled up with zeros or spaces, those behind the number or before it. */
  readonly width: number;
  readonly isZeroed: boolean;
  readonly isLeft: boolean;
}

/**
 * A format of printf's, read once: %d %i %u %x %o %c with width, `0` and `-`; %s, %p, %N for the name of the
 * thread or process at an address, and %n for one whose format and argument are there.
 */
export class Format {
  private readonly parts: readonly (string | Directive)[];
  /** Which words are names; null if there are words that have to be looked at now. */
  private readonly names: readonly number[] | null;

  constructor(text: string) {
    const parts: (string | Directive)[] = [];
    let end = 0;
    for (const match of text.matchAll(directive)) {
      const [whole, percent, flags = "", width = "", number, other] = match;
      if (match.index > end) parts.push(text.slice(end, match.index));
      end = match.index + whole.length;
      const isLeft = flags.includes("-");
      const isZeroed = flags.includes("0") && !isLeft;
      const kind = number ?? other ?? "";
      parts.push(percent ?? { kind, width: Number(width), isZeroed, isLeft });
    }
    if (end < text.length) parts.push(text.slice(end));
    this.parts = parts;
    const kinds = parts.filter((part) => typeof part !== "string").map(({ kind }) => kind);
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

function printWord(directive: Directive, word: number, context: FormatContext): string {
  switch (directive.kind) {
    case "s":
      return word === 0 ? "(null)" : context.text(word >>> 0);
    case "p":
      return word === 0 ? "0" : context.pointer(word >>> 0);
    case "N":
      return context.name(word >>> 0);
    case "n":
      return context.nameOfWords(word >>> 0);
    default:
      return padded(numberText(directive.kind, word), directive);
  }
}

function padded(text: string, { width, isZeroed, isLeft }: Directive): string {
  if (text.length >= width) return text;
  if (isLeft) return text.padEnd(width);
  if (!isZeroed) return text.padStart(width);
  return text.startsWith("-")
    ? `-${text.slice(1).padStart(width - 1, "0")}`
    : text.padStart(width, "0");
}

function numberText(kind: string, word: number): string {
  switch (kind) {
    case "u":
      return String(word >>> 0);
    case "x":
      return (word >>> 0).toString(16);
    case "X":
      return (word >>> 0).toString(16).toUpperCase();
    case "o":
      return (word >>> 0).toString(8);
    case "c":
      return String.fromCharCode(word & 0xff);
    default:
      return String(word | 0);
  }
}
