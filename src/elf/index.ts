/** Reads programs in ELF files: what a linker for 32-bit RISC-V makes. */

export type { ElfRelocation } from "./dynamic.js";
export { ElfError } from "./errors.js";
export { type SourceLine, sourceLines } from "./lines.js";
export { type ElfImage, parseElf } from "./parse.js";
export { segmentBytes } from "./relocate.js";
export type { ElfSections, ElfSymbol } from "./sections.js";
export type { ElfSegment } from "./segments.js";
export { type SymbolPlace, SymbolTable } from "./symbols.js";
