/** Search for the schedule in which a test fails. */

export {
  ExploreError,
  type ExploreFailure,
  type ExploreOptions,
  type ExploreResult,
  type ExploreStory,
  explore,
  exploreNow,
  type StrategyName,
} from "./explore.js";
export type { SearchTools, SharedWord } from "./operations.js";
export type { FailureKind, Judge, Setup, Step } from "./world.js";
