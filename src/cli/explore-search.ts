// The search that `explore` makes, in the thread that is for it: loads the test, and performs its schedules here, by other
// threads, or by a queue.

import { ConfigError } from "../core/errors.js";
import {
  type Coverage,
  type Explored,
  type ExploreOptions,
  type ExploreResult,
  exploreNow,
  exploreWith,
  type SearchChoice,
  type Setup,
  type Step,
  type StrategyName,
} from "../search/index.js";
import { loadTest } from "./explore-module.js";
import { type Crew, startWorkers } from "./explore-workers.js";
import type { OpenMachineFlags } from "./machine-options.js";
import { openQueue } from "./queue.js";

const NS_PER_MS = 1e6;

/** What the command line says about a search. */
export interface SearchFlags extends OpenMachineFlags {
  readonly strategy: StrategyName;
  readonly schedules?: number;
  readonly preemptions?: number;
  readonly seed: number;
  /** Nanoseconds. */
  readonly for?: number;
  readonly depth?: number;
  readonly steps?: number;
  readonly reduce?: true;
  readonly choose?: readonly SearchChoice[];
  readonly races?: true;
  readonly replay?: string;
  readonly trace?: string;
  readonly workers: number;
  readonly queue?: string;
  readonly json?: true;
}

/** What a search has found, as plain data. */
export interface Found {
  readonly result: ExploreResult;
  readonly coverage: Coverage;
  readonly story: { readonly steps: readonly Step[]; readonly hash: string } | null;
  /** Why the trace could not be written, or null. */
  readonly traceError: string | null;
}

/** Of a search in progress. */
export type Attention = Required<Pick<ExploreOptions, "onProgress" | "isInterrupted">>;

/** Searches. */
export async function search(
  file: string,
  flags: SearchFlags,
  attention: Attention,
): Promise<Found> {
  const isParallel = flags.workers > 1 && flags.queue === undefined && flags.replay === undefined;
  // This thread is one of them, unless it hands out subtrees. The others load the test while it is loaded here.
  const count = flags.workers - (flags.strategy === "exhaustive" ? 0 : 1);
  const workers = isParallel ? startWorkers(count, file, plainOptionsOf(flags)) : null;
  try {
    const { setup, config } = await loadTest(file, settingsOf(flags));
    const options: ExploreOptions = { ...optionsOf(flags), config, ...attention };
    const { result, coverage, story, traceError } = await explored(
      file,
      setup,
      flags,
      options,
      workers,
    );
    return {
      result,
      coverage,
      story: story === null ? null : { steps: story.steps, hash: story.hash },
      traceError: traceError?.message ?? null,
    };
  } finally {
    await workers?.end();
  }
}

async function explored(
  file: string,
  setup: Setup,
  flags: SearchFlags,
  options: ExploreOptions,
  workers: Crew | null,
): Promise<Explored> {
  if (workers !== null) {
    return ofFile(file, () => exploreWith({ ...workers, joins: true }, setup, options));
  }
  if (flags.queue === undefined) return ofFile(file, () => exploreNow(setup, options));
  const crew = await openQueue(flags.queue, file, plainOptionsOf(flags));
  try {
    return await ofFile(file, () => exploreWith({ ...crew, joins: false }, setup, options));
  } finally {
    await crew.end();
  }
}

/** Searches, and says of what the test does wrong which file it is in. */
async function ofFile(
  file: string,
  perform: () => Explored | Promise<Explored>,
): Promise<Explored> {
  try {
    return await perform();
  } catch (error) {
    throw inFile(file, error);
  }
}

/** An error, with the file that it is in if it is the user's. */
export function inFile(file: string, error: unknown): unknown {
  if (!(error instanceof ConfigError) || error.message.includes(file)) return error;
  return new ConfigError(`${file}: ${error.message}`, { cause: error });
}

/** What the command line says about the machine. */
function settingsOf({ cpus, topology, scheduler }: SearchFlags): OpenMachineFlags {
  return {
    ...(cpus === undefined ? {} : { cpus }),
    ...(topology === undefined ? {} : { topology }),
    ...(scheduler === undefined ? {} : { scheduler }),
  };
}

/** The options of the search that are plain data. */
function optionsOf(flags: SearchFlags): ExploreOptions {
  const { for: time, json: _json, workers: _workers, queue: _queue, ...rest } = flags;
  const { cpus: _cpus, topology: _topology, scheduler: _scheduler, ...options } = rest;
  return { ...options, ...(time === undefined ? {} : { for: time / NS_PER_MS }) };
}

/** The same for others, who load the file themselves: its config may have functions. */
function plainOptionsOf(flags: SearchFlags): ExploreOptions {
  const { trace: _trace, ...options } = optionsOf(flags);
  return { ...options, config: settingsOf(flags) };
}
