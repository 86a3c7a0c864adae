/** A program as text, for people. */

import type { Item, PendingValue, Source } from "./assemble.js";
import { disassemble } from "./disassemble.js";
import { formatNanoseconds, formatOperand } from "./operands.js";
import type { ProgramData, ProgramSymbol } from "./program.js";

/** What assembling added to the source. */
export interface Layout {
  readonly words: Uint32Array;
  readonly data: ProgramData;
  readonly offsets: Float64Array;
  readonly symbols: ReadonlyMap<string, ProgramSymbol>;
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0");

function groupByItem(labels: ReadonlyMap<string, number>): Map<number, string[]> {
  const groups = new Map<number, string[]>();
  for (const [name, item] of labels) groups.set(item, [...(groups.get(item) ?? []), name]);
  return groups;
}

function formatValue(value: PendingValue): string {
  if (value.kind === "ticks") return `ticks(${formatNanoseconds(value.nanoseconds)})`;
  if (value.kind === "cycles") {
    return `cycles(${formatNanoseconds(value.nanoseconds)}).${value.part}`;
  }
  return formatOperand(value);
}

function remark(item: Item): string[] {
  if (item.kind === "branch" || item.kind === "jump") return [`-> ${item.target}`];
  return item.kind === "pair" ? [formatValue(item.value)] : [];
}

function instructionLine(offset: number, word: number, text: string, remarks: string[]): string {
  const line = `  ${hex(offset, 4)}  ${hex(word, 8)}  ${text}`;
  return remarks.length === 0 ? line : `${line.padEnd(44)} ; ${remarks.join("; ")}`;
}

function itemLines(source: Source, layout: Layout, index: number): string[] {
  const start = layout.offsets[index]!;
  const end = layout.offsets[index + 1]!;
  const remarks = [...(source.notes.get(index) ?? []), ...remark(source.items[index]!)];
  const lines = (source.comments.get(index) ?? []).map((text) => `  ; ${text}`);
  for (let offset = start; offset < end; offset += 4) {
    const word = layout.words[offset / 4]!;
    const text = disassemble(word, source.callName);
    lines.push(instructionLine(offset, word, text, offset === start ? remarks : []));
  }
  return lines;
}

function dataLines(source: Source, layout: Layout): string[] {
  if (source.blocks.length === 0) return [];
  const blocks = source.blocks
    .map((block) => ({ block, offset: layout.symbols.get(block.name)!.offset }))
    .sort((a, b) => a.offset - b.offset);
  const lines = blocks.map(({ block, offset }) => {
    const content = block.bytes === undefined ? "zero" : "initialised";
    return `  ${hex(offset, 4)}  ${block.name}: ${block.size} bytes, ${content}`;
  });
  return ["", "data:", ...lines];
}

/** The listing of an assembled program. */
export function listing(source: Source, layout: Layout): string {
  const labels = groupByItem(source.labels);
  const sizes = `${layout.words.length} words of text, ${layout.data.size} bytes of data`;
  const lines = [`program ${source.name}: ${sizes}`, "", "text:"];
  for (let index = 0; index <= source.items.length; index++) {
    for (const name of labels.get(index) ?? []) lines.push(`${name}:`);
    if (index < source.items.length) lines.push(...itemLines(source, layout, index));
  }
  return `${[...lines, ...dataLines(source, layout)].join("\n")}\n`;
}
