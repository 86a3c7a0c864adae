// The numbers that kernel calls take, by name.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  CreateFlag,
  LockManager,
  LwktFlag,
  Machine,
  MutexOption,
  ReadMostlyOption,
  SchedulingPolicy,
  SleepFlag,
  sys,
} from "../../src/index.js";
import { buildUnderTest } from "../support/build.js";

const header = readFileSync(new URL("../../include/kthread_machine.h", import.meta.url), "utf8");

/** What C programs have for a name: a number, or 1 shifted to the left. */
function inC(name: string): number {
  const [, shift, number] =
    new RegExp(`^#define ${name} (?:\\(1 << (\\d+)\\)|(\\w+))`, "m").exec(header) ?? [];
  return shift === undefined ? Number(number) : 1 << Number(shift);
}

describe("the numbers of a call's options", () => {
  it("are those of C programs", () => {
    const objects = {
      MTX_: MutexOption,
      RM_: ReadMostlyOption,
      LK_: LockManager,
      P: SleepFlag,
      RF: CreateFlag,
    };
    for (const [prefix, names] of Object.entries(objects)) {
      for (const [name, value] of Object.entries(names)) {
        expect([prefix + name, inC(prefix + name)]).toEqual([prefix + name, value]);
      }
    }
  });

  it("do what they say where C has no name for them", () => {
    const machine = new Machine({}, buildUnderTest);
    const [, stopped] = machine.call(
      sys.kthread_add(0x1000, 0, 0, CreateFlag.STOPPED, 0, "stopped", 0),
    );
    expect(machine.thread(stopped >>> 0).state).toBe("stopped");
    const [, lwkt] = machine.call(sys.lwkt_create(0x1000, 0, 0, LwktFlag.STOPREQ, "lwkt", 0));
    expect(machine.thread(lwkt >>> 0).state).toBe("stopped");
    for (const [name, policy] of Object.entries(SchedulingPolicy)) {
      const value = name === "FIFO" || name === "RR" ? 99 : 19;
      expect([name, machine.call(sys.sched_setscheduler(stopped, policy, value))[0]]).toEqual([
        name,
        0,
      ]);
      expect(machine.call(sys.sched_setscheduler(stopped, policy, 100))[0]).not.toBe(0);
    }
  });
});
