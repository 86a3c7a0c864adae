/** A file that is no program which this machine can run: one sentence says what is wrong, where, and what to do. */
export class ElfError extends Error {
  override readonly name = "ElfError";
  /** The file, as the caller names it. */
  readonly file: string;

  constructor(file: string, message: string) {
    super(`${file}: ${message}`);
    this.file = file;
  }
}
