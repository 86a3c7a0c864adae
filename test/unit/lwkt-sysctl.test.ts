// The variables of LWKT, read and set by the host.

import { expect, it } from "vitest";
import { readSysctl, type SysctlName, sysctlNames, writeSysctl } from "../../src/core/sysctl.js";
import * as Layout from "../../src/generated/layout.js";
import { LwktMachine } from "../support/lwkt-machine.js";

const { Sys } = Layout;

it("names the variables of lwkt_thread.c 57-66 and kern_thread.c 158", () => {
  const ofLwkt = sysctlNames.filter((name) => !name.startsWith("kern.sched."));
  expect(ofLwkt).toEqual([
    "kern.maxthread",
    "lwkt.preempt_hit",
    "lwkt.preempt_miss",
    "lwkt.preempt_weird",
    "lwkt.switch_count",
    "lwkt.untimely_switch",
  ]);
});

it("sums a counter over all CPUs, and counts on from the value that it is set to", () => {
  const machine = new LwktMachine({ cpus: 2 });
  for (const cpu of [0, 1]) {
    const body = function* () {
      for (let i = 0; i < 10; i++) yield [Sys.lwkt_yield] as const;
    };
    machine.spawn(`t${cpu}`, 5, body, cpu);
  }
  machine.run();
  const before = readSysctl(machine.kernel, "lwkt.switch_count");
  expect(before).toBeGreaterThanOrEqual(20);
  writeSysctl(machine.kernel, "lwkt.switch_count", 1000);
  machine.spawn("t", 5, function* () {
    yield [Sys.lwkt_yield];
  });
  machine.run();
  expect(readSysctl(machine.kernel, "lwkt.switch_count")).toBeGreaterThan(1000);
  expect(readSysctl(machine.kernel, "lwkt.switch_count")).toBeLessThan(1000 + before);
});

it("sets lwkt.untimely_switch, which makes the end of a section switch (376)", () => {
  const run = (untimely: number) => {
    const machine = new LwktMachine({ preemption: false, roundRobin: 0 });
    writeSysctl(machine.kernel, "lwkt.untimely_switch", untimely);
    expect(readSysctl(machine.kernel, "lwkt.untimely_switch")).toBe(untimely);
    const ran: string[] = [];
    for (const name of ["a", "b"]) {
      machine.spawn(name, 5, function* () {
        yield [Sys.crit_enter];
        yield [Sys.set_reqpri, 6];
        yield [Sys.crit_exit];
        ran.push(name);
        yield [Sys.crit_enter];
        yield [Sys.set_reqpri, 6];
        yield [Sys.crit_exit];
        ran.push(name);
      });
    }
    machine.run();
    return ran.join("");
  };
  expect(run(0)).toBe("aabb");
  expect(run(1)).toBe("abab");
});

it("reads kern.maxthread, which the boot has decided for good", () => {
  const { kernel } = new LwktMachine({ maxthread: 1234 });
  expect(readSysctl(kernel, "kern.maxthread")).toBe(1234);
  expect(() => writeSysctl(kernel, "kern.maxthread", 2000)).toThrow(
    "kern.maxthread cannot be set: it can only be read; give the machine the option maxthread",
  );
  expect(readSysctl(kernel, "kern.maxthread")).toBe(1234);
});

it("refuses other names and values, with a sentence that says what there is", () => {
  const { kernel } = new LwktMachine();
  expect(() => readSysctl(kernel, "lwkt.none" as SysctlName)).toThrow("there are kern.maxthread");
  expect(() => writeSysctl(kernel, "lwkt.switch_count", -1)).toThrow("must be a whole number");
  expect(() => writeSysctl(kernel, "lwkt.switch_count", 0.5)).toThrow("must be a whole number");
});
