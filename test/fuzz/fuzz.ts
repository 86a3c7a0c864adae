// Tries a target with one seed after another for some time, and shrinks failures.

import type { Target } from "./target.js";

/** The result of fuzzing. */
export interface Outcome {
  readonly seeds: number;
  readonly operations: number;
  readonly failure: Failure | null;
}

/** The smallest try that fails. */
export interface Failure {
  readonly seed: number;
  readonly size: number;
  readonly message: string;
}

async function attempt(target: Target, seed: number, size: number): Promise<number | Error> {
  try {
    return await target.run(seed, size);
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Halves the size while the try still fails, then removes single operations. */
async function shrink(target: Target, seed: number, size: number, first: Error): Promise<Failure> {
  let failing = size;
  let error = first;
  for (let step = failing >> 1; step > 0; step >>= 1) {
    while (failing > step) {
      const result = await attempt(target, seed, failing - step);
      if (!(result instanceof Error)) break;
      failing -= step;
      error = result;
    }
  }
  return { seed, size: failing, message: error.message };
}

/** Tries seeds from `seed` on while `goesOn`; at least one. */
export async function fuzz(
  target: Target,
  seed: number,
  size: number,
  goesOn: (operations: number) => boolean,
): Promise<Outcome> {
  let operations = 0;
  let seeds = 0;
  do {
    const result = await attempt(target, seed + seeds, size);
    seeds++;
    if (result instanceof Error) {
      return { seeds, operations, failure: await shrink(target, seed + seeds - 1, size, result) };
    }
    operations += result;
  } while (goesOn(operations));
  return { seeds, operations, failure: null };
}
