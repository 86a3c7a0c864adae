// Storms of rounds: machines of 1 to 64 CPUs, under every scheduler, whose threads compute for many rounds,
// sleep for many ticks, and are woken, moved, bound, given other priorities, policies and deadlines, and
// interrupted meanwhile. A run that takes every short way through its rounds (run/run.ts, quiet.ts: quiet
// stretches, CPUs that only compute, idle CPUs that are passed over), and one that takes none of them, one
// round at a time, must leave the same memory at each of the moments at which the storm looks: whatever a short
// way leaves out is seen there, not only if a thread runs at another time.

import { levelThreads, lwktLevel } from "../../../src/core/runq-view.js";
import * as Layout from "../../../src/generated/layout.js";
import { type KernelSource, Machine, type SchedulerName, sys } from "../../../src/index.js";
import { channel, external, label, program, string, wordAt } from "../../../src/program/index.js";
import { Random } from "../random.js";
import { isLwkt, SCHEDULERS } from "../schedulers.js";
import { Mismatch } from "./storm.js";

const { GlobalData: G, Machine: M, Policy, Run, Thread: T, ThreadCold: C } = Layout;
const CHANNELS = ["a", "b", "c"] as const;
/** More switches than any storm has: a run that is limited takes no short way. */
const MANY = 2 ** 40;

/** What is decided beside the seed. */
export interface RoundConditions {
  /** Number of CPUs; by default the seed decides. */
  readonly cpus?: number | undefined;
  /** The scheduler; by default the seed decides. */
  readonly scheduler?: SchedulerName | undefined;
  /** The fault that is planted, in the run that takes the short ways: check build only. */
  readonly plant?: number | undefined;
}

type Builder = ReturnType<typeof program>;
type Call = Parameters<Machine["call"]>[0];

/** One of the two runs. */
interface Side {
  readonly machine: Machine;
  readonly threads: readonly number[];
  readonly servants: readonly number[];
  readonly isShort: boolean;
  /** Room for a copy of its memory: a new one each time would take longer than all else. */
  readonly image: Uint8Array;
}

/** A storm of one seed. */
export class RoundStorm {
  /** Operations of its threads. */
  steps = 0;
  private readonly random: Random;
  private readonly config: ConstructorParameters<typeof Machine>[0];
  private readonly cpus: number;
  private readonly quantum: number;
  private readonly count: number;
  private readonly hasLwkt: boolean;
  /** ule: ticks from one look of the balancer to the next. */
  private readonly balances: number | null;
  private readonly code: ReturnType<Builder["build"]>;

  constructor(
    readonly seed: number,
    private readonly source: KernelSource,
    private readonly conditions: RoundConditions = {},
  ) {
    const random = new Random(seed);
    this.random = random;
    const ownCpus = random.pick([1, 2, 2, 3, 4, 4, 8, 16, 64]);
    const ownScheduler = random.pick(SCHEDULERS);
    this.cpus = conditions.cpus ?? ownCpus;
    const scheduler = conditions.scheduler ?? ownScheduler;
    this.hasLwkt = isLwkt(scheduler);
    this.balances = scheduler === "ule" ? random.pick([127, 9, 2]) : null;
    this.quantum = random.pick([100, 100, 377, 1000]);
    this.count = 2 + random.below(Math.min(2 * this.cpus + 3, 24));
    const hz = random.pick([50, 100, 1000]);
    const cyclesPerSecond = random.pick([100_000, 130_000, 400_000]);
    this.config = {
      ...{ cpus: this.cpus, scheduler, seed, hz, cyclesPerSecond, quantum: this.quantum },
      ...{
        jit: false,
        maxthread: 80,
        maxproc: 12,
        objects: 24,
        guestMemory: 65_536,
        textMemory: 32_768,
      },
      ...{ stringMemory: 8192, kstackDepth: 16 },
      roundRobin: random.pick([0, 700, 3000, 9000]),
      preemption: !random.once(3),
      statistics: random.once(4),
      adaptiveLocks: random.once(3),
    };
    this.code = this.write();
  }

  // ---- The program ----

  private write(): ReturnType<Builder["build"]> {
    const b = program("rounds");
    for (let i = 0; i < this.count; i++) {
      b.label(`t${i}`);
      const life = () => {
        for (let k = 3 + this.random.below(8); k > 0; k--) this.operation(b);
      };
      b.loop(this.random.pick([1, 1, 2, 12]), life, { counter: "s4" });
      b.call("kthread_exit");
    }
    b.label("child").compute(this.cycles()).call("wakeup_one", channel("a")).compute(this.cycles());
    b.call("kthread_exit");
    b.label("user").compute(this.cycles()).call("pause", string("nap"), this.ticks());
    b.compute(this.cycles()).call("exit", 0);
    for (const line of [0, 1]) {
      if (!this.hasLwkt) break;
      b.label(`servant${line}`).call("intr_wait", line);
      b.compute(1 + this.random.below(300))
        .call("wakeup", this.channel())
        .jump(`servant${line}`);
    }
    b.data("threads", { zero: 4 * this.count });
    return b.build();
  }

  /** From a part of a round to many rounds. */
  private cycles(): number {
    const { random, quantum } = this;
    return 1 + random.below(quantum) + quantum * random.pick([0, 0, 1, 2, 5, 20, 60]);
  }

  /** From one tick to more than any other sleep. */
  private ticks(): number {
    return 1 + this.random.below(this.random.pick([1, 3, 10, 40]));
  }

  private channel() {
    return channel(this.random.pick(CHANNELS));
  }

  private operation(b: Builder): void {
    const { random } = this;
    this.steps++;
    const what = random.below(20);
    if (what < 6) b.compute(this.cycles());
    else if (what < 8) b.call("pause", string("nap"), this.ticks());
    else if (what < 10) b.call("tsleep", this.channel(), 0, string("wait"), this.ticks());
    else if (what === 10) b.call("sleep", this.cycles());
    else if (what === 11) b.call(random.once(2) ? "wakeup" : "wakeup_one", this.channel());
    else if (what === 12) this.turns(b);
    else if (what === 13) this.section(b);
    else if (what === 14) b.call("sema_timedwait", external("sema"), this.ticks());
    else if (what === 15) b.call("sema_post", external("sema"));
    else if (what === 16) this.create(b);
    else this.change(b);
  }

  private turns(b: Builder): void {
    const call = this.hasLwkt && this.random.once(2) ? "lwkt_yield" : "sched_relinquish";
    b.loop(1 + this.random.below(12), (p) => p.call(call), { counter: "s3" });
  }

  private section(b: Builder): void {
    if (this.hasLwkt && this.random.once(2)) {
      b.call("lwkt_gettoken", external("token")).compute(this.cycles());
      b.call("lwkt_reltoken", external("token"));
    } else if (this.hasLwkt && this.random.once(3))
      b.call("crit_enter").compute(this.cycles()).call("crit_exit");
    else {
      b.call("mtx_lock", external("mutex")).compute(this.cycles());
      b.call("mtx_unlock", external("mutex"));
    }
  }

  private create(b: Builder): void {
    if (this.random.once(3)) b.call("fork", label("user"), 0, 0, 0, -1);
    else b.call("kthread_add", label("child"), 0, 0, 0, 0, string("child"), 0);
  }

  /** Changes another thread, or itself; a thread that has ended is refused. */
  private change(b: Builder): void {
    const { random } = this;
    const other = wordAt("threads", 4 * random.below(this.count));
    switch (random.below(this.hasLwkt ? 9 : 8)) {
      case 0:
        b.call("sched_prio", other, 100 + random.below(100));
        return;
      case 1:
        b.call("sched_prio_self", 100 + random.below(100));
        return;
      case 2:
        b.call("sched_setscheduler", other, Policy.OTHER, random.below(40) - 20);
        return;
      case 3:
        b.call(
          "sched_setscheduler",
          other,
          random.pick([Policy.FIFO, Policy.RR]),
          1 + random.below(99),
        );
        return;
      case 4:
        b.call("sched_setscheduler", other, random.pick([Policy.BATCH, Policy.IDLE]), 0);
        return;
      case 5:
        b.call("sched_setdeadline", other, ...this.deadline());
        return;
      case 6:
        b.call("kthread_suspend", other, 1).call("kthread_resume", other);
        return;
      case 7:
        b.call("cpuset_setthread", other, this.someCpus());
        return;
      default:
        b.call("lwkt_migrate", other, random.below(this.cpus));
    }
  }

  /** Runtime, deadline and period, in microseconds. */
  private deadline(): [number, number, number] {
    const period = 2_000 + this.random.below(100_000);
    const deadline = 1 + Math.floor(period / (1 + this.random.below(3)));
    return [1 + this.random.below(Math.ceil(deadline / 2)), deadline, period];
  }

  /** A set of CPUs. */
  private someCpus(): bigint {
    const { random, cpus } = this;
    let set = 1n << BigInt(random.below(cpus));
    for (let cpu = 0; cpu < cpus; cpu++) if (random.once(2)) set |= 1n << BigInt(cpu);
    return set;
  }

  // ---- The two runs ----

  private boot(isShort: boolean): Side {
    const machine = new Machine(this.config, this.source);
    if (this.balances !== null) machine.setSysctl("kern.sched.balance_interval", this.balances);
    const made = (call: Call) => machine.call(call)[1] >>> 0;
    const loaded = machine.load(this.code, {
      mutex: made(sys.mtx_create("mutex")),
      sema: made(sys.sema_create("sema", 1)),
      ...(this.hasLwkt ? { token: made(sys.lwkt_token_create(0)) } : {}),
    });
    const threads = Array.from({ length: this.count }, (_, i) => {
      const body = loaded.addressOf(`t${i}`);
      return machine.createThread({ name: `t${i}`, cpu: i % this.cpus, body, stopped: true })
        .address;
    });
    machine.guestMemory.set(
      new Uint8Array(new Uint32Array(threads).buffer),
      loaded.addressOf("threads"),
    );
    const servants = (this.hasLwkt ? [0, 1] : []).map((line) => {
      const body = loaded.addressOf(`servant${line}`);
      const name = `servant${line}`;
      const { address } = machine.createThread({ name, cpu: line % this.cpus, priority: 20, body });
      machine.call(sys.intr_register(line, { address }));
      return address;
    });
    for (const address of threads) machine.call(sys.sched_add({ address }));
    if (isShort && this.conditions.plant !== undefined) {
      machine.kernel.setMachine("plant", this.conditions.plant);
    }
    const image = new Uint8Array(machine.kernel.u8.length);
    return { machine, threads, servants, isShort, image };
  }

  /** Runs to a moment, or to the end. */
  private runTo({ machine, isShort }: Side, until: bigint): number {
    const { kernel } = machine;
    for (;;) {
      kernel.setBudget(isShort ? { until } : { until, rounds: 1, switches: MANY });
      const reason = kernel.exports.machine_run() & Layout.RUN_REASON;
      if (reason !== Run.BUDGET) return reason;
    }
  }

  /** What the host does between two stretches: the same to both. */
  private meddling(): (side: Side) => void {
    const { random } = this;
    const who = random.below(this.count);
    const [priority, line] = [100 + random.below(100), random.below(2)];
    const name = random.pick(CHANNELS);
    const set = this.someCpus();
    const what = random.below(6);
    return ({ machine, threads, servants }) => {
      const thread = { address: threads[who] as number };
      if (what === 0) machine.call(sys.wakeup(name));
      else if (what === 1) machine.call(sys.sched_prio(thread, priority));
      else if (what === 2) machine.call(sys.cpuset_setthread(thread, set));
      else if (what === 3 && this.hasLwkt) machine.raise(line);
      else if (what === 4 && this.hasLwkt)
        machine.call(sys.cpuset_setthread({ address: servants[line] as number }, set));
    };
  }

  /** Runs the storm; throws a {@link Mismatch} where the two runs differ. */
  run(): void {
    const sides = [this.boot(true), this.boot(false)];
    let until = 0n;
    for (let moment = 0; moment < 12; moment++) {
      until += BigInt(1 + this.random.below(this.random.pick([200, 3_000, 20_000, 60_000])));
      const reasons = sides.map((side) => this.runTo(side, until));
      this.compare(sides, until);
      if (reasons[0] !== reasons[1]) throw new Mismatch(`runs to ${until} end by ${reasons}`);
      const meddle = this.meddling();
      for (const side of sides) meddle(side);
    }
  }

  // ---- Memory ----

  /**
   * A copy of all memory without what says how far a run call may go, and what the emulated CPUs have for
   * themselves.
   */
  private image({ machine: { kernel }, image }: Side): Uint8Array {
    image.set(kernel.u8);
    const clear = (at: number, bytes: number) => image.fill(0, at, at + bytes);
    for (let cpu = 0; cpu < this.cpus; cpu++) {
      const gd = kernel.globaldata(cpu);
      clear(gd + Layout.GD_CPU_OFFSET, Layout.GLOBALDATA_STRIDE - Layout.GD_CPU_OFFSET);
      clear(gd + G.gd_slice_reason, 4);
      clear(gd + G.gd_slice_td, 4);
      clear(gd + G.gd_touched, 4);
      // The bit of an empty level is stale: whoever looks for a thread there first clears it.
      for (let nq = 0; nq < Layout.NRUNQ; nq++) {
        if (levelThreads(kernel, lwktLevel(kernel, cpu, nq)).length > 0) continue;
        const byte = gd + G.gd_runqmask + (nq >> 3);
        image[byte] = (image[byte] as number) & ~(1 << (nq & 7));
      }
    }
    const first = kernel.machine("td_base");
    const end = first + kernel.machine("td_count") * T.size;
    for (let td = first; td < end; td += T.size) {
      if (image[td + T.td_kfn] !== 0) continue;
      clear(td + T.td_ka, 4); // what is left of a continuation that is over
      clear(kernel.cold(td) + C.td_kb, 4);
    }
    clear(Layout.MACHINE_ADDRESS + M.run_switches, M.stop_request - M.run_switches);
    clear(Layout.MACHINE_ADDRESS + M.plant, 4);
    return image;
  }

  private compare(sides: readonly Side[], until: bigint): void {
    const [short, long] = sides.map((side) => this.image(side)) as [Uint8Array, Uint8Array];
    if (Buffer.compare(short, long) === 0) return;
    const at = short.findIndex((byte, i) => byte !== long[i]);
    throw new Mismatch(
      `the short ways leave other memory by cycle ${until}: ${placeOf(sides[0] as Side, at)}`,
    );
  }
}

/** Names a place of memory: a field of the machine or of a CPU, or an arena. */
function placeOf({ machine: { kernel } }: Side, at: number): string {
  const { MACHINE_ADDRESS, GLOBALDATA_ADDRESS, GLOBALDATA_STRIDE } = Layout;
  const field = (fields: Readonly<Record<string, number>>, offset: number) => {
    const before = Object.entries(fields).filter(([, start]) => start <= offset);
    return before.sort(([, a], [, b]) => b - a)[0]?.[0] ?? "";
  };
  if (at < GLOBALDATA_ADDRESS) return field(M, at - MACHINE_ADDRESS);
  const cpu = Math.floor((at - GLOBALDATA_ADDRESS) / GLOBALDATA_STRIDE);
  if (cpu >= Layout.MAXCPU) {
    const arenas = Object.keys(M).filter((name) =>
      /_(base|delta)$/.test(name),
    ) as (keyof typeof M)[];
    const td = kernel.machine("td_base");
    const starts = arenas.map((name) => {
      const start = kernel.machine(name);
      return [name, name.endsWith("delta") ? td + start : start] as const;
    });
    const [name = "", start = 0] =
      starts.filter(([, start]) => start <= at).sort(([, a], [, b]) => b - a)[0] ?? [];
    return `${name} + ${at - start}`;
  }
  const offset = at - GLOBALDATA_ADDRESS - cpu * GLOBALDATA_STRIDE;
  return `${field(G, offset)} of CPU ${cpu} (${offset})`;
}
