// Plain tables: columns aligned, two spaces apart, no borders.

/** A column of a table. */
export interface Column {
  readonly title: string;
  /** Numbers stand on the right. */
  readonly align: "left" | "right";
}

/** Formats rows below their titles. Rows have a cell for each column; no line ends in spaces. */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string {
  const widths = columns.map((column, index) =>
    rows.reduce((width, row) => Math.max(width, cellWidth(row[index])), column.title.length),
  );
  const titles = columns.map((column) => column.title);
  const lines = [titles, ...rows].map((row) => formatRow(columns, widths, row));
  return `${lines.join("\n")}\n`;
}

function cellWidth(cell: string | undefined): number {
  return [...(cell ?? "")].length;
}

function formatRow(
  columns: readonly Column[],
  widths: readonly number[],
  row: readonly string[],
): string {
  const cells = columns.map(({ align }, index) => {
    const cell = row[index] ?? "";
    const padding = " ".repeat(Math.max(0, (widths[index] as number) - cellWidth(cell)));
    return align === "left" ? `${cell}${padding}` : `${padding}${cell}`;
  });
  return cells.join("  ").trimEnd();
}
