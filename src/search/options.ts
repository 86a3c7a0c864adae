// How to search.

import type { MachineConfig } from "../core/config.js";
import type { KernelSource } from "../core/instantiate.js";
import type { TraceTarget } from "../trace/file.js";

export const strategyNames = ["random", "pct", "exhaustive"] as const;

/** How a search chooses. */
export type StrategyName = (typeof strategyNames)[number];

/** What a search can choose besides who runs next. */
export type SearchChoice = "timeouts" | "delivery" | "failures" | "random";

/** How to search. */
export interface ExploreOptions {
  /** Default "random". */
  readonly strategy?: StrategyName;
  /** Schedules at most. Default 10,000; all there are for an exhaustive search. */
  readonly schedules?: number;
  /** Preemptions in a schedule at most. Default: any number. */
  readonly preemptions?: number;
  /** Of the random choices, a whole number. Default 0. */
  readonly seed?: number;
  /** Host time to search at most, in milliseconds. To make what has failed shorter may take as long again. */
  readonly for?: number;
  /** Orderings that a bug needs, for "pct". Default 3. */
  readonly depth?: number;
  /** Steps of a schedule, after which it is a livelock. Default 2,000. */
  readonly steps?: number;
  /**
   * Leave out schedules that differ from others in the order of independent steps only: an exhaustive search without
   * a bound on preemptions then finds the same ends in fewer schedules. Default false.
   */
  readonly reduce?: boolean;
  /**
   * What is chosen besides who runs next: whether a timeout fires while threads can run (`timeouts`), when each
   * CPU gets its messages (`delivery`), whether a call fails with ENOMEM or EAGAIN (`failures`), and what
   * `random()` gives (`random`). Default: nothing.
   */
  readonly choose?: readonly SearchChoice[];
  /** Take two accesses to plain memory for a failure that nothing orders, if one of them writes. Default false. */
  readonly races?: boolean;
  /** Perform this schedule only. */
  readonly replay?: string;
  /**
   * Where the story of a schedule that fails is written to as a Chrome trace; of a replay's, whether it fails
   * or not.
   */
  readonly trace?: TraceTarget;
  /** Throw an ExploreError if a schedule fails. Default false. */
  readonly throws?: boolean;
  /** Of the machine. */
  readonly config?: MachineConfig;
  /** Build of the kernel. Default "release". */
  readonly build?: KernelSource;
  /** Called about four times a second. */
  readonly onProgress?: (schedules: number, perSecond: number) => void;
  /**
   * Asked about four times a second: the search ends with what it has found so far once it says true. A failing schedule
   * may then be longer than it need be.
   */
  readonly isInterrupted?: () => boolean;
}
