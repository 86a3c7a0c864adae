// What the command says on the standard error.

import { visible } from "../core/visible.js";

export const NAME = "kthread-machine";

/** Says what went wrong. */
export function complain(text: string): void {
  process.stderr.write(`${NAME}: ${visible(text)}\n`);
}
