// switch: nanoseconds per step among `threads` generators, run in turn by a plain loop over an
// array: the least that a scheduler of generators can cost.

import { makeOrder, now_ns, params, serve } from "./round.mjs";

function* body() {
  for (;;) yield 1;
}

const n = Number(params.threads);
const bodies = Array.from({ length: n }, body);
const queue = Array.from(makeOrder(n, params.queue === "shuffled"), (i) => bodies[i]);
let at = 0;

function run(ops) {
  let sum = 0;
  for (let i = 0; i < ops; i++) {
    sum += queue[at].next().value;
    if (++at === n) at = 0;
  }
  return sum;
}

serve((ops) => {
  const start = now_ns();
  run(ops);
  return { value: (now_ns() - start) / ops };
});
