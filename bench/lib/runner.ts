// Runs one case: all contestants are set up and warmed up, and then take turns, round by round, so
// that whatever else the host does hits all of them alike. Who begins moves on by one each round.

import { freemem } from "node:os";
import { Contestant } from "./contestant.js";
import { median, significant } from "./statistics.js";
import { pickCores } from "./tools.js";
import type { Benchmark, Command, Measure, Params, Result, Values } from "./types.js";

/** A round is long enough when it takes this long. */
const ROUND_MS = 250;
/** Rounds of fixed work before the first that counts, if they are short. */
const WARM_UP_ROUNDS = 3;
/** The most rounds before the first that counts while they find the number of operations. */
const SEARCH_ROUNDS_MAX = 8;
/** Code has settled when a round's operations are no more than this many times as fast as before. */
const SETTLED_GAIN = 1.25;
/** Rounds as long as this enter their functions often enough, or take too long to do another. */
const ROUND_LONG_MS = 8 * ROUND_MS;
/** A warm-up round may raise the operations by so much: the first ones are not yet compiled. */
const RAISE_MAX = 50;
const OPS_MAX = 2_000_000_000;

/** With less free memory than this, contestants with a million threads are not set up together. */
const ROOMY_BYTES = 12e9;
const MANY_THREADS = 1_000_000;

/** Who takes part in a case, and how it is started. */
export interface Entrant {
  readonly who: string;
  readonly command: Command;
}

/** What became of one entrant: its results, one for each measure, or why there are none. */
export interface Outcome {
  readonly who: string;
  readonly results: readonly Result[];
  /** What each round measured, in the order of the rounds. */
  readonly rounds: readonly Values[];
  readonly failure?: string;
}

/** One entrant while the case runs. */
interface Runner {
  readonly entrant: Entrant;
  readonly values: Values[];
  contestant?: Contestant;
  ops: number;
  failure?: string;
}

/** Runs `rounds` rounds of a case with each entrant, and returns what each of them achieved. */
export async function runCase(
  benchmark: Benchmark,
  params: Params,
  entrants: readonly Entrant[],
  rounds: number,
): Promise<Outcome[]> {
  const ops = benchmark.leastOps?.(params) ?? 1;
  const runners = entrants.map((entrant): Runner => ({ entrant, values: [], ops }));
  const cores = pickCores(benchmark.cores?.(params) ?? 1);
  if (benchmark.isolated || isCrowded(params)) {
    await runIsolated(benchmark, runners, cores, rounds);
  } else {
    await runTogether(benchmark, runners, cores, rounds);
  }
  compareChecksums(runners);
  return runners.map((runner) => outcome(benchmark, params, runner));
}

function isCrowded(params: Params): boolean {
  return Number(params.threads ?? 0) >= MANY_THREADS && freemem() < ROOMY_BYTES;
}

/** All contestants live through the whole case; an idle one waits for its next line. */
async function runTogether(
  benchmark: Benchmark,
  runners: readonly Runner[],
  cores: readonly number[],
  rounds: number,
): Promise<void> {
  for (const runner of runners) {
    await guard(runner, async () => {
      await begin(runner, cores);
      await warmUp(benchmark, runner);
    });
  }
  for (let round = 0; round < rounds; round++) {
    for (const runner of inTurn(runners, round)) await guard(runner, () => oneRound(runner));
  }
  for (const runner of runners) await end(runner);
}

/** Each round has a process of its own, and the first process of each entrant is the warm-up. */
async function runIsolated(
  benchmark: Benchmark,
  runners: readonly Runner[],
  cores: readonly number[],
  rounds: number,
): Promise<void> {
  for (let round = -1; round < rounds; round++) {
    for (const runner of inTurn(runners, round + runners.length)) {
      await guard(runner, async () => {
        await begin(runner, cores);
        if (round < 0 || !benchmark.isolated) await warmUp(benchmark, runner);
        if (round >= 0) await oneRound(runner);
      });
      await end(runner);
    }
  }
}

function inTurn<T>(items: readonly T[], first: number): T[] {
  return items.map((_, i) => items[(i + first) % items.length] as T);
}

/** A contestant that fails is out; the others go on. */
async function guard(runner: Runner, action: () => Promise<void>): Promise<void> {
  if (runner.failure !== undefined) return;
  try {
    await action();
  } catch (error) {
    runner.failure = (error as Error).message;
    await end(runner);
  }
}

async function begin(runner: Runner, cores: readonly number[]): Promise<void> {
  runner.contestant = new Contestant(runner.entrant.command, cores);
  await runner.contestant.ready();
}

async function end(runner: Runner): Promise<void> {
  await runner.contestant?.stop();
  runner.contestant = undefined;
}

async function oneRound(runner: Runner): Promise<void> {
  runner.values.push(await valuesOfRound(runner));
}

function valuesOfRound({ contestant, entrant, ops }: Runner): Promise<Values> {
  if (contestant === undefined) throw new Error(`${entrant.who} has not begun.`);
  return contestant.round(ops);
}

/**
 * Lets compilers and caches settle, and finds the number of operations of a round. The process of an
 * isolated benchmark does one round only.
 */
async function warmUp(benchmark: Benchmark, runner: Runner): Promise<void> {
  if (benchmark.leastOps !== undefined && !benchmark.isolated) return findOps(runner);
  const rounds = benchmark.isolated ? 1 : WARM_UP_ROUNDS;
  for (let i = 0; i < rounds; i++) {
    if ((await warmUpRound_ms(runner)) > ROUND_MS) return;
  }
}

/**
 * Raises the operations until a round takes ROUND_MS. A function that is entered before it is optimized
 * can stay as slow as that until it returns, for a whole round: one that is long enough is not the
 * last, then, until the next is not much faster.
 */
async function findOps(runner: Runner): Promise<void> {
  const leastOps = runner.ops;
  let before_ns = Number.POSITIVE_INFINITY;
  for (let i = 0; i < SEARCH_ROUNDS_MAX; i++) {
    const took_ms = await warmUpRound_ms(runner);
    const each_ns = (took_ms * 1e6) / runner.ops;
    const isSettled = before_ns < each_ns * SETTLED_GAIN;
    before_ns = each_ns;
    const raise = Math.min(ROUND_MS / took_ms, RAISE_MAX);
    runner.ops = Math.round(Math.min(Math.max(runner.ops * raise, leastOps), OPS_MAX));
    if (took_ms > ROUND_MS / 2 && isSettled) return;
    if (took_ms > ROUND_LONG_MS) return;
  }
}

async function warmUpRound_ms(runner: Runner): Promise<number> {
  const start_ms = performance.now();
  await valuesOfRound(runner);
  return performance.now() - start_ms;
}

/** Whoever has another result than the first entrant, or none, in any round, has done other work. */
function compareChecksums(runners: readonly Runner[]): void {
  const first = runners.find(({ failure }) => failure === undefined);
  const wanted = first?.values[0]?.checksum;
  for (const runner of runners) {
    const other = runner.values.find(({ checksum }) => checksum !== wanted);
    if (other === undefined) continue;
    runner.failure ??= `The checksum is ${other.checksum}, but ${first?.entrant.who} has ${wanted}.`;
  }
}

// --- results ----------------------------------------------------------------------------------

function outcome(benchmark: Benchmark, params: Params, runner: Runner): Outcome {
  const { who } = runner.entrant;
  const { values, failure } = runner;
  if (failure !== undefined) return { who, results: [], rounds: [], failure };
  const measured = benchmark.measures.filter(({ name }) => values.some((round) => name in round));
  const results = measured.map((measure) => summarize(benchmark, params, runner, measure));
  return { who, results, rounds: values };
}

function summarize(benchmark: Benchmark, params: Params, runner: Runner, measure: Measure): Result {
  const values = measuredBy(measure, runner.values);
  return {
    name: benchmark.name,
    params: paramsOf(params, measure),
    who: runner.entrant.who,
    unit: measure.unit,
    median: significant(median(values)),
    min: significant(Math.min(...values)),
    max: significant(Math.max(...values)),
    rounds: values.length,
  };
}

/** One measure of some rounds. */
export function measuredBy(measure: Measure, rounds: readonly Values[]): number[] {
  return rounds.flatMap((values) => values[measure.name] ?? []);
}

/** The params of a result: they say the measure where a question has several. */
export function paramsOf(params: Params, measure: Measure): Params {
  return measure.name === "value" ? params : { ...params, measure: measure.name };
}
