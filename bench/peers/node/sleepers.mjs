// sleepers: `threads` asynchronous functions that each wait for a promise of their own with a
// timeout of an hour: the time until all wait, the memory of the process then, and the time to wake
// all of them to their end.

import { check, now_ns, params, resident_mb, serve, settle } from "./round.mjs";

const TIMEOUT_MS = 3600000;
const n = Number(params.threads);
let woken = 0;

/** Waits to be woken through wakers[i]; the promise's value tells whether it was in time. */
async function sleeper(wakers, i) {
  const inTime = await new Promise((resolve) => {
    const timeout = setTimeout(resolve, TIMEOUT_MS, false);
    wakers[i] = () => {
      clearTimeout(timeout);
      resolve(true);
    };
  });
  if (inTime) woken++;
}

serve(async () => {
  const wakers = new Array(n);
  woken = 0;
  const start = now_ns();
  for (let i = 0; i < n; i++) sleeper(wakers, i);
  await settle();
  const create = (now_ns() - start) / 1e6;
  const memory = resident_mb();
  const waking = now_ns();
  for (const wake of wakers) wake();
  await settle();
  const wake = (now_ns() - waking) / 1e6;
  check(woken === n, "A function was not woken.");
  return { create, wake, memory };
});
