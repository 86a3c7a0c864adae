// The running hash over the switches of a CPU: from, to, and the time. Two runs are the same if their hashes
// are equal; the machine's hash folds those of its CPUs in order.
import { machine } from "./machine";
import { Thread } from "./proc";

/** The multiplier of the hash: 2^64 divided by the golden ratio, as in Fibonacci hashing. */
const HASH_MULTIPLIER: u64 = 0x9e3779b97f4a7c15;

/** Adds a switch to `hash`. */
export function switch_hash(hash: u64, from: Thread, to: Thread, cycles: u64): u64 {
  const base = machine().td_base;
  const pair =
    ((<u64>(changetype<usize>(from) - base)) << 32) | <u64>(changetype<usize>(to) - base);
  return pair_hash(hash, pair, cycles);
}

/**
 * The same for two threads given as distances from td_base, `from` in the upper half: one xor, rotate and
 * multiply.
 */
export function pair_hash(hash: u64, pair: u64, cycles: u64): u64 {
  return rotl<u64>(hash ^ pair, 29) * HASH_MULTIPLIER + cycles;
}
