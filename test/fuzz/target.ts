// What the fuzzer drives.

/** Something to fuzz. */
export interface Target {
  readonly about: string;
  /** Operations of a try; a failing one is shrunk from there. */
  readonly size: number;
  /** Performs about `size` operations; returns how many, and throws when a rule is violated. */
  readonly run: (seed: number, size: number) => number | Promise<number>;
}
