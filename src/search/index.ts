/** Search for the schedule in which a test fails. */

export { type Coverage, pctChance } from "./coverage.js";
export {
  type Explored,
  ExploreError,
  type ExploreFailure,
  type ExploreResult,
  type ExploreStory,
  explore,
  exploreNow,
  exploreWith,
} from "./explore.js";
export type { FailureKind } from "./failure.js";
export type { LockState } from "./holders.js";
export type { SearchTools, SharedWord } from "./operations.js";
export {
  type ExploreOptions,
  type SearchChoice,
  type StrategyName,
  strategyNames,
} from "./options.js";
export { DEPTH_MAX, MEASURED } from "./strategies.js";
export { choiceNames, encodeTape, type TapeMode } from "./tape.js";
export {
  DEPTH_DEFAULT,
  performTask,
  type Task,
  type TaskResult,
  type TaskRunner,
  type Turn,
  whileAsked,
} from "./tasks.js";
export type { Scene, Step, WordValue } from "./teller.js";
export {
  type Judge,
  type Setup,
  STEPS_MAX,
  type Watch,
  type Words,
  World,
} from "./world.js";
