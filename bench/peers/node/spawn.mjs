// spawn: nanoseconds to start an asynchronous function, run it to its end in a turn of its own and
// wait for that, with `alive` of them at a time.

import { check, now_ns, params, serve } from "./round.mjs";

const alive = Number(params.alive);
let ran = 0;

async function body() {
  await null;
  ran++;
}

async function runBatch(running) {
  for (let i = 0; i < alive; i++) running[i] = body();
  for (let i = 0; i < alive; i++) await running[i];
}

serve(async (ops) => {
  const batches = Math.max(Math.floor(ops / alive), 1);
  const running = new Array(alive);
  ran = 0;
  const start = now_ns();
  for (let b = 0; b < batches; b++) await runBatch(running);
  const elapsed_ns = now_ns() - start;
  check(ran === batches * alive, "A function did not run.");
  return { value: elapsed_ns / ran };
});
