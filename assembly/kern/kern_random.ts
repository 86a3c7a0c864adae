// The machine's random numbers: a function of the seed and the number drawn so far.
import { machine } from "../sys/machine";

/** Increment of splitmix64's state. */
export const GAMMA: u64 = 0x9e3779b97f4a7c15;

/** Starts the sequence of a seed. */
export function random_init(): void {
  machine().rng = machine().seed ^ GAMMA;
}

/** The next 32 bits (splitmix64). */
export function random_next(): u32 {
  const m = machine();
  m.rng += GAMMA;
  return mix(m.rng);
}

/**
 * 32 bits for number `n` at this moment, the same however often they are asked for. For decisions between two
 * rounds: a run that is cut into pieces makes more of them.
 */
export function random_now(n: u64): u32 {
  const m = machine();
  return mix(m.rng + (m.now + 1) * 0xd6e8feb86659fd93 + n * GAMMA);
}

function mix(state: u64): u32 {
  return <u32>(mix64(state) >> 32);
}

/** The number of splitmix64 for a state. */
export function mix64(state: u64): u64 {
  let z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}
