// What the command says on the standard error.

import { visible } from "../core/visible.js";

export const NAME = "kthread-machine";

/** Says what went wrong. */
export function complain(text: string): void {
  process.stderr.write(`${NAME}: ${visible(text)}\n`);
}

/** Characters in a line of the terminal that a stream goes to; undefined where there is none, or it does not say. */
export function terminalColumns(stream: NodeJS.WriteStream = process.stdout): number | undefined {
  const { isTTY, columns } = stream;
  return isTTY && columns > 0 ? columns : undefined;
}
