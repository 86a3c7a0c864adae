// Plain tables: columns aligned, two spaces apart, no borders.

import stringWidth from "fast-string-width";
import { visibleLine } from "../core/visible.js";

/** A column of a table. */
export interface Column {
  readonly title: string;
  /** Numbers stand on the right. */
  readonly align: "left" | "right";
}

/** A column of texts. */
export const left = (title: string): Column => ({ title, align: "left" });
/** A column of numbers. */
export const right = (title: string): Column => ({ title, align: "right" });

const GAP = "  ";
const CUT = "…";
/** A column of texts is not cut below this width so that the table stays in one piece. */
const TEXT_WIDTH_WHOLE_MIN = 16;
/** Nor below this one in any case. */
const TEXT_WIDTH_MIN = 8;

/**
 * Formats rows below their titles. Rows have a cell for each column; no line ends in spaces.
 *
 * @param width of the terminal: columns of texts are cut somewhat to fit. Where that does not do, the table is taken
 * apart: some columns for all rows, then further ones for all rows, as R shows a wide table
 * @param keys how many columns, from the first on, say what a row is: each part has them
 */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width = Number.POSITIVE_INFINITY,
  keys = 1,
): string {
  const lines = [columns.map(({ title }) => title), ...rows.map((row) => row.map(visibleLine))];
  const natural = columns.map((_, index) =>
    lines.reduce((most, line) => Math.max(most, stringWidth(line[index] ?? "")), 0),
  );
  const all = columns.map((_, index) => index);
  const shrunk = [...natural];
  shrink(columns, all, shrunk, width, TEXT_WIDTH_WHOLE_MIN);
  const widths = widthOf(all, shrunk) <= width ? shrunk : natural;
  return partsOf(widths, width, keys)
    .map((part) => {
      shrink(columns, part, widths, width, TEXT_WIDTH_MIN);
      return `${lines.map((line) => formatRow(columns, part, widths, line)).join("\n")}\n`;
    })
    .join("\n");
}

/** The columns of each part: as many as fit, and one at least. */
function partsOf(widths: readonly number[], width: number, keys: number): number[][] {
  const indexes = widths.map((_, index) => index);
  const repeated = indexes.slice(0, keys);
  const parts: number[][] = [];
  let part = repeated;
  for (const index of indexes.slice(keys)) {
    if (part.length > keys && widthOf([...part, index], widths) > width) {
      parts.push(part);
      part = repeated;
    }
    part = [...part, index];
  }
  return [...parts, part];
}

function widthOf(part: readonly number[], widths: readonly number[]): number {
  return part.reduce((sum, index) => sum + (widths[index] as number) + GAP.length, -GAP.length);
}

/** Takes from the widest column of texts, again and again, until all fit or none can give more. */
function shrink(
  columns: readonly Column[],
  part: readonly number[],
  widths: number[],
  width: number,
  least: number,
): void {
  let excess = widthOf(part, widths) - width;
  while (excess > 0) {
    let widest = -1;
    for (const index of part) {
      const own = widths[index] as number;
      const isText = columns[index]?.align === "left";
      if (isText && own > least && own > (widths[widest] ?? 0)) widest = index;
    }
    if (widest < 0) return;
    widths[widest] = (widths[widest] as number) - 1;
    excess -= 1;
  }
}

function formatRow(
  columns: readonly Column[],
  part: readonly number[],
  widths: readonly number[],
  row: readonly string[],
): string {
  const cells = part.map((index) => {
    const width = widths[index] as number;
    const cell = cutTo(row[index] ?? "", width);
    const padding = " ".repeat(Math.max(0, width - stringWidth(cell)));
    return columns[index]?.align === "left" ? `${cell}${padding}` : `${padding}${cell}`;
  });
  return cells.join(GAP).trimEnd();
}

/** Cuts a text to a width, between two characters. */
function cutTo(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  let cut = "";
  let used = 0;
  for (const { segment } of new Intl.Segmenter().segment(text)) {
    used += stringWidth(segment);
    if (used > width - 1) break;
    cut += segment;
  }
  return cut + CUT;
}
