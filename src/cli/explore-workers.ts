// The worker threads of `explore --workers N`: each loads the module, and performs the parts of the search that
// it is given.

import { parentPort, Worker } from "node:worker_threads";
import { ConfigError } from "../core/errors.js";
import { adoptBuild, compiledBuild } from "../core/instantiate.js";
import type { WasmModule } from "../core/wasm-types.js";
import {
  type ExploreOptions,
  performTask,
  type Task,
  type TaskResult,
  type Turn,
  type Words,
  World,
  whileAsked,
} from "../search/index.js";
import { loadTest } from "./explore-module.js";
import type { OpenMachineFlags } from "./machine-options.js";

/** What a worker thread is started with. */
export interface WorkerData {
  readonly role: "worker";
  readonly file: string;
  /** Its config is what the command line says about the machine. */
  readonly options: ExploreOptions;
  /** The kernel: threads that share a module compile and optimise it once. */
  readonly kernel: WasmModule;
}

/** A part of the search, and the words that threads are known to share. */
interface Question {
  readonly task: Task;
  readonly words: Words;
  readonly turn: Turn;
}

type Answer = { readonly result: TaskResult } | { readonly error: string };

/** Performs each task that it is given. */
type Performer = (task: Task, words: Words, turn: Turn) => Promise<TaskResult>;

/** Those who perform the parts of a search. `end` stops them. */
export interface Crew {
  readonly runners: readonly Performer[];
  end(): Promise<void>;
}

/** Why a thread that performs a test has ended without an error. */
export const ENDS_PROCESS = "it ends the process; a test ends when its bodies have ended";

/** Questions that a worker has at a time: it begins with one as soon as it has answered the one before. */
const QUESTIONS = 2;

/** Starts worker threads. */
export function startWorkers(count: number, file: string, options: ExploreOptions): Crew {
  const workerData: WorkerData = {
    role: "worker",
    file,
    options,
    kernel: compiledBuild("release"),
  };
  // The command is one file, of which main.ts is the beginning.
  const workers = Array.from(
    { length: count },
    () => new Worker(new URL(import.meta.url), { workerData }),
  );
  const runners = workers.map(runnerOf);
  return {
    runners: Array.from({ length: QUESTIONS }, () => runners).flat(),
    end: async () => {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

/** What has killed a thread that performs a test: memory that the test has used up is named with the remedy. */
export function deathOf(error: unknown): Error {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== "ERR_WORKER_OUT_OF_MEMORY") return error as Error;
  return new ConfigError(
    "it has used up the memory of its thread: keep less between schedules, or allow more with NODE_OPTIONS=--max-old-space-size=MEGABYTES",
  );
}

/**
 * Asks a worker thread, which answers questions in their order. What kills it is thrown by whoever asks it,
 * then or later.
 */
function runnerOf(worker: Worker): Performer {
  let death: Error | null = null;
  const asked: { resolve(result: TaskResult): void; reject(error: Error): void }[] = [];
  const die = (error: Error) => {
    death ??= error;
    for (const { reject } of asked.splice(0)) reject(death);
  };
  worker.on("error", (error) => die(deathOf(error)));
  worker.on("exit", () => die(new ConfigError(ENDS_PROCESS)));
  worker.on("message", (answer: Answer) => {
    const first = asked.shift();
    if ("error" in answer) first?.reject(new ConfigError(answer.error));
    else first?.resolve(answer.result);
  });
  return (task, words, turn) =>
    new Promise((resolve, reject) => {
      if (death !== null) {
        reject(death);
        return;
      }
      asked.push({ resolve, reject });
      const question: Question = { task, words, turn };
      worker.postMessage(question);
    });
}

/** What a worker thread does: answers tasks, one after the other. */
export function serveTasks({ file, options, kernel }: WorkerData): void {
  adoptBuild("release", kernel);
  const settings = options.config as OpenMachineFlags;
  const loaded = loadTest(file, settings).then(({ setup, config }) => new World(setup, config));
  loaded.catch(() => {}); // whoever asks is told
  parentPort?.on("message", async (question: Question) => {
    parentPort?.postMessage(await answerTo(loaded, options, question));
  });
}

async function answerTo(
  loaded: Promise<World>,
  options: ExploreOptions,
  { task, words, turn }: Question,
): Promise<Answer> {
  try {
    const world = await loaded;
    // What comes over is a copy each time, and other words mean another start.
    if (String(words) !== String(world.words)) world.words = words;
    return { result: performTask(world, options, task, whileAsked(turn)) };
  } catch (error) {
    if (error instanceof ConfigError) return { error: error.message };
    throw error;
  }
}
