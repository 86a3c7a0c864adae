// Well known algorithms under search: what a mistake does is found by every strategy under every scheduler, in the
// shortest form, and nothing is found in the right form.

import { describe, expect, it } from "vitest";
import type { ExploreFailure, ExploreOptions } from "../../src/index.js";
import { exploreNow } from "../../src/search/index.js";
import { buildUnderTest } from "../support/build.js";
import { isLwkt, SCHEDULERS } from "../support/schedulers.js";
import { algorithms } from "../support/search-algorithms.js";

const strategies = ["random", "pct", "exhaustive"] as const;

for (const [name, algorithm] of Object.entries(algorithms)) {
  const { make, fails, lwkt = false, cpus = 1 } = algorithm;
  const preemptions = Math.min(...Object.values(fails));
  const schedulers = SCHEDULERS.filter((scheduler) => !lwkt || isLwkt(scheduler));
  const search = (isBroken: boolean, options: ExploreOptions) =>
    exploreNow(make(isBroken), { build: buildUnderTest, ...options });

  describe(name, () => {
    it.each(schedulers)(
      "fails in its broken form in the shortest way, and again (%s)",
      (scheduler) => {
        const config = { scheduler, cpus };
        for (const strategy of strategies) {
          const { result, story } = search(true, { strategy, config });
          const failure = result.failure as ExploreFailure;
          expect(failure.preemptions).toBe(fails[failure.kind]);
          for (const build of ["release", "check"] as const) {
            const again = search(true, { replay: failure.tape, config, build });
            expect(again.result.failure).toEqual(failure);
            expect(again.story?.hash).toBe(story?.hash);
          }
        }
        for (let fewer = 0; fewer < preemptions; fewer++) {
          const { result } = search(true, { strategy: "exhaustive", preemptions: fewer, config });
          expect(result).toMatchObject({ complete: true, failure: null });
        }
      },
    );

    it.each(schedulers)("does not fail in its right form, and has no race (%s)", (scheduler) => {
      const config = { scheduler, cpus };
      const bounded = { strategy: "exhaustive", preemptions: preemptions + 1, config } as const;
      expect(search(false, bounded).result).toMatchObject({ complete: true, failure: null });
      const raced = { races: true, schedules: 500, config };
      expect(search(false, raced).result.failure).toBeNull();
    });
  });
}
