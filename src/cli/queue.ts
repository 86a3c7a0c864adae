// A search over many machines: `explore --queue redis://...` hands out its parts, `worker --queue ...` performs them.
//
// The queue is BullMQ's, on Redis or Valkey. A part of a search is a job, and its result depends on nothing but
// what the job says, so that it does no harm if one is performed twice. A worker renews its claim on a job
// while it is at work: the job of one that has died goes to another after a few seconds. What parts have found
// is put together in their order by whoever asked, as over worker threads (search/tasks.ts), so that the answer
// is the same however many there are.

import { createHash, randomUUID } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import type * as BullMq from "bullmq";
import type * as IoRedis from "ioredis";
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
import { complain } from "./output.js";

const QUEUE = "kthread-machine-explore";
/** Parts that are in the queue at a time. */
const PARTS_AT_ONCE = 16;
/** How long the claim of a worker holds that does not renew it, and how often others look for such ones. */
const CLAIM_MS = 5_000;
const LOOK_MS = 1_000;
/** Workers that may die over one part before that is given up. */
const DEATHS_MAX = 100;
/** How long an unreachable server is waited for, and one that is silent. */
const CONNECT_MS = 5_000;
const ANSWER_MS = 2_000;
/**
 * How long the answer to a part is waited for when the search is over, and how often it is looked whether it is; and how
 * long the server, to tidy up.
 */
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

/** The packages that a queue needs, which come with this one only if they are asked for. */
async function loadPackages(): Promise<typeof BullMq & Pick<typeof IoRedis, "Redis">> {
  try {
    const [bullmq, { Redis }] = await Promise.all([import("bullmq"), import("ioredis")]);
    return { ...bullmq, Redis };
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

/** The address of a server for a message: without the password. */
export function withoutPassword(url: string): string {
  const shown = new URL(url);
  if (shown.password !== "") shown.password = "***";
  return shown.href;
}

/** Says if a server does not answer or refuses us; the queue's own connections would try for ever. */
async function reach(url: string, Redis: typeof IoRedis.Redis): Promise<void> {
  const client = new Redis(url, {
    lazyConnect: true,
    connectTimeout: CONNECT_MS,
    commandTimeout: ANSWER_MS,
    retryStrategy: () => null,
  });
  let why: Error | null = null;
  client.on("error", (error: Error) => {
    why ??= error;
  });
  try {
    await client.connect();
    await client.ping();
  } catch (error) {
    why ??= error as Error;
  } finally {
    client.disconnect();
  }
  if (why !== null) throw new ConfigError(`${withoutPassword(url)}: ${refusalOf(why)}`);
}

function refusalOf({ name, message }: Error): string {
  return name === "ReplyError"
    ? `the server refuses the address: ${message.replace(/\.$/, "")}; it has the form redis://USER:PASSWORD@HOST:PORT/DATABASE`
    : "no Redis or Valkey server answers there";
}

/** What listens for the errors of connections: they try again by themselves, and the user is told once. */
function complainOnce(url: string): (error: Error) => void {
  let isTold = false;
  return (error) => {
    if (isTold || (error as NodeJS.ErrnoException).code === undefined) return;
    isTold = true;
    complain(`${withoutPassword(url)}: the server is gone; waiting for it to come back`);
  };
}

/** Waits for something that needs the server, but not for ever: it may be gone. */
async function withPatience(work: Promise<unknown>, milliseconds: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const enough = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, milliseconds);
  });
  work.catch(() => {});
  await Promise.race([work, enough]);
  clearTimeout(timer);
}

/** Hands the parts of a search to whoever serves the queue. `end` leaves nothing of this search in it. */
export async function openQueue(
  url: string,
  file: string,
  options: ExploreOptions,
): Promise<{ readonly runners: readonly TaskRunner[]; end(): Promise<void> }> {
  const { Queue, QueueEvents, Redis } = await loadPackages();
  await reach(url, Redis);
  const connection = connectionTo(url);
  const queue = new Queue(QUEUE, { connection });
  const events = new QueueEvents(QUEUE, { connection });
  const onError = complainOnce(url);
  queue.on("error", onError);
  events.on("error", onError);
  for (const part of [queue, events]) part.setMaxListeners(0); // each part of the search listens
  await Promise.all([queue.waitUntilReady(), events.waitUntilReady()]);
  const search = randomUUID();
  const sha256 = sha256Of(file);
  let jobs = 0;
  /** Parts that are in the queue. */
  const open = new Set<string>();
  const ask = async (data: Job): Promise<Answer> => {
    const jobId = `${search}-${jobs++}`;
    open.add(jobId);
    const job = await queue.add("part", data, {
      jobId,
      removeOnComplete: { age: 60 },
      removeOnFail: { age: 60 },
    });
    const answer: Answer = await job.waitUntilFinished(events);
    await queue.remove(jobId);
    open.delete(jobId);
    return answer;
  };
  const tidyUp = async () => {
    await Promise.all(Array.from(open, (jobId) => queue.remove(jobId)));
    await events.close();
    await queue.close();
  };
  const run: TaskRunner = async (task, words, turn) => {
    const answer = await orUnasked(ask({ file, sha256, options, task, words }), turn);
    if (answer === null) return null;
    if ("error" in answer) throw new ConfigError(answer.error);
    return answer.result;
  };
  return {
    runners: Array<TaskRunner>(PARTS_AT_ONCE).fill(run),
    end: () => withPatience(tidyUp(), PATIENCE_MS),
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

/** Performs parts of searches until `end` is called, which leaves a part that takes long to another worker. */
export async function serveQueue(url: string, threads: number): Promise<{ end(): Promise<void> }> {
  const { Worker, Redis } = await loadPackages();
  await reach(url, Redis);
  const onError = complainOnce(url);
  const workers = Array.from({ length: threads }, () => {
    const crew = new Threads();
    const worker = new Worker<Job, Answer>(QUEUE, (job) => crew.perform(job.data), {
      connection: connectionTo(url),
      lockDuration: CLAIM_MS,
      stalledInterval: LOOK_MS,
      maxStalledCount: DEATHS_MAX,
    });
    worker.on("error", onError);
    return { worker, crew };
  });
  await Promise.all(workers.map(({ worker }) => worker.waitUntilReady()));
  return {
    end: () => {
      const ended = workers.map(({ worker, crew }) => worker.close().then(() => crew.end()));
      return withPatience(Promise.all(ended), CLAIM_MS);
    },
  };
}
