// The examples of docs/explore.md: each broken one fails in the shortest way under every strategy, and no right one.

import { describe, expect, it } from "vitest";
import { explore, type FailureKind, type MachineConfig, type Setup } from "../../src/index.js";
import { buildUnderTest } from "../support/build.js";

const examples: Readonly<Record<string, readonly [FailureKind, number]>> = {
  counter: ["assertion", 1],
  "lost-wakeup": ["lost-wakeup", 1],
  circle: ["deadlock", 1],
  "one-condition": ["deadlock", 0],
  "double-checked": ["assertion", 1],
  token: ["assertion", 0],
  suspend: ["deadlock", 1],
  "counter-code": ["assertion", 1],
  "lost-wakeup-code": ["lost-wakeup", 1],
};

async function load(name: string): Promise<{ setup: Setup; config: MachineConfig }> {
  const module = await import(`../../examples/explore/${name}.mjs`);
  return { setup: module.default, config: module.config ?? {} };
}

describe("an example", () => {
  for (const [name, [kind, preemptions]] of Object.entries(examples)) {
    it(`${name} fails, and its right form does not`, async () => {
      const { setup: broken, config } = await load(name);
      const search = { config, build: buildUnderTest };
      for (const strategy of ["random", "pct", "exhaustive"] as const) {
        const { failure } = await explore(broken, { strategy, ...search });
        expect(failure).toMatchObject({ kind, preemptions });
        const replayed = await explore(broken, {
          replay: failure?.tape ?? "",
          ...search,
        });
        expect(replayed.failure).toMatchObject({ kind, steps: failure?.steps });
      }
      if (preemptions > 0) {
        const fewer = await explore(broken, {
          strategy: "exhaustive",
          preemptions: preemptions - 1,
          ...search,
        });
        expect(fewer).toMatchObject({ complete: true, failure: null });
      }
      const { setup: right } = await load(`${name}-right`);
      const found = await explore(right, { schedules: 1_000, ...search });
      expect(found.failure).toBeNull();
      const few = { strategy: "exhaustive", preemptions: 1, ...search } as const;
      expect(await explore(right, few)).toMatchObject({ complete: true, failure: null });
    });
  }
});
