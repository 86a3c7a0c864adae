// The benchmarks of kernel functions on our machine (tid, tdfind, timers): loops inside the kernel's
// module (assembly/index.ts) call the functions, as the peers' loops in C call theirs.

import { NO_PID, ThreadCold } from "../../src/generated/layout.js";
import type { Params, RoundFn } from "../lib/types.js";
import { KernelBench } from "./kernel.js";
import { check, configFor, makeOrder, time_ms } from "./workbench.js";

const IDS = 1_000_000;
const THREADS = 1_000_000;
const HOT = 8;
/** Ids drawn beforehand. */
const WANTED = 1 << 16;
const NOT_FOUND = 0xffff_ffff;

/** How many ids of a million are taken. */
const taken: Readonly<Record<string, number>> = {
  "90%": (IDS / 10) * 9,
  "99.9%": (IDS / 1000) * 999,
  "all but one": IDS - 1,
};

export async function runTid(params: Params): Promise<RoundFn> {
  const bench = await KernelBench.boot(configFor(IDS - 16));
  const { exports, machine } = bench;
  const count = taken[String(params.fill)];
  if (count !== undefined) {
    exports.bench_tid_take(IDS - machine.counters.threads);
    for (const id of makeOrder(IDS, true).subarray(count)) exports.bench_tid_free(NO_PID + id);
  }
  return (ops) => ({ value: (time_ms(() => exports.bench_tid(ops)) * 1e6) / ops });
}

export async function runTdfind(params: Params): Promise<RoundFn> {
  const maxproc = Math.min(Number(params.maxproc), 99_999);
  const bench = await KernelBench.boot(configFor(THREADS, { maxproc, guestMemory: 1 << 20 }));
  const { kernel } = bench.machine;
  const tids = bench
    .createThreads(THREADS)
    .map((td) => kernel.read(kernel.cold(td) + ThreadCold.td_tid));
  const isHot = params.ids === "hot";
  const order = makeOrder(THREADS, true);
  const wanted = Uint32Array.from({ length: WANTED }, (_, i) => {
    return tids[order[isHot ? i % HOT : i] as number] as number;
  });
  const ids = bench.place(wanted);
  let at = 0;
  return (ops) => {
    const took_ms = time_ms(() => {
      const sum = bench.exports.bench_tdfind(ids, WANTED - 1, at, ops);
      check(sum >>> 0 !== NOT_FOUND, "A thread was not found.");
    });
    at = (at + ops) >>> 0;
    return { value: (took_ms * 1e6) / ops };
  };
}

const HZ = 100;
const FIRE_TICKS = 100;

/** When each is due: `least` to `least + spread` units of so many ticks, drawn as the peers do. */
function dueTicks(n: number, least: number, spread: number, unit: number): Uint32Array {
  let x = 2463534242;
  return Uint32Array.from({ length: n }, () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return (least + ((x >>> 0) % spread)) * unit;
  });
}

/** Callouts are the sleep timeouts of so many threads. */
export async function runTimers(params: Params): Promise<RoundFn> {
  const timers = Number(params.timers);
  const config = configFor(timers, { hz: HZ, guestMemory: 16 * timers });
  const bench = await KernelBench.boot(config);
  const { exports } = bench;
  const threads = bench.place(bench.createThreads(timers));
  const far = bench.place(dueTicks(timers, 3_600, 3_600, HZ), 4 * timers);
  const near = bench.place(dueTicks(timers, 1, FIRE_TICKS, 1), 8 * timers);
  const each_ns = (action: () => void) => (time_ms(action) * 1e6) / timers;
  return () => {
    const arm = each_ns(() => exports.bench_callout_arm(threads, far, timers));
    const cancel = each_ns(() => exports.bench_callout_cancel(threads, timers));
    exports.bench_callout_arm(threads, near, timers);
    const fire = each_ns(() => {
      check(exports.bench_ticks(FIRE_TICKS) === 0, "A callout did not fire.");
    });
    return { arm, cancel, fire };
  };
}
