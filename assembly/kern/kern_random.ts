// The machine's random numbers: a function of the seed and of how many were drawn.
import { machine } from "../sys/machine";

/** What the state of splitmix64 advances by. */
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
 * 32 bits for number `n` at this moment, the same as often as they are asked for: for what is looked at between two rounds,
 * of which there are more when a run is cut into pieces.
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
