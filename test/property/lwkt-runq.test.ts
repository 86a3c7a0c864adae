// LWKT's run queues, driven by kernel calls, against plain lists: a million random operations with order
// and mask after each. KTM_SEED chooses other operations.

import { expect, it } from "vitest";
import { LwktQueueTest } from "../support/lwkt-model.js";

const SEED = Number(process.env.KTM_SEED ?? 1);

/** Few threads with many picks; more than a chunk holds; more than several chunks hold. */
const runs = [
  { threads: 4, operations: 300_000 },
  { threads: 40, operations: 500_000 },
  { threads: 150, operations: 150_000 },
  { threads: 600, operations: 50_000 },
];

for (const { threads, operations } of runs) {
  it(`${operations / 10} of them do so under lwkt-modern`, () => {
    const test = new LwktQueueTest(SEED, threads, "lwkt-modern");
    test.run(operations / 10);
    expect(test.switches).toBeGreaterThan(operations / 1000);
  });

  it(`${operations} calls of and on ${threads} threads do what they do to lists`, () => {
    const test = new LwktQueueTest(SEED, threads);
    test.run(operations);
    expect(test.switches).toBeGreaterThan(operations / 20);
  });
}
