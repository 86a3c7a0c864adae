/** A program as text, for people. */

import { disassemble } from "./disassemble.js";
import type { Item, PendingValue, Source } from "./items.js";
import { formatNanoseconds, formatOperand } from "./operands.js";
import type { ProgramData, ProgramSymbol } from "./program.js";

/** What assembling added to the source. */
export interface Layout {
  readonly words: Uint32Array;
  readonly data: ProgramData;
  readonly offsets: Float64Array;
  readonly symbols: ReadonlyMap<string, ProgramSymbol>;
}

const WORD = 4;

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

function itemLines(source: Source, layout: Layout, item: Item, index: number): string[] {
  const [start = 0, end = start] = layout.offsets.subarray(index, index + 2);
  const remarks = [...(source.notes.get(index) ?? []), ...remark(item)];
  const lines = (source.comments.get(index) ?? []).map((text) => `  ; ${text}`);
  layout.words.subarray(start / WORD, end / WORD).forEach((word, nth) => {
    const text = disassemble(word, source.callName);
    lines.push(instructionLine(start + nth * WORD, word, text, nth === 0 ? remarks : []));
  });
  return lines;
}

function dataLines(source: Source, layout: Layout): string[] {
  if (source.blocks.length === 0) return [];
  const blocks = source.blocks
    .map((block) => ({ block, offset: layout.symbols.get(block.name)?.offset ?? 0 }))
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
  const addLabels = (index: number) => {
    for (const name of labels.get(index) ?? []) lines.push(`${name}:`);
  };
  source.items.forEach((item, index) => {
    addLabels(index);
    lines.push(...itemLines(source, layout, item, index));
  });
  addLabels(source.items.length);
  return `${[...lines, ...dataLines(source, layout)].join("\n")}\n`;
}
