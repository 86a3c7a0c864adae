// The behaviours of lwkt_thread.c that are easy to get wrong, one by one. Numbers in brackets are its
// lines.

import { describe, expect, it } from "vitest";
import { lwktRunq } from "../../src/core/runq-view.js";
import * as Layout from "../../src/generated/layout.js";
import { type Body, LwktMachine } from "../support/lwkt-machine.js";

const { Run, Sys } = Layout;

/** A machine without preemption at safe points: only what the calls do. */
function quiet(): LwktMachine {
  return new LwktMachine({ preemption: false, roundRobin: 0 });
}

function count(machine: LwktMachine, field: keyof typeof Layout.GlobalData): number {
  return machine.cpu(field);
}

describe("the switcher", () => {
  it("rotates when it picks (274): the first yield after a peer was made comes back to the caller", () => {
    const machine = quiet();
    const ran: string[] = [];
    function* peer(): Body {
      ran.push("peer");
      yield [Sys.lwkt_exit];
    }
    machine.spawn("first", 10, function* () {
      yield [Sys.lwkt_create, ...machine.createArguments("peer", peer)];
      yield [Sys.lwkt_setpri, machine.a1(first()), 10];
      yield [Sys.lwkt_yield];
      ran.push("first again");
      yield [Sys.lwkt_yield];
      ran.push("first at last");
    });
    const first = () => machine.kernel.curthread();
    machine.run();
    expect(ran).toEqual(["first again", "peer", "first at last"]);
  });

  it("keeps the mask bits of empty levels until it finds them empty (82, 270)", () => {
    const machine = quiet();
    const masks: number[] = [];
    machine.spawn("a", 10, function* () {
      masks.push(machine.cpu("gd_runqmask"));
      yield [Sys.lwkt_setpri_self, 20];
      masks.push(machine.cpu("gd_runqmask"));
      yield [Sys.lwkt_setpri_self, 5];
      masks.push(machine.cpu("gd_runqmask"));
      yield [Sys.lwkt_yield];
      masks.push(machine.cpu("gd_runqmask"));
    });
    machine.run();
    const bits = (...levels: number[]) => levels.reduce((mask, nq) => mask | (1 << nq), 0);
    expect(masks).toEqual([bits(0, 10), bits(0, 10, 20), bits(0, 5, 10, 20), bits(0, 5)]);
  });

  it("counts picking itself as a switch (247), although the machine does not", () => {
    const machine = quiet();
    const deltas: number[] = [];
    machine.spawn("alone", 10, function* () {
      const before = [count(machine, "gd_switch_count"), count(machine, "gd_switches")];
      for (let i = 0; i < 5; i++) yield [Sys.lwkt_yield];
      deltas.push(count(machine, "gd_switch_count") - (before[0] as number));
      deltas.push(count(machine, "gd_switches") - (before[1] as number));
    });
    machine.run();
    expect(deltas).toEqual([5, 0]);
  });

  it("runs a thread that was descheduled but has not switched, until it does", () => {
    const machine = quiet();
    const ran: string[] = [];
    const sleeper = machine.spawn("sleeper", 10, function* () {
      yield [Sys.lwkt_deschedule_self];
      ran.push("still runs");
      yield [Sys.lwkt_switch];
      ran.push("scheduled");
    });
    machine.spawn("waker", 5, function* () {
      ran.push("waker");
      yield [Sys.lwkt_schedule, sleeper];
      yield [Sys.lwkt_yield];
    });
    machine.run();
    expect(ran).toEqual(["still runs", "waker", "scheduled"]);
  });
});

describe("preemption", () => {
  it("returns the CPU to the preempted thread even if another one is better (248)", () => {
    const machine = quiet();
    const ran: string[] = [];
    const [intr, high] = [31, 20].map((pri) =>
      machine.spawn(`pri ${pri}`, pri, function* () {
        yield [Sys.lwkt_deschedule_self];
        yield [Sys.lwkt_switch];
        ran.push(`pri ${pri}`);
      }),
    ) as [number, number];
    machine.spawn("low", 5, function* () {
      yield [Sys.lwkt_schedule, high];
      const done = yield [Sys.interrupt, intr];
      ran.push(`interrupt returned ${done}`);
      yield [Sys.lwkt_yield];
    });
    machine.run();
    expect(ran).toEqual(["pri 31", "interrupt returned 1", "pri 20"]);
  });

  it("counts a hit, and its switch there is not lwkt_switch's (339)", () => {
    const machine = quiet();
    const seen: number[] = [];
    const intr = machine.spawn("intr", 31, function* () {
      yield [Sys.lwkt_deschedule_self];
      yield [Sys.lwkt_switch];
      seen.push(count(machine, "gd_switch_count"), count(machine, "gd_preempt_hit"));
      yield [Sys.lwkt_deschedule_self];
    });
    machine.spawn("low", 5, function* () {
      seen.push(count(machine, "gd_switch_count"), count(machine, "gd_preempt_hit"));
      yield [Sys.interrupt, intr];
    });
    machine.run();
    const [before = 0, hitsBefore = 0, inside, hitsInside] = seen;
    expect([inside, hitsInside]).toEqual([before, hitsBefore + 1]);
  });

  it("is refused to a thread that is no better (331), and counted as a miss", () => {
    const machine = quiet();
    const intr = machine.spawn("intr", 5, function* () {
      for (;;) {
        yield [Sys.lwkt_deschedule_self];
        yield [Sys.lwkt_switch];
      }
    });
    machine.spawn("low", 4, function* () {
      yield [Sys.lwkt_setpri_self, 5];
      yield [Sys.interrupt, intr];
    });
    machine.run();
    expect(count(machine, "gd_preempt_miss")).toBe(1);
  });
});

describe("critical sections", () => {
  /** What happens to a request that was pended, with gd_reqpri set by hand, when `leave` is called. */
  function served(reqpri: number, leave: number, sections: number): boolean {
    const machine = quiet();
    let ran = false;
    let result = false;
    const intr = machine.spawn("intr", 31, function* () {
      yield [Sys.lwkt_deschedule_self];
      yield [Sys.lwkt_switch];
      ran = true;
      yield [Sys.lwkt_deschedule_self];
    });
    machine.spawn("low", 8, function* () {
      for (let i = 0; i < sections; i++) yield [Sys.crit_enter];
      yield [Sys.crit_enter];
      yield [Sys.interrupt, intr];
      yield [Sys.crit_exit_noyield];
      yield [Sys.set_reqpri, reqpri];
      yield [leave];
      result = ran;
    });
    machine.run();
    return result;
  }

  it("are compared with the whole td_pri by crit_exit (thread2.h)", () => {
    // One of two sections is left: td_pri is 32 + 8, more than 32.
    expect(served(32, Sys.crit_exit, 2)).toBe(false);
    expect(served(32, Sys.crit_exit, 1)).toBe(true);
  });

  it("are masked away by lwkt_yield_quick (365)", () => {
    expect(served(9, Sys.lwkt_yield_quick, 0)).toBe(true);
    expect(served(8, Sys.lwkt_yield_quick, 0)).toBe(false);
  });

  it("keep interrupts pended if they are left by crit_exit_noyield", () => {
    expect(served(32, Sys.crit_exit_noyield, 1)).toBe(false);
  });

  it("panic when left once too often, with the priority that would be negative", () => {
    const machine = quiet();
    machine.kernel.namePointer = () => "<A>";
    machine.spawn("a", 10, function* () {
      yield [Sys.crit_exit];
    });
    expect(() => machine.run()).toThrow("td_pri is/would-go negative! <A> -22");
  });
});

describe("lwkt_setpri", () => {
  it("adds its argument unmasked (577): 32 n on top are n more critical sections", () => {
    const machine = quiet();
    const a = machine.spawn("a", 0, function* () {});
    machine.call(Sys.lwkt_setpri, a, 2 * 32 + 7);
    expect(machine.pri(a)).toBe(3 * 32 + 7);
    expect([...lwktRunq(machine.kernel, 0).keys()]).toEqual([7]);
  });

  it("moves a queued thread to the tail of its level, even to the level it is on", () => {
    const machine = quiet();
    const [a, b] = [0, 1].map((i) => machine.spawn(`t${i}`, 3, function* () {}));
    machine.call(Sys.lwkt_setpri, a as number, 3);
    expect(lwktRunq(machine.kernel, 0).get(3)).toEqual([b, a]);
  });

  it("of oneself refuses more than 31 (590)", () => {
    const machine = quiet();
    machine.spawn("a", 1, function* () {
      yield [Sys.lwkt_setpri_self, 32];
    });
    expect(() => machine.run()).toThrow("pri >= 0 && pri <= TDPRI_MAX in lwkt_setpri_self");
  });
});

describe("thread structures", () => {
  it("of exited threads are used again oldest first (151, 806)", () => {
    const machine = quiet();
    const first = [0, 1, 2].map((i) => machine.spawn(`t${i}`, 5, function* () {}));
    machine.run();
    const again = [0, 1, 2].map((i) => machine.spawn(`u${i}`, 5, function* () {}));
    expect(again).toEqual(first);
  });

  it("that lwkt_free_thread frees come before all others (201), six at most", () => {
    const machine = quiet();
    const ended = Array.from({ length: 8 }, (_, i) =>
      machine.spawn(`t${i}`, 5, function* () {
        yield [Sys.lwkt_proc_exit];
      }),
    );
    machine.run();
    for (const td of ended) machine.call(Sys.lwkt_free_thread, td);
    expect(machine.cpu("gd_tdfreecount")).toBe(6);
    const next = machine.spawn("next", 5, function* () {});
    expect(next).toBe(ended[5]);
  });

  it("belong to threads whose names are cut to 16 bytes, and which print a message when they exit", () => {
    const machine = quiet();
    machine.kernel.namePointer = () => "<T>";
    machine.spawn("abcdefghijklmnopqrst", 5, function* () {});
    machine.run();
    expect(machine.printed).toEqual(["kthread <T> abcdefghijklmnop has exited\n"]);
  });

  it.each([0, 1, 2, 3, 4, 5, 6, 7, 8])(
    "rejects a flag that belongs to the kernel: 1 << %i",
    (bit) => {
      const machine = quiet();
      const args = machine.createArguments("c", function* () {});
      args[3] = 1 << bit;
      expect(machine.call(Sys.lwkt_create, ...args).slice(0, 2)).toEqual([Layout.EINVAL, 0]);
      args[3] = Layout.TDL_STOPREQ | Layout.TDL_DEADLKTREAT | Layout.TDL_ALLOCATED_STACK;
      expect(machine.call(Sys.lwkt_create, ...args)[0]).toBe(0);
    },
  );

  it("can run out: lwkt_create then returns ENOMEM", () => {
    const machine = new LwktMachine({ maxthread: 2 });
    machine.spawn("a", 5, function* () {});
    machine.spawn("b", 5, function* () {});
    const [error] = machine.call(Sys.lwkt_create, ...machine.createArguments("c", function* () {}));
    expect(error).toBe(Layout.ENOMEM);
  });
});

describe("a call about another thread", () => {
  it("refuses the idle thread, which is never on a queue, and an address that is not a thread", () => {
    const idle = new LwktMachine().cpu("gd_idletd");
    for (const address of [idle, 0, 4, 0xffff_ffc0]) {
      const machine = quiet();
      expect(() => machine.call(Sys.lwkt_schedule, address)).toThrow("is not a thread");
    }
  });

  it("does not raise an interrupt for an address that is not a thread", () => {
    expect(quiet().kernel.exports.host_interrupt(8)).toBe(Layout.ESRCH);
  });
});

describe("a wait structure", () => {
  it("does not put a thread to sleep whose generation has passed (629)", () => {
    const machine = quiet();
    const wait = machine.kernel.newObject("wait");
    const results: number[] = [];
    machine.spawn("a", 5, function* () {
      const gen = yield [Sys.lwkt_wait_gen, wait];
      yield [Sys.lwkt_signal, wait];
      results.push(yield [Sys.lwkt_block, wait, 0, gen]);
    });
    expect(machine.run()).toBe(Run.IDLE);
    expect(results).toEqual([1]);
  });

  it("wakes its sleepers in the order in which they came (659)", () => {
    const machine = quiet();
    const wait = machine.kernel.newObject("wait");
    const woken: number[] = [];
    for (let i = 0; i < 4; i++) {
      machine.spawn(`s${i}`, 10, function* () {
        yield [Sys.lwkt_block, wait, 0, 0];
        woken.push(i);
      });
    }
    machine.spawn("waker", 5, function* () {
      yield [Sys.lwkt_signal, wait];
    });
    machine.run();
    expect(woken).toEqual([0, 1, 2, 3]);
  });
});

describe("a safe point", () => {
  it("lets a thread that is about to block keep a wakeup that comes while it is preempted", () => {
    const machine = new LwktMachine({ quantum: 100, roundRobin: 100 });
    const ran: string[] = [];
    const sleeper = machine.spawn("sleeper", 5, function* () {
      yield [Sys.lwkt_deschedule_self];
      yield [Sys.compute, 1000, 0]; // the round robin lets the waker run here
      yield [Sys.lwkt_switch];
      ran.push("sleeper goes on");
    });
    machine.spawn("waker", 5, function* () {
      yield [Sys.lwkt_schedule, sleeper];
      ran.push("woken");
    });
    machine.run();
    expect(ran).toEqual(["woken", "sleeper goes on"]);
  });
});
