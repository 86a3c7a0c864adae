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
}

const directive = /%(%|[-0]*\d*l?[duxXoc]|s|p|N)/g;

/**
 * Formats as printf does: %d %i %u %x %o %c with width, `0` and `-`; %s, %p, and %N for the name of
 * the thread or process at an address. Missing words print as 0.
 */
export function formatKernel(
  format: string,
  args: readonly number[],
  context: FormatContext,
): string {
  if (!format.includes("%")) return format; // most names
  let next = 0;
  return format.replace(directive, (whole, spec: string) => {
    if (spec === "%") return "%";
    const word = args[next++] ?? 0;
    if (spec === "s") return word === 0 ? "(null)" : context.text(word >>> 0);
    if (spec === "p") return word === 0 ? "0" : context.pointer(word >>> 0);
    if (spec === "N") return context.name(word >>> 0);
    return formatNumber(whole, word);
  });
}

function formatNumber(spec: string, word: number): string {
  const match = /^%([-0]*)(\d*)l?(.)$/.exec(spec);
  const [, flags = "", width = "", kind = "d"] = match ?? [];
  const text = numberText(kind, word);
  const size = Number(width || 0);
  if (flags.includes("-")) return text.padEnd(size);
  if (!flags.includes("0")) return text.padStart(size);
  return text.startsWith("-")
    ? `-${text.slice(1).padStart(size - 1, "0")}`
    : text.padStart(size, "0");
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
