// The command line: each ends in a sentence and an exit code.

import { badArguments } from "../support/bad-input.js";
import { Random } from "../support/random.js";
import { commandEnd, faultOfCommand } from "../support/run-command.js";

/** Command lines that make no sense, or hardly any. */
export async function options(seed: number, size: number): Promise<number> {
  const random = new Random(seed);
  for (let i = 0; i < size; i++) {
    const args = badArguments(random);
    const fault = faultOfCommand(await commandEnd(args));
    if (fault !== null) throw new Error(`${fault} for ${JSON.stringify(args)}`);
  }
  return size;
}
