// What the fuzzer drives.

/** Something to fuzz. */
export interface Target {
  readonly about: string;
  /** Operations of a try; a failing one is shrunk from there. */
  readonly size: number;
  /** Does about `size` operations; returns how many it did, and throws when something is not as it must be. */
  readonly run: (seed: number, size: number) => number | Promise<number>;
}
