// Runs one benchmark from its first case to its table.

import { type Entrant, type Outcome, paramsOf, runCase } from "./runner.js";
import { serveCommand } from "./serve.js";
import { geometricMean, significant } from "./statistics.js";
import { describe, renderTable, showProgress } from "./table.js";
import { pickCores } from "./tools.js";
import type { Workshop } from "./types.js";
import { type Benchmark, OURS, type Params, type Peer, type Result } from "./types.js";

/** What the command line chose, and where things are. */
export interface Options {
  readonly peers: boolean;
  readonly json: boolean;
  readonly rounds: number;
  readonly workshop: Workshop;
  /** This program, which also runs our own machine for a case. */
  readonly program: string;
}

/** Runs a benchmark and prints its results; returns how many contestants failed. */
export async function runBenchmark(benchmark: Benchmark, options: Options): Promise<number> {
  const remarks = new Remarks();
  const others = options.peers ? { ...benchmark.beside, ...benchmark.peers } : benchmark.beside;
  const peers = await preparePeers(others ?? {}, options, remarks);
  const results: Result[] = [];
  let failures = 0;
  for (const params of benchmark.cases) {
    const entrants = entrantsOf(benchmark, params, peers, options, remarks);
    if (entrants.length === 0) continue;
    showProgress(`${benchmark.name}: ${describe(params)}`);
    const outcomes = await runCase(benchmark, params, entrants, options.rounds);
    showProgress("");
    failures += reportFailures(outcomes, params, remarks);
    const found = outcomes.flatMap((outcome) => outcome.results);
    results.push(...found);
    if (options.json) for (const result of found) console.log(JSON.stringify(result));
  }
  const means = meansOf(benchmark, results);
  results.push(...means);
  if (options.json) for (const mean of means) console.log(JSON.stringify(mean));
  if (results.length === 0) remarks.add(nothingRan(benchmark, options));
  if (!options.json) console.log(renderTable(benchmark, results, remarks.lines()));
  else for (const line of remarks.lines()) console.error(`${benchmark.name}: ${line}`);
  return failures;
}

/** The geometric means of those who have a result for every case, where the benchmark asks for them. */
function meansOf(benchmark: Benchmark, results: readonly Result[]): Result[] {
  const { mean, cases, measures } = benchmark;
  if (mean === undefined) return [];
  const whos = [...new Set(results.map(({ who }) => who))];
  return measures.flatMap((measure) =>
    whos.flatMap((who) => {
      const keys = cases.map((params) => JSON.stringify(paramsOf(params, measure)));
      const own = results.filter((result) => {
        return result.who === who && keys.includes(JSON.stringify(result.params));
      });
      const [first] = own;
      if (first === undefined || own.length < cases.length) return [];
      const meanOf = (values: number[]) => significant(geometricMean(values));
      return {
        ...first,
        params: paramsOf(mean, measure),
        median: meanOf(own.map((result) => result.median)),
        min: meanOf(own.map((result) => result.min)),
        max: meanOf(own.map((result) => result.max)),
      };
    }),
  );
}

function nothingRan(benchmark: Benchmark, options: Options): string {
  const hasPeers = Object.keys(benchmark.peers).length > 0;
  return !options.peers && hasPeers ? "nothing ran; try --peers" : "nothing ran";
}

/** What must be said beside the numbers; a remark about several cases is made once. */
class Remarks {
  private readonly cases = new Map<string, string[]>();

  add(remark: string, params?: Params): void {
    const cases = this.cases.get(remark) ?? [];
    if (params !== undefined) cases.push(describe(params));
    this.cases.set(remark, cases);
  }

  lines(): string[] {
    return [...this.cases].map(([remark, cases]) =>
      cases.length === 0 ? remark : `${remark} (${cases.join("; ")})`,
    );
  }
}

/** Compiles the peers that can take part; the others become remarks. */
async function preparePeers(
  peers: Readonly<Record<string, Peer>>,
  options: Options,
  remarks: Remarks,
): Promise<[string, Peer][]> {
  const prepared: [string, Peer][] = [];
  for (const [who, peer] of Object.entries(peers)) {
    const reason = peer.missing() ?? (await buildPeer(who, peer, options.workshop));
    if (reason === undefined) prepared.push([who, peer]);
    else remarks.add(`${who}: ${reason}`);
  }
  return prepared;
}

async function buildPeer(who: string, peer: Peer, workshop: Workshop): Promise<string | undefined> {
  showProgress(`building ${who}`);
  try {
    await peer.build(workshop);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  } finally {
    showProgress("");
  }
}

function entrantsOf(
  benchmark: Benchmark,
  params: Params,
  peers: readonly [string, Peer][],
  options: Options,
  remarks: Remarks,
): Entrant[] {
  const entrants: Entrant[] = [];
  if (benchmark.ours !== undefined) {
    entrants.push({ who: OURS, command: serveCommand(options.program, benchmark.name, params) });
  }
  const cores = Math.max(pickCores(benchmark.cores?.(params) ?? 1).length, 1);
  for (const [who, peer] of peers) {
    const reason = peer.sitsOut?.(params);
    if (reason !== undefined) remarks.add(`${who}: ${reason}`, params);
    else entrants.push({ who, command: peer.command(options.workshop, params, cores) });
  }
  return entrants;
}

function reportFailures(outcomes: readonly Outcome[], params: Params, remarks: Remarks): number {
  const failed = outcomes.filter((outcome) => outcome.failure !== undefined);
  for (const { who, failure } of failed) {
    remarks.add(`${who}: failed: ${failure}`, params);
  }
  return failed.length;
}
