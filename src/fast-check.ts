/**
 * Schedules as arbitrary values of fast-check: `import { schedules } from "kthread-machine/fast-check"`.
 *
 * @packageDocumentation
 */

import { type Arbitrary, array, constant, nat, oneof, toStringMethod } from "fast-check";
import {
  ConfigError,
  type ExploreOptions,
  type ExploreResult,
  encodeTape,
  explore,
  type Setup,
} from "./index.js";

/** Which schedules there are. */
export interface SchedulesOptions {
  /** Choices that a schedule makes; behind them the thread that runs goes on. Default 100. */
  readonly choices?: number;
  /** Possibilities of a choice, of which there are as many as threads that can run. Default 4. */
  readonly possibilities?: number;
}

/** How a schedule is performed. */
export type ScheduleOptions = Pick<
  ExploreOptions,
  "build" | "config" | "steps" | "choose" | "races"
>;

/** A schedule for any test: it says at each decision which possibility is taken. */
export class Schedule {
  constructor(
    /** At each decision; where there are fewer possibilities, the first is taken. */
    readonly choices: readonly number[],
  ) {}

  /**
   * Performs it.
   *
   * @throws ExploreError if the test fails, with the tape by which `explore` replays it.
   */
  run(setup: Setup, options: ScheduleOptions = {}): Promise<ExploreResult> {
    const { choose = [], races = false } = options;
    const replay = encodeTape(this.choices, [], { choose, races });
    return explore(setup, { ...options, replay, throws: true });
  }

  [toStringMethod](): string {
    return `Schedule(${encodeTape(this.choices)})`;
  }
}

/** Schedules, which become simpler when they shrink: fewer preemptions, and earlier ones. */
export function schedules(options: SchedulesOptions = {}): Arbitrary<Schedule> {
  const { choices = 100, possibilities = 4 } = options;
  for (const [name, value] of Object.entries({ choices, possibilities })) {
    if (Number.isSafeInteger(value) && value >= 1 && value <= 10_000) continue;
    throw new ConfigError(`${name} is ${String(value)}; it must be a whole number from 1 to 10000`);
  }
  const choice = oneof(
    { arbitrary: constant(0), weight: 1 },
    { arbitrary: nat(possibilities - 1), weight: 1 },
  );
  return array(choice, { maxLength: choices, size: "max" }).map(
    (all) => new Schedule(all),
    (value) => {
      if (value instanceof Schedule) return [...value.choices];
      throw new Error("not a schedule");
    },
  );
}
