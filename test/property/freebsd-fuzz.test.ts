// Calls with arguments of any kind, sane or not, from several threads: each returns, or the kernel panics
// with a text; nothing else comes out of the machine, and it can be inspected afterwards.

import { describe, expect, it } from "vitest";
import * as Layout from "../../src/generated/layout.js";
import {
  type Body,
  KernelCall,
  KernelPanic,
  Machine,
  type SchedulerName,
  sys,
} from "../../src/index.js";
import { buildUnderTest } from "../support/build.js";
import { Random } from "../support/random.js";
import { SCHEDULERS } from "../support/schedulers.js";

type CallName = keyof typeof sys;

/** FreeBSD's calls. */
const names = (Object.keys(sys) as CallName[]).filter((name) => {
  const nr = (Layout.Sys as Record<string, number>)[name];
  return nr !== undefined && nr >= Layout.Sys.kthread_add && nr <= Layout.Sys.reboot;
});

/** Calls that panic at most arguments: three machines in four go without, and so get further. */
const touchy: readonly CallName[] = [
  "thread_cow_synced",
  "td_setucred",
  "tid_alloc",
  "tid_free",
  "kthread_start",
  "kproc_start",
  "kthread_suspend_check",
  "thread_run_flash",
  "thread_single_end",
  "thread_exit",
  "sched_add",
];
const tame = names.filter((name) => !touchy.includes(name));

/** Runs one machine until it is idle, has run long enough or panics; returns the panic's text. */
function fuzz(seed: number, scheduler: SchedulerName): string | null {
  const machine = new Machine(
    { scheduler, cpus: 1 + (seed % 3), maxthread: 150, maxproc: 20, hz: 1000, objects: 64, seed },
    buildUnderTest,
  );
  const random = new Random(seed);
  const handles: number[] = [
    machine.kernel.machine("proc0"),
    machine.kernel.machine("initproc"),
    machine.kernel.machine("thread0"),
  ];
  const argument = (): number => {
    switch (random.below(6)) {
      case 0:
      case 1:
        return random.pick(handles);
      case 2:
        return random.below(8);
      case 3:
        return random.below(300);
      case 4:
        return Layout.NO_PID + random.below(160);
      default:
        return random.pick([0xffff_ffff, 0x7fff_ffff, random.below(0xffff_ffff), 4, 0]);
    }
  };
  const text = machine.kernel.intern("t%d");
  const creations: Partial<Record<CallName, () => readonly (number | (() => Body))[]>> = {
    kthread_add: () => [body, 0, random.pick([0, argument()]), argument(), argument(), text, 1],
    kproc_create: () => [body, 0, argument(), argument(), text, 1],
    kproc_kthread_add: () => [body, 0, random.pick([0, argument()]), 0, 0, text, text, 1],
    kthread_start: () => [text, body, 0],
    kproc_start: () => [text, body, 0],
    fork: () => [body, 0, argument(), argument(), argument()],
    thr_create: () => [body, 0],
    thread_single: () => [argument(), seed % 4 === 0 ? argument() : random.below(4)],
  };
  function* body(): Body {
    for (let i = 0; i < 25; i++) {
      const name = random.pick(seed % 4 === 0 ? names : tame);
      const args = creations[name]?.() ?? [argument(), argument(), text, 1 + random.below(9)];
      const call = new KernelCall<unknown>(name as never, args as never);
      const result = yield* call as KernelCall<{ address?: number } | undefined>;
      if (result?.address) handles.push(result.address);
    }
  }
  for (let i = 0; i < 4; i++) machine.createThread({ name: `f${i}`, body });
  try {
    machine.run({ rounds: 2_000 });
  } catch (error) {
    if (!(error instanceof KernelPanic)) throw error;
    expect(error.postMortem?.ps).toContain("COMMAND");
    return error.text;
  }
  return null;
}

describe.each(SCHEDULERS)("any call with any arguments under %s", (scheduler) => {
  it("returns or panics", () => {
    const panics = new Map<string, number>();
    let calm = 0;
    for (let seed = 1; seed <= 150; seed++) {
      let text: string | null;
      try {
        text = fuzz(seed, scheduler);
      } catch (error) {
        throw new Error(`seed ${seed}: ${String(error)}`, { cause: error });
      }
      if (text === null) calm++;
      else panics.set(text, (panics.get(text) ?? 0) + 1);
    }
    expect(names.length).toBeGreaterThan(50);
    // Both ends must have been seen often, or the calls were too wild or too tame to say anything.
    expect(calm).toBeGreaterThan(50);
    expect(panics.size).toBeGreaterThan(15);
    for (const text of panics.keys()) expect(text).toMatch(/^[\x20-\x7e\n]+$/);
  });
});
