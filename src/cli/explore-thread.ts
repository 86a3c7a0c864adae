// The threads of `explore`. The first one only listens: a test in JavaScript may compute for ever, and a thread that does
// hears no signal. The search is in a second one, which looks at a shared word for whether it is still wanted; those of
// --workers are its own. Rejected: a search in the first thread that lets go now and then. It would hear a signal
// between two schedules, but no longer end by Ctrl-C in one that hangs.

import { parentPort, Worker, workerData } from "node:worker_threads";
import { ConfigError } from "../core/errors.js";
import { type Found, inFile, type SearchFlags, search } from "./explore-search.js";
import { deathOf, ENDS_PROCESS, serveTasks, type WorkerData } from "./explore-workers.js";
import { CommandFailure, type Verdict, verdictOn } from "./failure.js";
import { type Interrupt, listenForSignals } from "./interrupt.js";

/** How long a search may take to end when it is interrupted: some seconds more than a queue is waited for. */
const PATIENCE_MS = 10_000;
/** How long the thread may go on when it has answered: what a test has printed is on its way. */
const REST_MS = 1_000;

interface SearchData {
  readonly role: "search";
  readonly file: string;
  readonly flags: SearchFlags;
  /** One word: 1 once the search is to end. */
  readonly interrupted: Int32Array;
}

type Message =
  | { readonly schedules: number; readonly perSecond: number }
  | { readonly found: Found }
  | { readonly verdict: Verdict };

/** What a search has come to, and the exit code that a signal asks for; null if none has come. */
export interface SearchEnd {
  readonly found: Found;
  readonly signalled: number | null;
}

/**
 * Searches in a thread of its own. A signal ends the search with what it has found so far.
 *
 * @throws CommandFailure as the search has failed, or when it does not end after a signal.
 * @throws ConfigError when the test ends the thread.
 */
export async function searchInThread(
  file: string,
  flags: SearchFlags,
  onProgress: (schedules: number, perSecond: number) => void,
): Promise<SearchEnd> {
  const interrupted = new Int32Array(new SharedArrayBuffer(4));
  const data: SearchData = { role: "search", file, flags, interrupted };
  // The command is one file, of which main.ts is the beginning.
  const thread = new Worker(new URL(import.meta.url), { workerData: data });
  const endAfter = (milliseconds: number) => {
    setTimeout(() => thread.terminate(), milliseconds).unref();
  };
  const interrupt = listenForSignals(() => {
    Atomics.store(interrupted, 0, 1);
    endAfter(PATIENCE_MS);
  });
  let answer: Exclude<Message, { schedules: number }> | null = null;
  thread.on("message", (message: Message) => {
    if ("schedules" in message) {
      onProgress(message.schedules, message.perSecond);
      return;
    }
    answer = message;
    endAfter(REST_MS);
  });
  thread.on("error", (error) => {
    answer ??= { verdict: verdictOn(inFile(file, deathOf(error))) };
  });
  await new Promise((resolve) => thread.on("exit", resolve));
  interrupt.stop();
  return endOf(answer, file, interrupt);
}

function endOf(
  answer: Exclude<Message, { schedules: number }> | null,
  file: string,
  { exitCode: signalled }: Interrupt,
): SearchEnd {
  if (answer === null) {
    if (signalled === null) {
      throw inFile(file, new ConfigError(ENDS_PROCESS));
    }
    const text = `${file}: one schedule takes over ${PATIENCE_MS / 1_000} s, so that there is no report`;
    throw new CommandFailure({ texts: [text], exitCode: signalled });
  }
  if ("verdict" in answer) throw new CommandFailure(answer.verdict);
  return { found: answer.found, signalled };
}

/** What a thread does that this command has started. */
export async function serve(): Promise<void> {
  const data = workerData as SearchData | WorkerData;
  if (data.role === "worker") {
    serveTasks(data);
    return;
  }
  const { file, flags, interrupted } = data;
  const tell = (message: Message) => parentPort?.postMessage(message);
  try {
    const found = await search(file, flags, {
      onProgress: (schedules, perSecond) => tell({ schedules, perSecond }),
      isInterrupted: () => Atomics.load(interrupted, 0) !== 0,
    });
    tell({ found });
  } catch (error) {
    tell({ verdict: verdictOn(error) });
  }
}
