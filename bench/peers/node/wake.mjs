// wake: nanoseconds per wakeup when two asynchronous functions wake each other in turn through
// promises, or, across CPUs, two worker threads through Atomics.wait and Atomics.notify. Node.js
// has one way to wait in each case, so both kinds of waiting are the same here.

import { isMainThread, Worker, workerData } from "node:worker_threads";
import { now_ns, params, serve } from "./round.mjs";

function makeSide() {
  const side = {};
  arm(side);
  return side;
}

function arm(side) {
  side.promise = new Promise((resolve) => {
    side.wake = resolve;
  });
}

async function play(me, other, turns) {
  for (let i = 0; i < turns; i++) {
    await me.promise;
    arm(me);
    other.wake();
  }
}

async function sameThread(turns) {
  const sides = [makeSide(), makeSide()];
  sides[0].wake();
  await Promise.all([play(sides[0], sides[1], turns), play(sides[1], sides[0], turns)]);
}

/** Waits until turn[0] is mine, gives it to the other side, and so on. */
function playAcross(turn, mine, turns) {
  for (let i = 0; i < turns; i++) {
    while (Atomics.load(turn, 0) !== mine) Atomics.wait(turn, 0, 1 - mine);
    Atomics.store(turn, 0, 1 - mine);
    Atomics.notify(turn, 0, 1);
  }
}

/** The worker's loop: its orders come through turn[1], the number of turns to play. */
function workerMain(turn) {
  for (;;) {
    Atomics.wait(turn, 1, 0);
    const turns = Atomics.exchange(turn, 1, 0);
    playAcross(turn, 1, turns);
  }
}

function startWorker() {
  const turn = new Int32Array(new SharedArrayBuffer(8));
  const worker = new Worker(new URL(import.meta.url), { workerData: turn });
  return new Promise((resolve) => worker.once("online", () => resolve(turn)));
}

async function makePlayer() {
  if (params.cpus !== "across") return sameThread;
  const turn = await startWorker();
  return (turns) => {
    Atomics.store(turn, 1, turns);
    Atomics.notify(turn, 1);
    playAcross(turn, 0, turns);
    while (Atomics.load(turn, 0) !== 0) Atomics.wait(turn, 0, 1);
  };
}

if (isMainThread) {
  const playTurns = await makePlayer();
  serve(async (ops) => {
    const turns = Math.max(ops >> 1, 1);
    const start = now_ns();
    await playTurns(turns);
    return { value: (now_ns() - start) / (turns * 2) };
  });
} else {
  workerMain(workerData);
}
