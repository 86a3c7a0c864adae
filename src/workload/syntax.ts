/**
 * From text to a tree with positions: JSON as it is found in workload files, that is with comments,
 * trailing commas, repeated keys (all kept, in order) and keys without a value.
 *
 * jsonc-parser's scanner does the lexing. Its tree builder is not used: it recovers from errors by
 * skipping (`"run" 5` would become a key without a value), and it recurses as deep as the text
 * nests. This one stops at the first error, and its depth and size are bounded.
 */
import { createScanner, type JSONScanner } from "jsonc-parser";
import { type Position, quote, WorkloadError } from "./diagnostics.js";

export interface ObjectNode extends Position {
  readonly kind: "object";
  readonly members: readonly Member[];
}

export interface ArrayNode extends Position {
  readonly kind: "array";
  readonly items: readonly SyntaxNode[];
}

export interface StringNode extends Position {
  readonly kind: "string";
  readonly value: string;
}

export interface NumberNode extends Position {
  readonly kind: "number";
  readonly value: number;
  readonly text: string;
}

export interface BooleanNode extends Position {
  readonly kind: "boolean";
  readonly value: boolean;
}

export interface NullNode extends Position {
  readonly kind: "null";
}

export type SyntaxNode = ObjectNode | ArrayNode | StringNode | NumberNode | BooleanNode | NullNode;

/** One `key: value` of an object, at the position of its key; `value` is null for a bare key. */
export interface Member extends Position {
  readonly key: string;
  readonly value: SyntaxNode | null;
}

/** The largest text, in UTF-16 units; room for the largest tree in a generous layout. */
export const TEXT_LENGTH_MAX = 8 << 20;
/** The most values and keys in one text: a hundred times the largest workload in use. */
export const NODES_MAX = 200_000;
/** The deepest nesting; a workload needs six levels (tasks, task, phases, phase, event). */
export const DEPTH_MAX = 32;

// jsonc-parser declares these as ambient const enums, which single-file compilers cannot read.
const TOKEN = {
  openBrace: 1,
  closeBrace: 2,
  openBracket: 3,
  closeBracket: 4,
  comma: 5,
  colon: 6,
  null: 7,
  true: 8,
  false: 9,
  string: 10,
  number: 11,
  unknown: 16,
  end: 17,
} as const;

const UNCLOSED_COMMENT = 1;
const SCAN_ERRORS: Readonly<Record<number, string>> = {
  [UNCLOSED_COMMENT]: "this comment is not closed",
  2: "this string is not closed on its line",
  3: "this number is not complete",
  4: "this string has a \\u escape without four hexadecimal digits",
  5: "this string has an unknown escape",
  6: "this string contains a control character",
};

/**
 * Reads a text into a tree.
 * @param text the file's content
 * @param fileName the name for messages
 * @throws WorkloadError at the first place that does not parse, or when a limit is exceeded
 */
export function readTree(text: string, fileName: string): SyntaxNode {
  return new TreeReader(text, fileName).read();
}

class TreeReader {
  readonly #fileName: string;
  readonly #scanner: JSONScanner;
  readonly #text: string;
  #token: number = TOKEN.unknown;
  #nodes = 0;

  constructor(text: string, fileName: string) {
    this.#fileName = fileName;
    this.#text = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
    this.#scanner = createScanner(this.#text, false);
  }

  read(): SyntaxNode {
    if (this.#text.length > TEXT_LENGTH_MAX) {
      const limit = `${TEXT_LENGTH_MAX >> 20} million characters`;
      this.#failAt({ line: 1, column: 1 }, `the file is larger than a workload can be (${limit})`);
    }
    this.#advance();
    if (this.#at(TOKEN.end)) {
      this.#fail('the file is empty; a workload is an object with "tasks" and "global"');
    }
    const root = this.#value(0);
    if (!this.#at(TOKEN.end)) {
      this.#fail(`expected the end of the file after the workload, not ${this.#found()}`);
    }
    return root;
  }

  /** Steps to the next token that is neither white space nor a comment, and checks it. */
  #advance(): void {
    do {
      this.#skipBlanks();
      this.#token = this.#scanner.scan();
      const error: number = this.#scanner.getTokenError();
      if (error !== 0) {
        this.#fail(SCAN_ERRORS[error] ?? "this text cannot be read");
      }
    } while (this.#token >= 12 && this.#token <= 15);
  }

  /** Spaces and tabs: the scanner would build a string of them, a character at a time. */
  #skipBlanks(): void {
    const start = this.#scanner.getPosition();
    let end = start;
    while (this.#text[end] === " " || this.#text[end] === "\t") {
      end += 1;
    }
    if (end > start) {
      this.#scanner.setPosition(end);
    }
  }

  /** Whether this is the current token. (A method, so that no check narrows the next one's type.) */
  #at(token: number): boolean {
    return this.#token === token;
  }

  #position(): Position {
    return {
      line: this.#scanner.getTokenStartLine() + 1,
      column: this.#scanner.getTokenStartCharacter() + 1,
    };
  }

  #value(depth: number): SyntaxNode {
    if (depth > DEPTH_MAX) {
      this.#fail(`the file nests deeper than ${DEPTH_MAX} levels; a workload needs six`);
    }
    this.#count();
    const at = this.#position();
    switch (this.#token) {
      case TOKEN.openBrace:
        return { kind: "object", members: this.#members(depth), ...at };
      case TOKEN.openBracket:
        return { kind: "array", items: this.#items(depth), ...at };
      default:
        return this.#scalar(at);
    }
  }

  #scalar(at: Position): SyntaxNode {
    const text = this.#scanner.getTokenValue();
    const token = this.#token;
    if (token < TOKEN.null || token > TOKEN.number) {
      this.#fail(`expected a value, not ${this.#found()}`);
    }
    this.#advance();
    switch (token) {
      case TOKEN.string:
        return { kind: "string", value: text, ...at };
      case TOKEN.number:
        return { kind: "number", value: Number(text), text, ...at };
      case TOKEN.null:
        return { kind: "null", ...at };
      default:
        return { kind: "boolean", value: token === TOKEN.true, ...at };
    }
  }

  #members(depth: number): Member[] {
    const members: Member[] = [];
    this.#advance();
    while (!this.#at(TOKEN.closeBrace)) {
      members.push(this.#member(depth));
      this.#separator(TOKEN.closeBrace, "}");
    }
    this.#advance();
    return members;
  }

  #member(depth: number): Member {
    if (!this.#at(TOKEN.string)) {
      this.#fail(`expected a key in double quotes or "}", not ${this.#found()}`);
    }
    this.#count();
    const key = this.#scanner.getTokenValue();
    const at = this.#position();
    this.#advance();
    if (this.#at(TOKEN.colon)) {
      this.#advance();
      return { key, value: this.#value(depth + 1), ...at };
    }
    if (!this.#at(TOKEN.comma) && !this.#at(TOKEN.closeBrace)) {
      this.#fail(`expected ":" or "," after the key ${quote(key)}, not ${this.#found()}`, key);
    }
    return { key, value: null, ...at };
  }

  #items(depth: number): SyntaxNode[] {
    const items: SyntaxNode[] = [];
    this.#advance();
    while (!this.#at(TOKEN.closeBracket)) {
      items.push(this.#value(depth + 1));
      this.#separator(TOKEN.closeBracket, "]");
    }
    this.#advance();
    return items;
  }

  /** Takes the comma after an element; the closing bracket is left for the caller. */
  #separator(closing: number, bracket: string): void {
    if (this.#at(TOKEN.comma)) {
      this.#advance();
    } else if (!this.#at(closing)) {
      this.#fail(`expected "," or "${bracket}", not ${this.#found()}`);
    }
  }

  #count(): void {
    this.#nodes += 1;
    if (this.#nodes > NODES_MAX) {
      this.#fail(`the file has more than ${NODES_MAX} keys and values; split the workload`);
    }
  }

  /** Names the current token in a message. */
  #found(): string {
    if (this.#at(TOKEN.end)) {
      return "the end of the file";
    }
    const start = this.#scanner.getTokenOffset();
    return quote(this.#text.slice(start, start + this.#scanner.getTokenLength()));
  }

  #fail(message: string, key: string | null = null): never {
    this.#failAt(this.#position(), message, key);
  }

  #failAt(at: Position, message: string, key: string | null = null): never {
    throw new WorkloadError({ fileName: this.#fileName, key, message, ...at });
  }
}
