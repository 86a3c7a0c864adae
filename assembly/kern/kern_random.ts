// The machine's random numbers: a function of the seed and of how many were drawn.
import { machine } from "../sys/machine";

/** What the state of splitmix64 advances by. */
const GAMMA: u64 = 0x9e3779b97f4a7c15;

/** Starts the sequence of a seed. */
export function random_init(): void {
  machine().rng = machine().seed ^ GAMMA;
}

/** 32 bits of a word (splitmix64). */
function mix(word: u64): u32 {
  let z = word;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return <u32>((z ^ (z >> 31)) >> 32);
}

/** The next 32 bits. */
export function random_next(): u32 {
  const m = machine();
  m.rng += GAMMA;
  return mix(m.rng);
}

/**
 * 32 bits for `n` at this moment, which draw nothing: for who looks between two rounds and may find nothing to do, as
 * rounds in which nothing happens are taken as one (run/quiet.ts).
 */
export function random_now(n: u32): u32 {
  const m = machine();
  return mix(m.rng + (m.now ^ ((<u64>n) << 32)) * GAMMA);
}
