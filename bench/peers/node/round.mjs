// How the Node.js peers talk to the harness (see ../../README.md), and what they share.

import { createInterface } from "node:readline";

const SHUFFLE_SEED = 2463534242;

/** The arguments "name=value" as an object; numbers stay texts. */
export const params = Object.fromEntries(process.argv.slice(2).map((arg) => arg.split("=")));

/** Tells that the set-up is done, and answers each line, a number of operations, with one round. */
export async function serve(round) {
  console.log('{"ready":1}');
  for await (const line of createInterface({ input: process.stdin })) {
    console.log(JSON.stringify(await round(Number(line))));
  }
  process.exit(0);
}

export const now_ns = () => performance.now() * 1e6;

/** The whole process's resident memory, in megabytes of 10^6 bytes. */
export const resident_mb = () => process.memoryUsage.rss() / 1e6;

/** A function that gives xorshift32's numbers, the same that the other peers use. */
export function xorshift32() {
  let x = SHUFFLE_SEED;
  return () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return x >>> 0;
  };
}

/** 0..n-1 in order, or shuffled by Fisher and Yates' method. */
export function makeOrder(n, shuffled) {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  const random = xorshift32();
  for (let i = n - 1; shuffled && i > 0; i--) {
    const j = random() % (i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

/** Lets every pending promise reaction run. */
export const settle = () => new Promise((resolve) => setImmediate(resolve));

export function check(condition, why) {
  if (condition) return;
  console.error(why);
  process.exit(1);
}
