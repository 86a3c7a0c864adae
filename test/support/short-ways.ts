// The short ways of the emulated CPU beside the long ones: RV32 threads on 1 to 16 CPUs, under every scheduler,
// that yield, sleep, wake, lock, create threads and change each other. A run that takes every short way that it
// can (yields and locks in the loop, calls that go on to the next thread, compiled code, quiet rounds), one
// with a trace, which takes none, one that is interpreted, and one that is cut into pieces must be the same
// run.

import { createHash } from "node:crypto";
import { sys } from "../../src/machine/calls.js";
import { Machine } from "../../src/machine/machine.js";
import { channel, external, label, program, string, wordAt } from "../../src/program/index.js";
import { buildUnderTest } from "./build.js";
import { Random } from "./random.js";
import { isLwkt, SCHEDULERS } from "./schedulers.js";

const ALL_CLASSES = 0xffff_ffff;
const OBJECT_WORDS = 24;
/** Runs end on their own: every wait has an end. */
const ROUNDS_MAX = 400_000;
const RUNNING_MAX = 60;

/** What the threads of a run do, and on what machine. */
interface Shape {
  readonly config: ConstructorParameters<typeof Machine>[0];
  readonly threads: number;
}

type Builder = ReturnType<typeof program>;
/** How a run goes. */
type Way = "short" | "traced" | "interpreted" | "cut";

/** A random program, and the runs of it. */
export class ShortWays {
  /** Kernel calls of the threads of one run. */
  operations = 0;
  private readonly random: Random;
  private readonly shape: Shape;
  private readonly code: ReturnType<Builder["build"]>;
  private readonly hasLwkt: boolean;

  /** A program of `size` operations for each thread. */
  constructor(
    private readonly seed: number,
    private readonly size: number,
  ) {
    this.random = new Random(seed);
    const { random } = this;
    const scheduler = random.pick(SCHEDULERS);
    this.hasLwkt = isLwkt(scheduler);
    const cpus = random.pick([1, 1, 2, 2, 3, 4, 8, 16]);
    this.shape = {
      threads: 2 + random.below(Math.min(3 * cpus + 4, 20)),
      config: {
        ...{ cpus, scheduler, seed, maxthread: 400, maxproc: 20, objects: 32 },
        cyclesPerSecond: random.pick([500_000, 20_000_000]),
        quantum: random.pick([100, 377, 1_000, 10_000]),
        roundRobin: random.pick([0, 500, 3_000]),
        preemption: !random.once(4),
        adaptiveLocks: random.once(3),
        statistics: random.once(4),
        ...(this.hasLwkt ? { userThreads: !random.once(4) } : {}),
      },
    };
    this.code = this.write();
  }

  // ---- The program ----

  private write(): ReturnType<Builder["build"]> {
    const b = program("threads");
    for (let i = 0; i < this.shape.threads; i++) {
      b.label(`t${i}`);
      for (let k = 0; k < this.size; k++) this.operation(b);
      b.call("kthread_exit");
    }
    b.label("child").compute(20).call("sched_relinquish").call("wakeup_one", channel("a"));
    b.call("kthread_exit");
    b.data("threads", { zero: 4 * this.shape.threads });
    return b.build();
  }

  private operation(b: Builder): void {
    const { random } = this;
    this.operations++;
    const what = random.below(16);
    if (what < 3) this.turns(b);
    else if (what === 3) b.compute(1 + random.below(900));
    else if (what === 4)
      b.loop(1 + random.below(60), (p) => p.addi("s2", "s2", 3), { counter: "s3" });
    else if (what < 7) this.sleep(b);
    else if (what === 7) b.call(random.once(2) ? "wakeup" : "wakeup_one", this.channel());
    else if (what < 11) this.section(b);
    else if (what === 11) this.units(b);
    else if (what === 12) this.condition(b);
    else if (what === 13) this.create(b);
    else this.change(b);
  }

  private channel() {
    return channel(this.random.pick(["a", "b", "c"]));
  }

  private turns(b: Builder): void {
    const call = this.hasLwkt && this.random.once(2) ? "lwkt_yield" : "sched_relinquish";
    b.loop(1 + this.random.below(12), (p) => p.call(call), { counter: "s3" });
  }

  private sleep(b: Builder): void {
    const { random } = this;
    if (random.once(4)) b.call("pause", string("nap"), 1 + random.below(3));
    else {
      const priority = random.once(2) ? 0 : 100 + random.below(60);
      b.call("tsleep", this.channel(), priority, string("wait"), 1 + random.below(4));
    }
  }

  /** A lock that is held for a while, and with which something else is done. */
  private section(b: Builder): void {
    const { random } = this;
    const ways = [
      ["mtx_lock", "mtx_unlock", "m0"],
      ["mtx_lock", "mtx_unlock", "m1"],
      ["rw_rlock", "rw_runlock", "rw"],
      ["rw_wlock", "rw_wunlock", "rw"],
      ["sx_slock", "sx_sunlock", "sx"],
      ["sx_xlock", "sx_xunlock", "sx"],
    ] as const;
    const [take, leave, object] = random.pick(ways);
    if (this.hasLwkt && random.once(8)) {
      b.call("lwkt_gettoken", external("token")).compute(1 + random.below(300));
      b.call("lwkt_reltoken", external("token"));
      return;
    }
    b.loop(
      1 + random.below(3),
      (p) => {
        p.call(take, external(object));
        if (random.once(3)) p.compute(1 + random.below(400));
        if (random.once(4)) p.call("sched_relinquish");
        if (random.once(5)) p.call("wakeup_one", this.channel());
        p.call(leave, external(object));
      },
      { counter: "s3" },
    );
  }

  private units(b: Builder): void {
    const sema = external("sema");
    if (this.random.once(2)) b.call("sema_post", sema);
    else b.call("sema_timedwait", sema, 1 + this.random.below(3));
  }

  private condition(b: Builder): void {
    const { random } = this;
    if (random.once(2)) {
      b.call(random.once(3) ? "cv_broadcast" : "cv_signal", external("cv"));
      return;
    }
    b.call("mtx_lock", external("m0"));
    if (random.once(2)) b.call("cv_timedwait", external("cv"), external("m0"), 1 + random.below(3));
    else b.call("msleep", this.channel(), external("m0"), 0, string("wait"), 1 + random.below(3));
    b.call("mtx_unlock", external("m0"));
  }

  private create(b: Builder): void {
    const { random } = this;
    b.call("kthread_add", label("child"), random.below(9), 0, 0, 0, string("child"), 0);
    if (random.once(3)) b.call("thread_reap_all");
  }

  /** Changes another thread, or itself; a thread that has ended is refused. */
  private change(b: Builder): void {
    const { random } = this;
    const other = wordAt("threads", 4 * random.below(this.shape.threads));
    const { cpus = 1 } = this.shape.config ?? {};
    switch (random.below(5)) {
      case 0:
        b.call("sched_prio", other, 100 + random.below(100));
        return;
      case 1:
        b.call("sched_prio_self", 100 + random.below(100));
        return;
      case 2:
        b.call("sched_setscheduler", other, 0, random.below(40) - 20);
        return;
      case 3:
        b.call("sched_setscheduler", other, 2, 1 + random.below(99));
        return;
      default:
        b.call("cpuset_setthread", other, 1 + random.below(2 ** Math.min(cpus, 16) - 1));
    }
  }

  // ---- The runs ----

  private boot(way: Way): { machine: Machine; objects: readonly number[] } {
    const machine = new Machine(
      { ...this.shape.config, jit: way !== "interpreted" },
      buildUnderTest,
    );
    const made = (call: Parameters<Machine["call"]>[0]) => machine.call(call)[1] >>> 0;
    const objects = {
      m0: made(sys.mtx_create("m0")),
      m1: made(sys.mtx_create("m1")),
      rw: made(sys.rw_init("rw", 0)),
      sx: made(sys.sx_init("sx", 0)),
      sema: made(sys.sema_create("sema", 1)),
      cv: made(sys.cv_create("cv")),
      ...(this.hasLwkt ? { token: made(sys.lwkt_token_create(0)) } : {}),
    };
    if (way === "traced") {
      machine.kernel.onTrace = () => {};
      machine.kernel.setMachine("ktr_mask", ALL_CLASSES);
    }
    const loaded = machine.load(this.code, objects);
    const { threads, config } = this.shape;
    const table = new Uint32Array(threads);
    for (let i = 0; i < threads; i++) {
      const body = loaded.addressOf(`t${i}`);
      const cpu = i % (config?.cpus ?? 1);
      table[i] = machine.createThread({ name: `t${i}`, cpu, body, stopped: true }).address;
    }
    machine.guestMemory.set(new Uint8Array(table.buffer), loaded.addressOf("threads"));
    for (const address of table) machine.call(sys.sched_add({ address }));
    return { machine, objects: Object.values(objects) };
  }

  /** Runs to the end, and says what can be told of it from outside. */
  private state(way: Way): unknown {
    const { machine, objects } = this.boot(way);
    const random = new Random(this.seed ^ 0x1717);
    for (let rounds = 0; ; rounds++) {
      const piece =
        way !== "cut" || rounds > RUNNING_MAX * 20
          ? { rounds: ROUNDS_MAX }
          : random.pick([
              { rounds: 1 + random.below(4) },
              { switches: 1 + random.below(40) },
              { for: 1 + random.below(5_000) },
            ]);
      const { reason } = machine.run(piece);
      if (reason === "idle") break;
      if (way !== "cut" || rounds > RUNNING_MAX * 21) throw new Error("the threads never end");
    }
    const memory = createHash("sha1").update(machine.guestMemory).digest("hex");
    const words = objects.map((at) => [
      ...machine.kernel.u32.slice(at >>> 2, (at >>> 2) + OBJECT_WORDS),
    ]);
    const { rounds, ...counters } = machine.counters;
    const cpus = machine.cpus.map((cpu) => [
      ...[cpu.cycles, cpu.idleCycles, cpu.switches, cpu.switchCount, cpu.instructions],
      ...[cpu.messagesSent, cpu.messagesReceived],
    ]);
    return {
      ...{ hash: machine.hash, counters, memory, words, cpus, ps: machine.ps() },
      ...(way === "cut" ? {} : { rounds }),
    };
  }

  /** Performs all runs; throws where one is another than the first. */
  run(): void {
    const short = this.state("short") as Record<string, unknown>;
    for (const way of ["traced", "interpreted", "cut"] as const) {
      const other = this.state(way) as Record<string, unknown>;
      for (const [name, value] of Object.entries(other)) {
        const [a, b] = [show(short[name]), show(value)];
        if (a !== b) throw new Error(`a run that is ${way} has other ${name}: ${b}, not ${a}`);
      }
    }
  }
}

function show(value: unknown): string {
  return JSON.stringify(value, (_, one) => (typeof one === "bigint" ? `${one}` : one));
}
