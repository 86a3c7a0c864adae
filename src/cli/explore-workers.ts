// The worker threads of `explore --workers N`: each loads the module, and performs the parts of the search that
// it is given.

import { parentPort, Worker, workerData } from "node:worker_threads";
import { ConfigError } from "../core/errors.js";
import { adoptBuild, compiledBuild } from "../core/instantiate.js";
import type { WasmModule } from "../core/wasm-types.js";
import {
  type ExploreOptions,
  performTask,
  type Task,
  type TaskResult,
  type TaskRunner,
  type Words,
  World,
} from "../search/index.js";
import { loadTest, type MachineSettings } from "./explore-module.js";

interface WorkerData {
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
}

type Answer = { readonly result: TaskResult } | { readonly error: string };

/** Those who perform the parts of a search. `end` stops them. */
export interface Crew {
  readonly runners: readonly TaskRunner[];
  end(): Promise<void>;
}

/** Starts worker threads. */
export function startWorkers(count: number, file: string, options: ExploreOptions): Crew {
  const workerData: WorkerData = { file, options, kernel: compiledBuild("release") };
  // The command is one file, of which main.ts is the beginning.
  const workers = Array.from(
    { length: count },
    () => new Worker(new URL(import.meta.url), { workerData }),
  );
  return {
    runners: workers.map(runnerOf),
    end: async () => {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

/** Asks a worker thread. What kills it is thrown by whoever asks it, then or later. */
function runnerOf(worker: Worker): TaskRunner {
  let death: Error | null = null;
  worker.on("error", (error) => {
    death = error;
  });
  return (task, words) =>
    death === null ? ask(worker, { task, words }) : Promise.reject<TaskResult>(death);
}

function ask(worker: Worker, question: Question): Promise<TaskResult> {
  return new Promise((resolve, reject) => {
    const settle = () => {
      worker.off("message", answered);
      worker.off("error", failed);
    };
    const failed = (error: Error) => {
      settle();
      reject(error);
    };
    const answered = (answer: Answer) => {
      settle();
      if ("error" in answer) reject(new ConfigError(answer.error));
      else resolve(answer.result);
    };
    worker.on("message", answered);
    worker.on("error", failed);
    worker.postMessage(question);
  });
}

/** What a worker thread does: answers tasks, one after the other. */
export async function serve(): Promise<void> {
  const { file, options, kernel } = workerData as WorkerData;
  adoptBuild("release", kernel);
  const settings = options.config as MachineSettings;
  const loaded = loadTest(file, settings).then(({ setup, config }) => new World(setup, config));
  loaded.catch(() => {}); // whoever asks is told
  parentPort?.on("message", async (question: Question) => {
    parentPort?.postMessage(await answerTo(loaded, options, question));
  });
}

async function answerTo(
  loaded: Promise<World>,
  options: ExploreOptions,
  { task, words }: Question,
): Promise<Answer> {
  try {
    const world = await loaded;
    world.words = words;
    return { result: performTask(world, options, task, null) };
  } catch (error) {
    if (error instanceof ConfigError) return { error: error.message };
    throw error;
  }
}
