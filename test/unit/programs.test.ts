// C programs in a machine: the examples under every scheduler, faults and who they end, pointers in kernel
// calls, and where programs may lie.

import { describe, expect, it } from "vitest";
import type { MachineConfig, SchedulerName } from "../../src/core/config.js";
import { KernelPanic, Machine } from "../../src/index.js";
import { encode } from "../../src/program/encode.js";
import { buildUnderTest as KTM_BUILD } from "../support/build.js";
import { exampleElf, makeElf, R, text, W } from "../support/elf.js";
import { isLwkt, SCHEDULERS } from "../support/schedulers.js";

const CUSTOM0 = 0x0b;
const C_CALL = 2048;

/** What a program printed and how it ended. */
interface Outcome {
  readonly output: string;
  readonly reason: string;
  readonly status: number | null;
  readonly hash: string;
  readonly machine: Machine;
}

function run(elf: Uint8Array, config: MachineConfig = {}, args: readonly string[] = []): Outcome {
  const machine = new Machine({ guestMemory: 1 << 24, ...config }, KTM_BUILD);
  let output = "";
  machine.onOutput = (bytes) => {
    output += new TextDecoder().decode(bytes);
  };
  machine.onFault = () => machine.stop();
  const program = machine.loadElf(elf, { name: "p", args: ["p", ...args] });
  machine.createThread({ name: "main", body: program });
  const { reason } = machine.run({ for: 4_000_000_000n });
  return { output, reason, status: machine.exitStatus, hash: machine.hash, machine };
}

/** A program of a few instructions at 0x1100, with 64 bytes of data at 0x10000. */
function small(...words: readonly number[]): Uint8Array {
  const data = new TextEncoder().encode("a name%d\0");
  return makeElf({
    segments: [
      { address: 0x1100, bytes: text(...words) },
      { address: 0x10000, bytes: data, size: 64, flags: R | W },
    ],
  });
}

const insn = (
  op: Parameters<typeof encode>[0]["op"],
  rd: number,
  rs1: number,
  rs2: number,
  imm: number,
) => encode({ op, rd, rs1, rs2, imm });
const li = (rd: number, imm: number) => insn("addi", rd, 0, 0, imm);
const lui = (rd: number, imm: number) => insn("lui", rd, 0, 0, imm);
const call = (number: number) => ((number << 20) | CUSTOM0) >>> 0;
const A0 = 10;

describe("the examples in examples/c", () => {
  const expected: Readonly<Record<string, RegExp>> = {
    producer_consumer: /600 items, sum 179700\n$/,
    spinlock_right: /800 turns, never two at a time\n$/,
    bufdaemon: /^150 buffers written\nsuspended.*\nresumed: 157 buffers written\n$/,
    registry: /^300 lookups, 18 names fetched, limit 20\n$/,
    pool: /^300 threads, sum of divisors up to 40000: 1315981693\n$/,
    work: /^thread 0: 2 rounds, crc [0-9a-f]{4}\nthread 1: 2 rounds, crc [0-9a-f]{4}\n$/,
    philosophers: /^Aristotle 50 meals\n(?:\w+ +50 meals\n){4}$/,
  };
  const argsOf = (name: string, scheduler: SchedulerName): string[] => {
    if (name === "philosophers") return isLwkt(scheduler) ? [] : ["mutex"];
    return { spinlock_right: ["200"], pool: ["300"], work: ["2"] }[name] ?? [];
  };

  it.each(Object.keys(expected))(
    "%s runs on 1, 2 and 8 CPUs, the same run with and without the compiler",
    (name) => {
      const elf = exampleElf(name);
      for (const scheduler of SCHEDULERS) {
        for (const cpus of [1, 2, 8]) {
          const once = run(elf, { cpus, scheduler }, argsOf(name, scheduler));
          expect([scheduler, cpus, once.reason, once.status]).toEqual([scheduler, cpus, "exit", 0]);
          expect(once.output).toMatch(expected[name] ?? /^$/);
          const again = run(elf, { cpus, scheduler, jit: false }, argsOf(name, scheduler));
          expect(again.hash).toBe(once.hash);
        }
      }
    },
  );

  it("find two owners of the broken lock under some seeds, and never two of the right one", () => {
    const broken = exampleElf("spinlock_broken");
    const right = exampleElf("spinlock_right");
    const small = { maxthread: 100, guestMemory: 1 << 20 };
    const config = { cpus: 2, faults: "thread", quantum: 1_000, ...small } as const;
    let caught = 0;
    for (let seed = 0; seed < 40; seed++) {
      const { output, machine } = run(broken, { ...config, seed }, ["100"]);
      if (machine.faults.length === 0) continue;
      caught++;
      expect(output).toContain('assertion "owners == 1" failed');
      expect(machine.faults[0]?.cause).toBe("breakpoint");
      expect(machine.faults[0]?.backtrace.map(({ where }) => where.replace(/\+.*/, ""))).toEqual(
        expect.arrayContaining(["ktm_assert_failed", "contender"]),
      );
    }
    expect(caught).toBeGreaterThan(0);
    for (let seed = 0; seed < 1000; seed++) {
      const { status, machine } = run(right, { ...config, seed }, ["20"]);
      expect([seed, status, machine.faults]).toEqual([seed, 0, []]);
    }
  }, 120_000);
});

describe("a fault", () => {
  const bad = small(lui(A0, 0x80000), insn("lw", A0, A0, 0, 0x10), insn("jalr", 0, 1, 0, 0));

  it("panics the machine, and names thread, cause, place and registers", () => {
    const machine = new Machine({}, KTM_BUILD);
    machine.createThread({ name: "main", body: machine.loadElf(bad) });
    expect(() => machine.run()).toThrow(KernelPanic);
    const [fault] = machine.faults;
    expect(fault).toMatchObject({
      thread: "main",
      cause: "load from 0x80000010, where there is no memory",
      address: 0x80000010,
      instruction: "lw a0, 16(a0)",
      cpu: 0,
    });
    expect(fault?.backtrace[0]?.address).toBe(0x1104);
    expect(fault?.registers).toMatchObject({ pc: 0x1104, a0: 0x80000000 });
  });

  it("ends only its thread in a machine that was made so", () => {
    const machine = new Machine({ faults: "thread" }, KTM_BUILD);
    const program = machine.loadElf(bad);
    machine.createThread({ name: "bad", body: program });
    let ran = 0;
    machine.createThread({
      name: "good",
      // biome-ignore lint/correctness/useYield: it ends at once
      *body() {
        ran++;
      },
    });
    expect(machine.run().reason).toBe("idle");
    expect(ran).toBe(1);
    expect(machine.faults.map(({ thread }) => thread)).toEqual(["bad"]);
    expect([...machine.threads()].map(({ name }) => name)).not.toContain("bad");
    expect(machine.exitStatus).toBeNull();
  });

  it.each([
    ["a load", [li(11, 0), insn("lw", A0, 11, 0, 8)], "load from 0x8, where there is no memory"],
    ["a byte", [li(11, 9), insn("lbu", A0, 11, 0, 0)], "load from 0x9, where there is no memory"],
    [
      "the last",
      [lui(11, 1), insn("lw", A0, 11, 0, -4)],
      "load from 0xffc, where there is no memory",
    ],
    ["a store", [li(11, 0), insn("sw", 0, 11, A0, 8)], "store to 0x8, where nothing can be stored"],
    ["a call", [li(11, 0), insn("jalr", 1, 11, 0, 0)], "jump to 0x0, where there is no text"],
    ["a direct call", [insn("jal", 1, 0, 0, -0x1000)], "jump to 0x100, where there is no text"],
    [
      "an atomic",
      [li(11, 8), insn("amoadd.w", A0, 11, A0, 0)],
      "store to 0x8, where nothing can be",
    ],
    [
      "a store to text",
      [lui(11, 1), insn("sw", 0, 11, A0, 0x100)],
      "store to 0x1100, where nothing",
    ],
    [
      "a wild jump",
      [lui(11, 0x70000), insn("jalr", 0, 11, 0, 0)],
      "jump to 0x70000000, where there",
    ],
  ])("comes of a null pointer, and of what is not allowed: %s", (_, words, cause) => {
    const { machine } = run(small(...words, call(55)), { faults: "thread" });
    expect(machine.faults.map((fault) => fault.cause.slice(0, cause.length))).toEqual([cause]);
  });

  it("comes of a load across the end of memory, and not of one at it", () => {
    const at = (imm: number) => [lui(11, 0x1000), insn("lw", A0, 11, 0, imm), li(A0, 0), call(55)];
    expect(run(small(...at(-4))).status).toBe(0);
    expect(run(small(...at(-3)), { faults: "thread" }).machine.faults[0]?.address).toBe(0xfffffd);
  });

  it("is raised for a stack that is too small, before anything is written", () => {
    const down = insn("addi", 2, 2, 0, -2048);
    const count = (words: number) => [...Array<number>(words).fill(down), li(A0, 4), call(55)];
    expect(run(small(...count(7)), { kstackPages: 4 }).status).toBe(4);
    const { machine } = run(small(...count(9)), { kstackPages: 4, faults: "thread" });
    expect(machine.faults[0]?.cause).toMatch(/^stack overflow: the stack pointer would be 0x/);
    expect(machine.faults[0]?.instruction).toBe("addi sp, sp, -2048");
    const large = [lui(11, 5), insn("sub", 2, 2, 11, 0), call(55)];
    const { machine: other } = run(small(...large), { kstackPages: 4, faults: "thread" });
    expect(other.faults[0]?.cause).toMatch(/^stack overflow/);
  });

  it("comes at the same instruction of compiled code as of code that is interpreted", () => {
    // Loads downwards from the data to page zero; and calls itself until the stack is used up, from the
    // start again 300 times.
    const sweep = [
      lui(11, 16),
      insn("lw", A0, 11, 0, 0),
      insn("addi", 11, 11, 0, -4),
      insn("jal", 0, 0, 0, -8),
    ];
    const deep = [
      ...[li(12, 300), insn("addi", 9, 2, 0, 0), insn("addi", 2, 9, 0, 0), li(13, 250)],
      ...[insn("addi", 12, 12, 0, -1), insn("addi", 2, 2, 0, -64), insn("sw", 0, 2, 1, 60)],
      ...[insn("addi", 13, 13, 0, -1), insn("bne", 0, 13, 0, -12), insn("bne", 0, 12, 0, -28)],
      ...[insn("addi", 2, 2, 0, -64), insn("jal", 0, 0, 0, -4)],
    ];
    for (const words of [sweep, deep]) {
      const runs = [true, false].map(
        (jit) => run(small(...words), { jit, faults: "thread" }).machine,
      );
      const [compiled, interpreted] = runs.map(({ faults, hash, counters }) => {
        return { faults, hash, instructions: counters.instructions };
      });
      expect(compiled).toEqual(interpreted);
      expect(compiled?.faults.length).toBe(1);
    }
  });

  it("does not come of a stack that the program has made elsewhere", () => {
    const words = [lui(2, 17), insn("addi", 2, 2, 0, -16), insn("addi", 2, 2, 0, -16), li(A0, 6)];
    expect(run(small(...words, call(55))).status).toBe(6);
  });

  it("panics all the same in a critical section", () => {
    const inside = small(call(19), lui(A0, 0x80000), insn("lw", A0, A0, 0, 0));
    const machine = new Machine({ faults: "thread" }, KTM_BUILD);
    machine.createThread({ name: "main", body: machine.loadElf(inside) });
    expect(() => machine.run()).toThrow("load out of guest memory");
  });
});

describe("a kernel call of a C program", () => {
  it("faults at a pointer that leads nowhere, as a load does", () => {
    // wait: tsleep(0x10000, 0, 0xfffff000, 0)
    const elf = small(lui(A0, 16), li(11, 0), lui(12, 0xfffff), li(13, 0), call(C_CALL + 85));
    const { machine } = run(elf, { faults: "thread" });
    expect(machine.faults[0]).toMatchObject({
      address: 0xfffff000,
      cause: "load from 0xfffff000, where there is no memory",
      instruction: "kcall tsleep",
    });
  });

  it("prints text in memory, and faults for an address outside it", () => {
    const print = (address: number, length: number) =>
      small(lui(A0, address >>> 12), li(11, length), call(C_CALL + 53), li(A0, 5), call(55));
    expect(run(print(0x10000, 6))).toMatchObject({ output: "a name", status: 5 });
    const { machine } = run(print(0x80000000, 6), { faults: "thread" });
    expect(machine.faults[0]?.address).toBe(0x80000000);
  });

  it("names a thread by a format in the program's memory", () => {
    const words = [
      ...[lui(A0, 1), insn("addi", A0, A0, 0, 0x100 + 4 * 9), li(11, 7), li(12, 0), li(13, 0)],
      ...[li(14, 0), lui(15, 16), li(16, 42), call(C_CALL + 64)],
      insn("jal", 0, 0, 0, 0),
    ];
    const machine = new Machine({ cpus: 2 }, KTM_BUILD);
    machine.createThread({ name: "main", body: machine.loadElf(small(...words)), arg: 0 });
    machine.run({ rounds: 3 });
    const names = [...machine.threads()].map(({ name }) => name);
    expect(names).toContain("a name42");
  });

  it("cannot start a thread with a host body", () => {
    const words = [li(A0, -1), li(11, 1), li(12, 0), li(13, 0), li(14, 0), lui(15, 16), li(16, 0)];
    const machine = new Machine({}, KTM_BUILD);
    const elf = small(...words, call(C_CALL + 64), call(55));
    machine.createThread({ name: "main", body: machine.loadElf(elf) });
    let stolen = 0;
    machine.createThread({
      name: "waiting",
      stopped: true,
      // biome-ignore lint/correctness/useYield: it is never to run
      *body() {
        stolen++;
      },
    });
    expect(machine.run().reason).toBe("exit");
    expect(machine.exitStatus).toBe(22);
    expect(stolen).toBe(0);
  });
});

describe("memory of C programs", () => {
  it("is handed out from below and for stacks from above, until they meet", () => {
    const loop = small(lui(A0, 1), call(54), insn("bne", 0, A0, 0, -8), li(A0, 3), call(55));
    const { status, machine } = run(loop, { guestMemory: 1 << 18 });
    expect(status).toBe(3);
    expect(machine.kernel.machine("brk")).toBeLessThanOrEqual(machine.kernel.machine("stack_low"));
  });

  it("gives each thread a stack of its own, which is reused when the thread is gone", () => {
    const machine = new Machine({ guestMemory: 1 << 18, kstackPages: 4 }, KTM_BUILD);
    const program = machine.loadElf(small(insn("jalr", 0, 1, 0, 0)));
    const create = () => machine.createThread({ name: "t", body: program.entry });
    const low = () => machine.kernel.machine("stack_low");
    const before = low();
    create();
    create();
    expect(before - low()).toBe(2 * 4 * 4096);
    machine.run();
    create();
    expect(before - low()).toBe(2 * 4 * 4096);
    expect(() => {
      for (let i = 0; i < 100; i++) create();
    }).toThrow("ENOMEM");
  });
});

describe("loading", () => {
  const machine = () => new Machine({}, KTM_BUILD);
  const at = (address: number, flags = R | 1) =>
    makeElf({ segments: [{ address, bytes: text(0x13), flags }], entry: address });

  it.each([
    ["below the program", at(0), "begins below"],
    ["beyond guest memory", at(0x200000), "ends beyond guest memory; guestMemory (1048576 bytes)"],
    [
      "text that can be written",
      at(0x2000, R | W | 1),
      "link text and data as segments of their own",
    ],
    ["text behind the text", at(0x20000), "is text and ends beyond the text; textMemory (65536"],
    [
      "data in the text",
      makeElf({
        segments: [
          { address: 0x1100, bytes: text(0x13) },
          { address: 0x2000, bytes: text(1), flags: R | W },
        ],
      }),
      "can be written and begins within the text",
    ],
  ])("is refused %s, and changes nothing", (_, elf, message) => {
    const m = machine();
    const before = m.guestMemory.slice();
    expect(() => m.loadElf(elf, { name: "x.elf" })).toThrow(message);
    expect(Buffer.compare(m.guestMemory, before)).toBe(0);
    expect(m.kernel.machine("stack_low")).toBe(0);
  });

  it("puts several programs into a machine, each at its addresses, and refuses those that overlap", () => {
    const m = machine();
    m.loadElf(at(0x1100));
    m.loadElf(at(0x2100));
    expect(() => m.loadElf(at(0x2100))).toThrow("overlaps a segment of program at 0x2100");
  });

  it("puts a position-independent program where there is room", () => {
    const elf = makeElf({
      type: 3,
      entry: 0x100,
      segments: [
        { address: 0x100, bytes: text(li(A0, 9), call(55)) },
        { address: 0x3000, bytes: text(5), flags: R | W },
      ],
    });
    const m = machine();
    const loaded = m.loadElf(elf);
    expect(loaded.base + 0x3000).toBeGreaterThanOrEqual(m.config.textMemory);
    expect(loaded.base + 0x108).toBeLessThanOrEqual(m.config.textMemory);
    m.createThread({ name: "main", body: loaded });
    expect([m.run().reason, m.exitStatus]).toEqual(["exit", 9]);
  });
});
