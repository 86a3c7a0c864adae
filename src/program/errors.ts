/** A mistake in a program that is being built or linked; the message names the program. */
export class ProgramError extends Error {
  override readonly name = "ProgramError";
  /** The name of the program that is at fault. */
  readonly program: string;

  constructor(program: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.program = program;
  }
}

/** The text of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
