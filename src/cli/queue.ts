// A search over many machines: `explore --queue redis://...` hands out its parts, `worker --queue ...` performs them.
//
// The queue is BullMQ's, on Redis or Valkey. A part of a search is a job, and its result depends on nothing but
// what the job says, so that it does no harm if one is performed twice. A worker renews its claim on a job
// while it is at work: the job of one that has died goes to another after a few seconds. What parts have found
// is put together in their order by whoever asked, as over worker threads (search/tasks.ts), so that the answer
// is the same however many there are.

import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import type * as BullMq from "bullmq";
import { ConfigError } from "../core/errors.js";
import {
  type ExploreOptions,
  type Task,
  type TaskResult,
  type TaskRunner,
  type Turn,
  type Words,
  whileAsked,
} from "../search/index.js";
import { type Crew, startWorkers } from "./explore-workers.js";

const QUEUE = "kthread-machine-explore";
/** Parts that are in the queue at a time. */
const PARTS_AT_ONCE = 16;
/** How long the claim of a worker holds that does not renew it, and how often others look for such ones. */
const CLAIM_MS = 5_000;
const LOOK_MS = 1_000;
/** Workers that may die over one part before that is given up. */
const DEATHS_MAX = 100;
/** How long an unreachable server is waited for. */
const CONNECT_MS = 5_000;
const DEFAULT_PORT = 6379;
/** How long the answer to a part is waited for when the search is over, and how often it is looked whether it is. */
const PATIENCE_MS = 2_000;
const ASKED_EVERY_MS = 50;

/** A part of a search, as a job says it. */
interface Job {
  /** The file with the test, as the worker finds it from its folder, and what is in it. */
  readonly file: string;
  readonly sha256: string;
  readonly options: ExploreOptions;
  readonly task: Task;
  readonly words: Words;
}

type Answer = { readonly result: TaskResult } | { readonly error: string };

async function loadBullMq(): Promise<typeof BullMq> {
  try {
    return await import("bullmq");
  } catch {
    throw new ConfigError(
      "--queue needs the packages bullmq and ioredis: npm install bullmq ioredis",
    );
  }
}

function connectionTo(url: string) {
  return { url, maxRetriesPerRequest: null };
}

/** Checks the address of a server. */
export function isQueueUrl(text: string): boolean {
  return /^rediss?:\/\/[^\s/]+(?:\/\d*)?$/.test(text) && URL.canParse(text);
}

function sha256Of(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

/** Says if nobody answers at a server's address; the queue's own connections would try for ever. */
async function reach(url: string): Promise<void> {
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, "");
  const socket = connect({ host, port: Number(port === "" ? DEFAULT_PORT : port) });
  try {
    await once(socket, "connect", { signal: AbortSignal.timeout(CONNECT_MS) });
  } catch {
    throw new ConfigError(`${url}: no Redis or Valkey server answers there`);
  } finally {
    socket.destroy();
  }
}

/** Hands the parts of a search to whoever serves the queue. `end` leaves nothing of this search in it. */
export async function openQueue(
  url: string,
  file: string,
  options: ExploreOptions,
): Promise<{ readonly runners: readonly TaskRunner[]; end(): Promise<void> }> {
  const { Queue, QueueEvents } = await loadBullMq();
  await reach(url);
  const connection = connectionTo(url);
  const queue = new Queue(QUEUE, { connection });
  const events = new QueueEvents(QUEUE, { connection });
  queue.on("error", () => {}); // they try again by themselves
  events.on("error", () => {});
  for (const part of [queue, events]) part.setMaxListeners(0); // each part of the search listens
  await Promise.all([queue.waitUntilReady(), events.waitUntilReady()]);
  const search = randomUUID();
  const sha256 = sha256Of(file);
  let jobs = 0;
  const run: TaskRunner = async (task, words, turn) => {
    const data: Job = { file, sha256, options, task, words };
    const jobId = `${search}-${jobs++}`;
    const job = await queue.add("part", data, {
      jobId,
      removeOnComplete: { age: 60 },
      removeOnFail: { age: 60 },
    });
    const answered: Promise<Answer> = job.waitUntilFinished(events);
    const answer = await orUnasked(answered, turn);
    if (answer === null) return null;
    if ("error" in answer) throw new ConfigError(answer.error);
    return answer.result;
  };
  return {
    runners: Array<TaskRunner>(PARTS_AT_ONCE).fill(run),
    end: async () => {
      for (let i = 0; i < jobs; i++) await queue.remove(`${search}-${i}`);
      await events.close();
      await queue.close();
    },
  };
}

/** What a promise comes to, or null some time after nobody asks for it any more: no worker may be there to keep it. */
async function orUnasked<T>(promise: Promise<T>, turn: Turn): Promise<T | null> {
  const asked = whileAsked(turn);
  let unaskedMs = 0;
  let timer: NodeJS.Timeout | undefined;
  const unasked = new Promise<null>((resolve) => {
    timer = setInterval(() => {
      if (asked.goesOn(0)) return;
      unaskedMs += ASKED_EVERY_MS;
      if (unaskedMs >= PATIENCE_MS) resolve(null);
    }, ASKED_EVERY_MS);
  });
  promise.catch(() => {}); // if it is null, nobody waits for the promise
  try {
    return await Promise.race([promise, unasked]);
  } finally {
    clearInterval(timer);
  }
}

// ---- Workers ----

/** The worker threads of the last search that had a part here, since loading a test takes time. */
class Threads {
  private key = "";
  private crew: Crew | null = null;

  async perform({ file, sha256, options, task, words }: Job): Promise<Answer> {
    if (!existsSync(file)) return { error: `a worker has no file ${file} in its folder` };
    if (sha256Of(file) !== sha256) return { error: `a worker has another file ${file}` };
    const key = JSON.stringify([file, sha256, options]);
    if (this.key !== key) await this.end();
    this.key = key;
    this.crew ??= startWorkers(1, file, options);
    const [runner] = this.crew.runners as [Crew["runners"][number]];
    try {
      const last = new Int32Array(new SharedArrayBuffer(4)); // whoever asks, asks for all of it
      const result = await runner(task, words, { at: 0, last });
      const { seen } = result;
      return { result: { ...result, seen: { ...seen, digests: Array.from(seen.digests) } } };
    } catch (error) {
      if (error instanceof ConfigError) return { error: error.message };
      throw error;
    }
  }

  async end(): Promise<void> {
    await this.crew?.end();
    this.crew = null;
  }
}

/** Performs parts of searches until `end` is called. */
export async function serveQueue(url: string, threads: number): Promise<{ end(): Promise<void> }> {
  const { Worker } = await loadBullMq();
  await reach(url);
  const workers = Array.from({ length: threads }, () => {
    const crew = new Threads();
    const worker = new Worker<Job, Answer>(QUEUE, (job) => crew.perform(job.data), {
      connection: connectionTo(url),
      lockDuration: CLAIM_MS,
      stalledInterval: LOOK_MS,
      maxStalledCount: DEATHS_MAX,
    });
    worker.on("error", () => {}); // it tries again by itself
    return { worker, crew };
  });
  await Promise.all(workers.map(({ worker }) => worker.waitUntilReady()));
  return {
    end: async () => {
      await Promise.all(
        workers.map(async ({ worker, crew }) => {
          await worker.close();
          await crew.end();
        }),
      );
    },
  };
}
