// The worker threads of `explore --workers N`: each loads the module, and performs the parts of the search that
// it is given.

import { parentPort, Worker, workerData } from "node:worker_threads";
import { ConfigError } from "../core/errors.js";
import {
  type ExploreOptions,
  performTask,
  type Task,
  type TaskResult,
  type TaskRunner,
  World,
} from "../search/index.js";
import { loadTest } from "./explore-module.js";

interface WorkerData {
  readonly file: string;
  readonly options: ExploreOptions;
}

type Answer = { readonly result: TaskResult } | { readonly error: string };

/** Starts worker threads. `end` stops them. */
export function startWorkers(
  count: number,
  file: string,
  options: ExploreOptions,
): { readonly runners: readonly TaskRunner[]; end(): Promise<void> } {
  const workerData: WorkerData = { file, options };
  // The command is one file, of which main.ts is the beginning.
  const workers = Array.from(
    { length: count },
    () => new Worker(new URL(import.meta.url), { workerData }),
  );
  return {
    runners: workers.map((worker) => (task) => ask(worker, task)),
    end: async () => {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

function ask(worker: Worker, task: Task): Promise<TaskResult> {
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
    worker.postMessage(task);
  });
}

/** What a worker thread does: answers tasks, one after the other. */
export async function serve(): Promise<void> {
  const { file, options } = workerData as WorkerData;
  const loaded = loadTest(file).then(({ setup, config }) => new World(setup, config));
  parentPort?.on("message", async (task: Task) => {
    parentPort?.postMessage(await answerTo(loaded, options, task));
  });
}

async function answerTo(
  loaded: Promise<World>,
  options: ExploreOptions,
  task: Task,
): Promise<Answer> {
  try {
    return { result: performTask(await loaded, options, task, null) };
  } catch (error) {
    if (error instanceof ConfigError) return { error: error.message };
    throw error;
  }
}
