// What a program header says, and what becomes of it.

/** A part of a program that is loaded as a whole. */
export interface ElfSegment {
  /** Where it goes; for a position-independent program relative to where that is loaded. */
  readonly address: number;
  /** Bytes in memory; those behind `bytes` are zero (BSS). */
  readonly size: number;
  /** Its first bytes, in the file. */
  readonly bytes: Uint8Array;
  readonly readable: boolean;
  readonly writable: boolean;
  readonly executable: boolean;
}

/** A program header. */
export interface ProgramHeader {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly fileSize: number;
  readonly size: number;
  readonly flags: number;
}
