// switch: nanoseconds per `await null` among `threads` asynchronous functions. Between rounds all
// of them wait for one promise.

import { now_ns, params, serve, settle } from "./round.mjs";

let remaining = 0;
let start = 0;
let finish;
let gate;
let open;

function closeGate() {
  gate = new Promise((resolve) => {
    open = resolve;
  });
}

async function body() {
  for (;;) {
    await gate;
    if (start === 0) start = now_ns();
    while (remaining > 0) {
      if (--remaining === 0) finish(now_ns());
      await null;
    }
  }
}

closeGate();
for (let i = 0; i < Number(params.threads); i++) body();
await settle();

serve(async (ops) => {
  const finished = new Promise((resolve) => {
    finish = resolve;
  });
  const openGate = open;
  remaining = ops;
  start = 0;
  closeGate();
  openGate();
  const end = await finished;
  await settle();
  return { value: (end - start) / ops };
});
