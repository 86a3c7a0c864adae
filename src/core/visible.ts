// Texts of others made fit to be printed: names from files and programs may hold any character.

/** Characters that move the cursor, change colours or direction, or have no width. Line ends are none. */
const UNPRINTABLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what it looks for
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** Half of a pair that stands for one character. */
const HALF = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

function escaped(character: string): string {
  const code = character.charCodeAt(0);
  const hex = code.toString(16);
  return code < 0x100 ? `\\x${hex.padStart(2, "0")}` : `\\u${hex.padStart(4, "0")}`;
}

/** Shows control characters as escapes, such as \\x1b. Line ends stay. */
export function visible(text: string): string {
  return text.replace(UNPRINTABLE, escaped).replace(HALF, "\ufffd");
}

/** The same for a text of one line. */
export function visibleLine(text: string): string {
  return visible(text).replaceAll("\n", "\\x0a");
}
