// The machine's random numbers: a function of the seed and of how many were drawn.
import { machine } from "../sys/machine";

/** What the state of splitmix64 advances by. */
const GAMMA: u64 = 0x9e3779b97f4a7c15;

/** Starts the sequence of a seed. */
export function random_init(): void {
  machine().rng = machine().seed ^ GAMMA;
}

/** The next 32 bits (splitmix64). */
export function random_next(): u32 {
  const m = machine();
  m.rng += GAMMA;
  let z = m.rng;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return <u32>((z ^ (z >> 31)) >> 32);
}
