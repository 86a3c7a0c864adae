/**
 * From the builder's items to a program: lays out text and data, settles labels, widens branches.
 *
 * A branch reaches 4 KiB. One that must go further becomes the inverse branch around a jump. All
 * branches start out short; widening one can only push others further apart, so repeating until
 * nothing changes ends, and widens no branch without need.
 */

import { shown } from "../core/arguments.js";
import { encodeB, encodeJ, invertBranch } from "./encode.js";
import { ProgramError } from "./errors.js";
import {
  type BranchItem,
  type DataBlock,
  describeItem,
  type Item,
  type JumpItem,
  type PendingValue,
  type Source,
} from "./items.js";
import { listing } from "./listing.js";
import type { LinkValue, Program, ProgramData, ProgramSymbol, Relocation } from "./program.js";
import type { Register } from "./registers.js";

const WORD = 4;
const BRANCH_REACH = 4096;
const JUMP_REACH = 1 << 20;

const roundUp = (value: number, multiple: number): number => Math.ceil(value / multiple) * multiple;

class Assembler {
  private readonly source: Source;
  /** The offset of each item in bytes, and after them the size of the text. */
  private readonly offsets: Float64Array;
  private readonly widened = new Set<number>();
  private readonly blockOffsets = new Map<DataBlock, number>();
  private readonly symbols = new Map<string, ProgramSymbol>();
  private readonly relocations: Relocation[] = [];

  constructor(source: Source) {
    this.source = source;
    this.offsets = new Float64Array(source.items.length + 1);
  }

  assemble(): Program {
    const { source } = this;
    if (source.items.length === 0) {
      throw new ProgramError(source.name, `program "${source.name}" is empty: no instruction`);
    }
    const data = this.layOutData();
    this.layOutText();
    this.nameSymbols();
    this.relocateData();
    const words = this.emitText();
    return this.freeze(words, data);
  }

  private freeze(words: Uint32Array, data: ProgramData): Program {
    const { source, offsets } = this;
    const isOwn = ([name]: [string, ProgramSymbol]) => !name.startsWith(".");
    const { entry } = source;
    return Object.freeze({
      name: source.name,
      words,
      entry: entry === undefined ? 0 : this.targetOffset(entry, "the entry"),
      symbols: new Map([...this.symbols].filter(isOwn)),
      data: Object.freeze(data),
      relocations: Object.freeze(this.relocations),
      source: this.sourceMap(),
      listing: () => listing(source, { words, data, offsets, symbols: this.symbols }),
    });
  }

  private sourceMap(): Map<number, string> {
    const { source } = this;
    const map = new Map<number, string>();
    for (let item = 0; item < source.items.length; item++) {
      const texts = [...(source.comments.get(item) ?? []), ...(source.notes.get(item) ?? [])];
      if (texts.length > 0) map.set(this.offsetOf(item), texts.join("; "));
    }
    return map;
  }

  private fail(message: string): never {
    throw new ProgramError(this.source.name, `program "${this.source.name}", ${message}`);
  }

  private layOutData(): ProgramData {
    const { blocks } = this.source;
    const filled = blocks.filter((block) => block.bytes !== undefined);
    const zero = blocks.filter((block) => block.bytes === undefined);
    const filledSize = this.placeBlocks(filled, 0);
    const size = roundUp(this.placeBlocks(zero, filledSize), WORD);
    const bytes = new Uint8Array(filledSize);
    for (const [block, offset] of this.blockOffsets) {
      if (block.bytes !== undefined) bytes.set(block.bytes, offset);
    }
    return { size, align: Math.max(WORD, ...blocks.map((block) => block.align)), bytes };
  }

  private placeBlocks(blocks: readonly DataBlock[], start: number): number {
    let end = start;
    for (const block of blocks) {
      const offset = roundUp(end, block.align);
      this.blockOffsets.set(block, offset);
      end = offset + block.size;
    }
    return end;
  }

  /** The offset of an item in bytes; of the text's end, where `index` is the number of items. */
  private offsetOf(index: number): number {
    return this.offsets[index] as number;
  }

  private layOutText(): void {
    do this.placeItems();
    while (this.widenBranches());
  }

  private placeItems(): void {
    let offset = 0;
    this.source.items.forEach((item, index) => {
      this.offsets[index] = offset;
      offset += item.kind === "pair" || this.widened.has(index) ? 2 * WORD : WORD;
    });
    this.offsets[this.source.items.length] = offset;
  }

  private widenBranches(): boolean {
    const before = this.widened.size;
    this.source.items.forEach((item, index) => {
      if (item.kind !== "branch" || this.widened.has(index)) return;
      const distance = this.distance(index, item);
      if (distance < -BRANCH_REACH || distance >= BRANCH_REACH) this.widened.add(index);
    });
    return this.widened.size > before;
  }

  private nameSymbols(): void {
    for (const [name, item] of this.source.labels) {
      this.symbols.set(name, { section: "text", offset: this.offsetOf(item) });
    }
    for (const [block, offset] of this.blockOffsets) {
      this.symbols.set(block.name, { section: "data", offset });
    }
  }

  private targetOffset(name: string, who: string): number {
    const item = this.source.labels.get(name);
    if (item === undefined) this.fail(`${who}: the label ${shown(name)} is not defined`);
    return this.offsetOf(item);
  }

  private distance(index: number, item: BranchItem | JumpItem): number {
    return this.targetOffset(item.target, describeItem(index, item)) - this.offsetOf(index);
  }

  private emitText(): Uint32Array {
    const { items } = this.source;
    const words = new Uint32Array(this.offsetOf(items.length) / WORD);
    items.forEach((item, index) => {
      words.set(this.wordsOf(item, index), this.offsetOf(index) / WORD);
    });
    return words;
  }

  private wordsOf(item: Item, index: number): number[] {
    switch (item.kind) {
      case "word":
        return [item.word];
      case "branch":
        return this.branchWords(item, index);
      case "jump":
        return [this.jumpWord(item, index, 0)];
      case "pair":
        this.relocate("text", this.offsetOf(index), "hi-lo", item.value, describeItem(index, item));
        return [item.upper, item.lower];
    }
  }

  private branchWords(item: BranchItem, index: number): number[] {
    const { op, rs1, rs2 } = item;
    if (!this.widened.has(index)) return [encodeB(op, rs1, rs2, this.distance(index, item))];
    const around = encodeB(invertBranch(op), rs1, rs2, 2 * WORD);
    return [around, this.jumpWord({ ...item, rd: "zero" }, index, WORD)];
  }

  private jumpWord(
    item: (JumpItem | BranchItem) & { readonly rd: Register },
    index: number,
    skipped: number,
  ): number {
    const distance = this.distance(index, item) - skipped;
    if (distance < -JUMP_REACH || distance >= JUMP_REACH) {
      const place = describeItem(index, item);
      this.fail(
        `${place}: the label "${item.target}" is ${Math.abs(distance)} bytes away, ` +
          "beyond the 1 MiB that a jump reaches",
      );
    }
    return encodeJ("jal", item.rd, distance);
  }

  private relocateData(): void {
    for (const [block, offset] of this.blockOffsets) {
      for (const { at, value } of block.values) {
        this.relocate("data", offset + at, "word", value, `data "${block.name}"`);
      }
    }
  }

  private relocate(
    section: Relocation["section"],
    at: number,
    form: Relocation["form"],
    value: PendingValue,
    who: string,
  ): void {
    const settled = Object.freeze(this.settle(value, who));
    this.relocations.push(Object.freeze({ section, at, form, value: settled }));
  }

  private settle(value: PendingValue, who: string): LinkValue {
    if (value.kind !== "symbol" && value.kind !== "label") return value;
    const { name } = value;
    const place = this.symbols.get(name);
    if (place === undefined) this.fail(`${who}: nothing called ${shown(name)} is defined`);
    if (value.kind === "label") {
      if (place.section !== "text") this.fail(`${who}: "${name}" is data, not a label`);
      return { kind: "address", name, ...place };
    }
    return { kind: "address", name, section: place.section, offset: place.offset + value.offset };
  }
}

/** Makes the program; throws a {@link ProgramError} that names the instruction at fault. */
export function assemble(source: Source): Program {
  return new Assembler(source).assemble();
}
