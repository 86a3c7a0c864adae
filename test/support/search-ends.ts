/** All that can come of a test: what an exhaustive search sees at the ends of its schedules. */

import type { ExploreOptions, Setup } from "../../src/index.js";
import { exploreNow } from "../../src/search/index.js";
import { buildUnderTest } from "./build.js";

/** Makes a test that tells `end` what has come of each schedule, and does not fail. */
export type Telling = (end: (what: string) => void) => Setup;

export interface Ends {
  readonly schedules: number;
  readonly ends: readonly string[];
}

/**
 * The ends of all schedules, or of those that reduction leaves, in alphabetical order; null if there are more
 * schedules than the options allow.
 */
export function endsOf(telling: Telling, options: ExploreOptions): Ends | null {
  const told: string[] = [];
  const setup = telling((what) => told.push(what));
  const fixed = { build: buildUnderTest, strategy: "exhaustive" } as const;
  const { schedules, complete, failure } = exploreNow(setup, { ...fixed, ...options }).result;
  if (failure !== null) throw new Error(failure.message);
  if (!complete) return null;
  // What came earlier is of the random schedules by which a search learns which words threads share.
  return { schedules, ends: [...new Set(told.slice(-schedules))].sort() };
}
