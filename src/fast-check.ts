/**
 * Schedules as arbitrary values of fast-check: `import { schedules } from "kthread-machine/fast-check"`.
 *
 * @packageDocumentation
 */

import { type Arbitrary, array, constant, nat, oneof, toStringMethod } from "fast-check";
import {
  ArgumentError,
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
    if (typeof options !== "object" || options === null) return explore(setup, options); // which says so
    const { choose = [], races = false } = options;
    const replay = encodeTape(this.choices, [], { choose, races });
    return explore(setup, { ...options, replay, throws: true });
  }

  [toStringMethod](): string {
    return `Schedule(${encodeTape(this.choices)})`;
  }
}

function refuse(name: string, sentence: string): never {
  throw new ArgumentError("schedules", name, sentence);
}

/** A value in a message. */
function shown(value: unknown): string {
  if (value === null || (typeof value !== "object" && typeof value !== "function"))
    return String(value).slice(0, 40);
  return typeof value === "function" ? "a function" : "an object";
}

/**
 * Schedules, which become simpler when they shrink: fewer preemptions, and earlier ones.
 *
 * @throws ArgumentError for options that there are not, or numbers other than 1 to 10000.
 */
export function schedules(options: SchedulesOptions = {}): Arbitrary<Schedule> {
  if (typeof options !== "object" || options === null)
    refuse("options", `options are ${shown(options)}; they must be an object`);
  const { choices = 100, possibilities = 4, ...others } = options;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined)
    refuse(unknown, `there is no option "${unknown}"; there are choices, possibilities`);
  for (const [name, value] of Object.entries({ choices, possibilities })) {
    if (Number.isSafeInteger(value) && value >= 1 && value <= 10_000) continue;
    refuse(name, `${name} is ${shown(value)}; it must be a whole number from 1 to 10000`);
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
