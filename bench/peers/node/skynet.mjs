// skynet: 1,111,111 asynchronous functions. Each starts ten until there are a million leaves; a
// leaf returns its number, and a parent the sum of what it awaited. Every function gives up its
// turn once before it goes on, so that all of them really wait.

import { check, now_ns, resident_mb, serve } from "./round.mjs";

const CHILDREN = 10;

async function skynet(number, size) {
  await null;
  if (size === 1) return number;
  const below = size / CHILDREN;
  const answers = [];
  for (let i = 0; i < CHILDREN; i++) answers.push(skynet(number + i * below, below));
  let sum = 0;
  for (const answer of answers) sum += await answer;
  return sum;
}

serve(async () => {
  const start = now_ns();
  const sum = await skynet(0, 1000000);
  const time = (now_ns() - start) / 1e6;
  check(sum === 499999500000, "The sum is wrong.");
  return { time, memory: resident_mb() };
});
