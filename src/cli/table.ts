// Plain tables: columns aligned, two spaces apart, no borders.

import stringWidth from "string-width";
import { visibleLine } from "../core/visible.js";

/** A column of a table. */
export interface Column {
  readonly title: string;
  /** Numbers stand on the right. */
  readonly align: "left" | "right";
}

const GAP = "  ";
const CUT = "…";
/** A column of texts is not cut below this width. */
const TEXT_WIDTH_MIN = 8;

/**
 * Formats rows below their titles. Rows have a cell for each column; no line ends in spaces.
 *
 * @param width of the terminal: columns of texts are cut to fit, if they can be
 */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width = Number.POSITIVE_INFINITY,
): string {
  const lines = [columns.map(({ title }) => title), ...rows.map((row) => row.map(visibleLine))];
  const widths = columns.map((_, index) =>
    lines.reduce((most, line) => Math.max(most, stringWidth(line[index] ?? "")), 0),
  );
  shrink(columns, widths, width);
  return `${lines.map((line) => formatRow(columns, widths, line)).join("\n")}\n`;
}

/** Takes from the widest column of texts, again and again, until all fit or none can give more. */
function shrink(columns: readonly Column[], widths: number[], width: number): void {
  let excess = widths.reduce((sum, one) => sum + one + GAP.length, -GAP.length) - width;
  while (excess > 0) {
    let widest = -1;
    for (const [index, { align }] of columns.entries()) {
      const own = widths[index] as number;
      if (align === "left" && own > TEXT_WIDTH_MIN && own > (widths[widest] ?? 0)) widest = index;
    }
    if (widest < 0) return;
    widths[widest] = (widths[widest] as number) - 1;
    excess -= 1;
  }
}

function formatRow(
  columns: readonly Column[],
  widths: readonly number[],
  row: readonly string[],
): string {
  const cells = columns.map(({ align }, index) => {
    const width = widths[index] as number;
    const cell = cutTo(row[index] ?? "", width);
    const padding = " ".repeat(Math.max(0, width - stringWidth(cell)));
    return align === "left" ? `${cell}${padding}` : `${padding}${cell}`;
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
