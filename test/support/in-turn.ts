/** Threads that begin one after the other. */

import { type Body, type Machine, sys } from "../../src/index.js";

/** Runs bodies to the end of all, each begun 10 us after the one before, the first after 10 us. */
export function inTurn(machine: Machine, bodies: Record<string, () => Body>): void {
  Object.entries(bodies).forEach(([name, body], i) => {
    machine.createThread({
      name,
      *body() {
        yield* sys.sleep(BigInt(10_000 * (i + 1)));
        yield* body();
      },
    });
  });
  machine.run();
}
