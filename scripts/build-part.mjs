// One part of the build in a thread of its own (scripts/build.mjs): the compilers compute for a minute and never wait.

import { parentPort, workerData } from "node:worker_threads";
import { BuildError, makePart } from "./build.mjs";

try {
  parentPort.postMessage({ messages: await makePart(workerData) });
} catch (error) {
  parentPort.postMessage({ error, told: error instanceof BuildError });
}
