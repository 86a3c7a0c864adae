/** What the builder hands to the assembler: the items of the text, and the blocks of data. */

import type { CallNames } from "../core/call-table.js";
import { decode, type MnemonicOf } from "./encode.js";
import type { LabelAddress, SymbolAddress } from "./operands.js";
import type { LinkValue } from "./program.js";
import type { Register } from "./registers.js";

/** A value of a pair or data word before the program's own addresses are known. */
export type PendingValue = Exclude<LinkValue, { kind: "address" }> | SymbolAddress | LabelAddress;

/** A branch to a label: one instruction, or two where the label is far. */
export interface BranchItem {
  readonly kind: "branch";
  readonly op: MnemonicOf<"B">;
  readonly rs1: Register;
  readonly rs2: Register;
  readonly target: string;
}

/** A jump to a label. */
export interface JumpItem {
  readonly kind: "jump";
  readonly rd: Register;
  readonly target: string;
}

/** A `lui` and the instruction that uses it, to be filled in when the program is loaded. */
export interface PairItem {
  readonly kind: "pair";
  readonly upper: number;
  readonly lower: number;
  readonly value: PendingValue;
}

/** One thing that the builder placed in the text. */
export type Item =
  | { readonly kind: "word"; readonly word: number }
  | BranchItem
  | JumpItem
  | PairItem;

/** A block of data. `bytes` is undefined where all of it is zero. */
export interface DataBlock {
  readonly name: string;
  readonly size: number;
  readonly align: number;
  readonly bytes?: Uint8Array;
  readonly values: readonly { readonly at: number; readonly value: PendingValue }[];
}

/** Everything that the builder collected. Labels, notes and comments are keyed by item. */
export interface Source {
  readonly name: string;
  readonly items: readonly Item[];
  readonly labels: ReadonlyMap<string, number>;
  readonly notes: ReadonlyMap<number, readonly string[]>;
  readonly comments: ReadonlyMap<number, readonly string[]>;
  readonly blocks: readonly DataBlock[];
  readonly entry: string | undefined;
  readonly callName: CallNames;
}

/** How an item is named in an error. */
export function describeItem(index: number, item: Item): string {
  const place = `instruction ${index + 1}`;
  if (item.kind === "branch") return `${place} (${item.op})`;
  if (item.kind === "jump") return `${place} (jal)`;
  const first = item.kind === "pair" ? item.upper : item.word;
  return `${place} (${decode(first)?.op ?? "raw word"})`;
}
