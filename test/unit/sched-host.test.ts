// A scheduler of one's own, in JavaScript: the lottery of examples/, the kernel's side of the seam, and what is
// refused.

import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { Plant } from "../../src/generated/layout.js";
import {
  type Body,
  decodeSnapshot,
  encodeSnapshot,
  explore,
  type KernelSource,
  Machine,
  type MachineConfig,
  type Scheduler,
  type SchedulerMachine,
  type SchedulerThread,
  sys,
  type ThreadView,
} from "../../src/index.js";
import { buildUnderTest } from "../support/build.js";

/** First in, first out, and a diary. */
class Fifo implements Scheduler {
  readonly name = "fifo";
  readonly diary: string[] = [];
  readonly queues: SchedulerThread[][] = [[], [], [], []];

  add(thread: SchedulerThread, cpu: number, keepsTurn: boolean): void {
    this.diary.push(`+${thread.name}@${cpu}`);
    const queue = this.queues[cpu] as SchedulerThread[];
    if (keepsTurn) queue.unshift(thread);
    else queue.push(thread);
  }

  remove(thread: SchedulerThread, cpu: number): void {
    const queue = this.queues[cpu] as SchedulerThread[];
    const at = queue.indexOf(thread);
    expect(at).toBeGreaterThanOrEqual(0); // nobody is removed who does not wait
    queue.splice(at, 1);
  }

  choose(cpu: number): SchedulerThread {
    return (this.queues[cpu] as SchedulerThread[]).shift() as SchedulerThread;
  }
}

/** Remembers the priorities and nice values with which threads were added. */
class Niceness extends Fifo {
  private readonly known = new Map<SchedulerThread, { priority: number; nice: number }>();

  override add(thread: SchedulerThread, cpu: number, keepsTurn: boolean): void {
    super.add(thread, cpu, keepsTurn);
    this.known.set(thread, { priority: thread.priority, nice: thread.nice });
  }

  priorityOf({ address }: SchedulerThread): number | undefined {
    return [...this.known].find(([thread]) => thread.address === address)?.[1].priority;
  }

  stale(): (readonly [string, number, number])[] {
    const waiting = [...this.known].filter(([thread]) => this.queues.flat().includes(thread));
    return waiting
      .filter(([thread, { nice }]) => thread.nice !== nice)
      .map(([thread, { nice }]) => [thread.name, nice, thread.nice] as const);
  }
}

function boot(scheduler: Scheduler, config: MachineConfig = {}) {
  return new Machine({ scheduler, ...config }, buildUnderTest);
}

/** Threads of every kind of trouble: they sleep, wake others, yield, move and end. */
function crowd(machine: Machine, count: number): void {
  for (let i = 0; i < count; i++) {
    machine.createProcess({ name: `p${i}`, body: person, arg: i });
  }
}

function* person(i: number): Body {
  for (let step = 0; step < 20; step++) {
    yield* sys.compute(BigInt(1000 * ((i * 7 + step * 13) % 50)));
    if ((i + step) % 3 === 0) yield* sys.pause("nap", 1 + ((i + step) % 4));
    else if ((i + step) % 5 === 0) yield* sys.sched_relinquish();
    else if ((i + step) % 7 === 0) yield* sys.cpuset_setaffinity(1n << BigInt(step % 4));
    else yield* sys.sched_prio_self(100 + ((i * step) % 50));
  }
}

/** Takes the thread that has run least, by its nice value: 25 % more of the CPU for each step. */
class Fair implements Scheduler {
  readonly name = "fair";
  private readonly waiting = new Set<SchedulerThread>();
  private readonly accounts = new Map<SchedulerThread, { ran: number; virtual: number }>();

  private virtual(thread: SchedulerThread): number {
    const account = this.accounts.get(thread) ?? { ran: thread.runtime, virtual: 0 };
    account.virtual += (thread.runtime - account.ran) * 1.25 ** thread.nice;
    account.ran = thread.runtime;
    this.accounts.set(thread, account);
    return account.virtual;
  }

  add(thread: SchedulerThread): void {
    this.virtual(thread);
    this.waiting.add(thread);
  }

  remove(thread: SchedulerThread): void {
    this.waiting.delete(thread);
  }

  choose(): SchedulerThread {
    const [first, ...rest] = this.waiting;
    let best = first as SchedulerThread;
    for (const thread of rest) if (this.virtual(thread) < this.virtual(best)) best = thread;
    this.waiting.delete(best);
    return best;
  }
}

describe("a scheduler in JavaScript", () => {
  it("may decide by the run time of threads, including the current turn", () => {
    const machine = boot(new Fair(), { roundRobin: 1_000_000, cyclesPerSecond: 100_000_000 });
    const hogs = [0, 5].map((nice) =>
      machine.createProcess({
        name: `nice ${nice}`,
        *body() {
          yield* sys.sched_setscheduler_self(0, nice);
          while (true) yield* sys.compute(1_000_000n);
        },
      }),
    );
    machine.run({ until: 500_000_000n });
    const ran = hogs.map((hog) => [...hog.threads()][0]?.runtime ?? 0);
    expect((ran[0] as number) / (ran[1] as number)).toBeCloseTo(1.25 ** 5, 0);
  });

  it("decides which thread runs: first in, first out", () => {
    const order: number[] = [];
    const machine = boot(new Fifo());
    for (let i = 0; i < 5; i++) {
      machine.createProcess({
        name: `p${i}`,
        *body() {
          for (let turn = 0; turn < 3; turn++) {
            order.push(i);
            yield* sys.sched_relinquish();
          }
        },
      });
    }
    machine.run();
    expect(order).toEqual([0, 1, 2, 3, 4, 0, 1, 2, 3, 4, 0, 1, 2, 3, 4]);
  });

  it.each([1, 2, 4])("carries a crowd on %d CPUs to its end, the same way each time", (cpus) => {
    const hashes = [0, 0].map(() => {
      const scheduler = new Fifo();
      const machine = boot(scheduler, { cpus });
      crowd(machine, 12);
      expect(machine.run().reason).toBe("idle");
      expect(scheduler.queues.flat()).toEqual([]);
      const gone = [...machine.processes()].filter(({ pid }) => pid > 1);
      expect(gone.map(({ state }) => state)).not.toContain("normal");
      expect(scheduler.diary.length).toBeGreaterThan(50);
      return machine.hash;
    });
    expect(hashes[0]).toBe(hashes[1]);
  });

  it("is told of each waiting thread that has another priority or nice value", () => {
    /** What a thread's nice value was when it was added, if that is not the one that it has now. */
    const stale = (source: KernelSource, plant = 0): (readonly [string, number, number])[] => {
      const scheduler = new Niceness();
      const machine = new Machine({ scheduler }, source);
      machine.kernel.setMachine("plant", plant);
      const start = (name: string) =>
        machine.createProcess({
          name,
          *body() {
            yield* sys.compute(10_000_000n);
          },
        });
      const [, waiting] = ["first", "second"].map((name) => [...start(name).threads()][0]);
      const { address } = waiting as ThreadView;
      machine.run({ rounds: 2 });
      for (const call of [
        sys.sched_setscheduler(address, 0, 10),
        sys.sched_setscheduler(address, 0, 5),
        sys.sched_prio(address, 88 + 5 + 20), // the priority of nice value 5: a thread of the kernel's has none
      ]) {
        machine.call(call);
        expect(waiting?.state).toBe("runnable");
        expect(waiting?.priority).toBe(scheduler.priorityOf(waiting as ThreadView));
      }
      return scheduler.stale();
    };
    expect(stale(buildUnderTest)).toEqual([]);
    expect(stale("check", Plant.HOST_NICE_STALE)).toEqual([["second", 5, 0]]);
  });

  it("decides about slices, and about the CPU of a thread", () => {
    class Own extends Fifo {
      ticks = 0;
      tick(): boolean {
        this.ticks++;
        return true;
      }
      pickCpu(_thread: SchedulerThread, allowed: readonly number[]): number {
        return allowed.at(-1) as number;
      }
      preempts(): boolean {
        return false;
      }
    }
    const scheduler = new Own();
    const machine = boot(scheduler, { cpus: 4 });
    for (const i of [0, 1, 2]) {
      machine.createProcess({
        name: `p${i}`,
        *body() {
          while (true) yield* sys.compute(1_000_000n);
        },
      });
    }
    machine.run({ until: 1_000_000_000n });
    expect(scheduler.ticks).toBeGreaterThan(100);
    // All go to the last CPU first, and idle ones take two of them.
    const busy = machine.cpus.map(({ busyCycles }) => Math.round(busyCycles / 1e8));
    expect(busy.sort()).toEqual([0, 10, 10, 10]);
  });

  it.each<[string, Partial<Scheduler>, RegExp]>([
    ["chooses nobody", { choose: () => undefined as never }, /"fifo".*chosen no thread that waits/],
    [
      "chooses a thread and keeps it",
      {
        choose(this: Fifo, cpu: number) {
          return (this.queues[cpu] as SchedulerThread[])[0] as SchedulerThread;
        },
      },
      /chosen no thread that waits for CPU \d; one .* choose\(\) takes it off/,
    ],
    [
      "throws",
      {
        choose: () => {
          throw new Error("out of tickets");
        },
      },
      /^out of tickets$/,
    ],
    ["picks a CPU that is not allowed", { pickCpu: () => 9 }, /picked 9, which is none of 0, 1/],
  ])("that %s ends the run with a sentence, and the machine is sound", (_what, wrong, text) => {
    const machine = boot(Object.assign(new Fifo(), wrong), { cpus: 2 });
    crowd(machine, 3);
    expect(() => machine.run()).toThrow(text);
    expect(machine.threads !== undefined).toBe(true);
  });

  it.each<[unknown, RegExp]>([
    [{}, /no scheduler: its name is no text/],
    [{ name: "x", add() {}, remove() {} }, /no scheduler: it has no method choose\(\)/],
    [{ name: "x", add() {}, remove() {}, choose() {}, tick: 3 }, /its tick is no function/],
    [{ name: "x", add() {}, remove() {}, choose() {}, save() {} }, /has save\(\), and no load\(\)/],
    [{ name: "x", add() {}, remove() {}, choose() {}, load() {} }, /has load\(\), and no save\(\)/],
    ["cfs", /must be one of lwkt, 4bsd, ule/],
  ])("is refused if it is none: %j", (scheduler, text) => {
    expect(() => boot(scheduler as Scheduler)).toThrow(text);
  });

  it("decides for the machine that has booted with it last, and the other one says so", () => {
    class Tidy extends Fifo {
      start(): void {
        for (const queue of this.queues) queue.length = 0;
      }
    }
    const scheduler = new Tidy();
    const first = boot(scheduler);
    crowd(first, 2);
    const second = boot(scheduler);
    crowd(second, 2);
    expect(second.run().reason).toBe("idle");
    expect(() => first.run()).toThrow(/^the scheduler "fifo" decides for another machine by now, /);
  });

  it("has no deadlines, and without save() and load() no snapshots and no past, and says so", () => {
    const machine = boot(new Fifo());
    expect(() => machine.snapshot()).toThrow(/scheduler is one's own: what "fifo" keeps/);
    expect(() => machine.record()).toThrow(/give that the methods save\(\) and load\(\)/);
    let error = 0;
    machine.createProcess({
      name: "p",
      *body() {
        error = yield* sys.sched_setdeadline_self(1, 2, 3);
      },
    });
    machine.run();
    expect(error).toBe(45);
  });
});

/** The same, with what snapshots need. */
class KeptFifo extends Fifo {
  save(): unknown {
    return this.queues.map((queue) => queue.map(({ address }) => address));
  }

  load(saved: number[][], machine: SchedulerMachine): void {
    saved.forEach((queue, cpu) => {
      this.queues[cpu] = queue.map((address) => machine.thread(address));
    });
  }
}

describe("a snapshot of a machine with a scheduler in JavaScript", () => {
  /** A machine in the middle of what it does, with threads that wait for a CPU. */
  function busy(scheduler: Fifo): Machine {
    const machine = boot(scheduler, { cpus: 2, snapshots: true });
    crowd(machine, 8);
    do machine.run({ switches: 1 });
    while (machine.counters.switches < 20 || scheduler.queues.flat().length < 3);
    return machine;
  }

  it("has what that keeps in it, in memory and in bytes", () => {
    const machine = busy(new KeptFifo());
    const snapshot = machine.snapshot();
    machine.run();
    const { hash } = machine;
    machine.restore(snapshot);
    machine.run();
    expect(machine.hash).toBe(hash);
    const fork = Machine.fromSnapshot(snapshot, { scheduler: new KeptFifo() });
    fork.run();
    expect(fork.hash).toBe(hash);
    const read = decodeSnapshot(encodeSnapshot(snapshot));
    machine.restore(snapshot);
    machine.restore(read, { bodies: { person } });
    machine.run();
    expect(machine.hash).toBe(hash);
  });

  it("needs another one for another machine, of the same name", () => {
    const scheduler = new KeptFifo();
    const machine = busy(scheduler);
    const snapshot = machine.snapshot();
    expect(() => machine.fork()).toThrow(/"fifo" of one's own.*give the new machine one like it/);
    expect(() => Machine.fromSnapshot(decodeSnapshot(encodeSnapshot(snapshot)))).toThrow(
      /give the new machine one like it, as \{ scheduler \}/,
    );
    expect(() => machine.fork({ scheduler })).toThrow(/cannot have the same scheduler "fifo"/);
    const other = Object.assign(new KeptFifo(), { name: "other" });
    expect(() => machine.fork({ scheduler: other })).toThrow(
      /with scheduler "fifo" \(one's own\), and this one has "other" \(one's own\)/,
    );
    expect(() => machine.fork({ scheduler: new Fifo() })).toThrow(/methods save\(\) and load\(\)/);
    const plain = new Machine({ cpus: 2 }, buildUnderTest).snapshot();
    expect(() => Machine.fromSnapshot(plain, { scheduler: other })).toThrow(
      /with scheduler lwkt, and this one has "other"/,
    );
  });

  it("is refused where save() gives nothing for JSON", () => {
    const machine = busy(Object.assign(new KeptFifo(), { save: () => undefined }));
    expect(() => machine.snapshot()).toThrow(/save\(\) must give a value for JSON.*gave undefined/);
    const views = busy(Object.assign(new KeptFifo(), { save: () => [...machine.threads()] }));
    expect(() => views.snapshot()).toThrow(/with threads by their addresses/);
  });

  it("ends the machine's run where load() fails or forgets, until another one is put back", () => {
    const scheduler = new KeptFifo();
    const machine = busy(scheduler);
    const snapshot = machine.snapshot();
    machine.run();
    const { hash } = machine;
    for (const [load, text] of [
      [() => undefined, /load\(\) has not brought back what save\(\) gave/],
      [(_: unknown, { thread }: SchedulerMachine) => thread(12), /12 is the address of no thread/],
    ] as const) {
      const wrong = Object.assign(scheduler, { load });
      expect(() => machine.restore(snapshot)).toThrow(text);
      expect(() => machine.run()).toThrow(/load\(\) has not led to where the machine is/);
      wrong.load = KeptFifo.prototype.load as never;
      machine.restore(snapshot);
      machine.run();
      expect(machine.hash).toBe(hash);
    }
  });

  it("is what a search starts from, which sees as many schedules as under the kernel's own", async () => {
    const search = (scheduler: MachineConfig["scheduler"], isBroken: boolean) =>
      explore(
        (machine, { shared }) => {
          const count = shared(0);
          const mutex = machine.call(sys.mtx_create("count"))[1] as number;
          for (const name of ["a", "b", "c"]) {
            machine.createThread({
              name,
              *body() {
                if (!isBroken) yield* sys.mtx_lock(mutex);
                yield* count.set((yield* count.get()) + 1);
                if (!isBroken) yield* sys.mtx_unlock(mutex);
              },
            });
          }
          return () => expect(count.value).toBe(3);
        },
        { config: { scheduler }, strategy: "exhaustive", build: buildUnderTest },
      );
    for (const isBroken of [false, true]) {
      const [own, kernels] = [
        await search(new KeptFifo(), isBroken),
        await search("4bsd", isBroken),
      ];
      expect({ ...own, per_second: 0 }).toEqual({ ...kernels, per_second: 0 });
      expect(own.complete).toBe(!isBroken);
    }
  });
});

describe("the lottery of examples/", () => {
  it("continues from a snapshot with the same draws", async () => {
    const example = "../../examples/schedulers/lottery.mjs";
    const { Lottery } = (await import(example)) as { Lottery: new () => Scheduler };
    const machine = boot(new Lottery(), { cpus: 2, snapshots: true });
    crowd(machine, 8);
    machine.run({ switches: 60 });
    const fork = machine.fork({ scheduler: new Lottery() });
    const snapshot = machine.snapshot();
    const hashes = [machine, fork].map((one) => {
      one.run();
      return one.hash;
    });
    machine.restore(snapshot);
    machine.run();
    expect([machine.hash, ...hashes]).toEqual([fork.hash, fork.hash, fork.hash]);
  });

  it("gives shares by tickets, and the same ones for the same seed", () => {
    const cwd = fileURLToPath(new URL("../..", import.meta.url));
    const draw = () => {
      const run = spawnSync(process.execPath, ["examples/schedulers/lottery.mjs"], {
        cwd,
        encoding: "utf8",
      });
      expect(run.stderr).toBe("");
      return run.stdout;
    };
    const printed = draw();
    const shares = [...printed.matchAll(/(\d+\.\d)%/g)].map(([, share]) => Number(share));
    expect(shares).toHaveLength(3);
    [4 / 7, 2 / 7, 1 / 7].forEach((share, i) => {
      expect(Math.abs((shares[i] ?? 0) - share * 100)).toBeLessThan(5);
    });
    expect(draw()).toBe(printed);
  });
});
