// timers: nanoseconds per setTimeout to arm `timers` of them (due in one to two hours, in whole
// seconds), to clear them all, and, when as many are armed again for the near future, processor time
// to let them fire.

import { now_ns, params, serve, xorshift32 } from "./round.mjs";

const HOUR_S = 3600;
const n = Number(params.timers);
const timers = new Array(n);

/** Arms all for `least` to `least + spread` units of so many milliseconds. */
function armAll(least, spread, unit_ms, fire) {
  const random = xorshift32();
  const start = now_ns();
  for (let i = 0; i < n; i++) {
    timers[i] = setTimeout(fire, (least + (random() % spread)) * unit_ms);
  }
  return now_ns() - start;
}

function processor_ns() {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

function fireAll(least_ms) {
  return new Promise((resolve) => {
    let fired = 0;
    let before_ns = 0;
    armAll(least_ms, 100, 1, () => {
      if (++fired === n) resolve(processor_ns() - before_ns);
    });
    before_ns = processor_ns();
  });
}

serve(async () => {
  const arm_ns = armAll(HOUR_S, HOUR_S, 1000, () => {});
  const start = now_ns();
  for (const timer of timers) clearTimeout(timer);
  const cancel_ns = now_ns() - start;
  const fire_ns = await fireAll(Math.ceil((2 * arm_ns) / 1e6));
  return { arm: arm_ns / n, cancel: cancel_ns / n, fire: fire_ns / n };
});
