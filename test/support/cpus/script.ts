// What the threads of a storm do: lists of operations, made at random from a seed, that can be printed,
// shortened and run again. An operation is a kernel call, or what a body does about its own.

import { Random } from "../random.js";

/** An operation and its numbers: threads, tokens, wait structures and CPUs by index, levels. */
export type Op = readonly [name: OpName, ...args: number[]];

export type OpName = (typeof opNames)[number];

const opNames = [
  "yield",
  "switch",
  "compute",
  "schedule_self",
  "deschedule_self",
  "schedule",
  "deschedule",
  "setpri",
  "setpri_self",
  "migrate",
  "setcpu_self",
  "crit_enter",
  "crit_exit",
  "gettoken",
  "havetoken",
  "regettoken",
  "reltoken",
  "gen",
  "block",
  "signal",
  "interrupt",
  "create",
  "prio",
  "affinity",
  "register",
  "leave",
  "reap",
  // FreeBSD's (fbsd-script.ts).
  "relinquish",
  "tsleep",
  "join",
  "wakeup",
  "wakeup_one",
  "suspend",
  "resume",
  "suspend_check",
  "start",
] as const;

/** A thread of a storm: one that the host makes, or, without a CPU, one that another thread creates. */
export interface Role {
  readonly cpu: number;
  /** Level, or FreeBSD's priority in storms of its calls. */
  readonly level: number;
  /** CPUs of a thread that makes FreeBSD's calls, by bits; all by default. */
  readonly set?: number;
  readonly ops: readonly Op[];
}

/** A storm. */
export interface Script {
  readonly cpus: number;
  /** A machine of LWKT alone, or one with processes, whose threads have FreeBSD priorities and affinities. */
  readonly bare: boolean;
  /** The scheduler, of storms of FreeBSD's calls; for those of LWKT's it is lwkt. */
  readonly scheduler?: "lwkt" | "4bsd";
  readonly quantum: number;
  readonly preemption: boolean;
  /** Cycles until equals take turns, 0 = never. */
  readonly roundRobin: number;
  /** Owner of each token and the CPU that it goes back to; the same for wait structures. */
  readonly tokens: readonly (readonly [number, number])[];
  readonly waits: readonly (readonly [number, number])[];
  readonly roles: readonly Role[];
  /** Number of thread structures: a creation beyond it fails, on a machine of LWKT alone. */
  readonly structures: number;
}

/** The size of a storm. */
export interface Size {
  readonly cpus: number;
  readonly roles: number;
  readonly ops: number;
}

/** The size of the storm of a seed: small ones more often than large ones. */
export function sizeOf(seed: number, cpus?: number): Size {
  const random = new Random(seed ^ 0x5151);
  const choice = cpus ?? random.pick([1, 2, 2, 2, 3, 3, 4, 4, 4, 5, 8, 8, 16, 64]);
  const roles = choice > 16 ? 40 : Math.min(4 + random.below(10) + choice, 30);
  return { cpus: choice, roles, ops: 4 + random.below(22) };
}

/** Makes the script of a seed. */
export function makeScript(seed: number, size: Size = sizeOf(seed)): Script {
  return new Maker(seed, size).script();
}

/** Operations by how often they come; the kinds of a storm are a part of these. */
const menu: readonly (readonly [OpName, number])[] = [
  ["yield", 3],
  ["compute", 4],
  ["schedule", 10],
  ["deschedule", 5],
  ["setpri", 6],
  ["setpri_self", 2],
  ["migrate", 6],
  ["setcpu_self", 4],
  ["crit_enter", 4],
  ["crit_exit", 3],
  ["gettoken", 6],
  ["havetoken", 2],
  ["regettoken", 3],
  ["reltoken", 6],
  ["block", 8],
  ["signal", 6],
  ["interrupt", 3],
  ["create", 5],
  ["deschedule_self", 3],
  ["schedule_self", 2],
  ["switch", 2],
  ["prio", 4],
  ["affinity", 3],
  ["register", 2],
  ["leave", 1],
  ["reap", 4],
];

const fullOnly: readonly OpName[] = ["prio", "affinity", "reap"];

class Maker {
  private readonly random: Random;
  private readonly menu: OpName[] = [];
  private readonly bare: boolean;
  private readonly born: number;
  private readonly interrupts: number;
  private readonly hot: number;
  /** The first interrupt thread is made by others, and ends as soon as it runs. */
  private readonly brief: boolean;

  constructor(
    seed: number,
    private readonly size: Size,
  ) {
    this.random = new Random(seed);
    const { random } = this;
    this.bare = !random.once(3);
    // Each storm favours some kinds of operations, and lacks others.
    for (const [name, weight] of menu) {
      if (this.bare && fullOnly.includes(name)) continue;
      const mood = random.pick([0, 1, 1, 1, 3]);
      for (let i = weight * mood; i > 0; i--) this.menu.push(name);
    }
    if (this.menu.length === 0) this.menu.push("schedule", "migrate");
    this.interrupts = random.once(2) ? 1 + random.below(4) : 0;
    this.born = Math.max(2, Math.ceil((size.roles * (1 + random.below(4))) / 4));
    this.brief = random.once(2);
    this.hot = random.below(size.roles);
  }

  script(): Script {
    const { random, size } = this;
    const pair = (): [number, number] => [random.below(size.cpus), random.below(size.cpus)];
    const objects = () => Array.from({ length: 1 + random.below(3) }, pair);
    const quantum = random.pick([100, 150, 300, 1000]);
    return {
      cpus: size.cpus,
      bare: this.bare,
      quantum,
      preemption: random.once(2),
      roundRobin: random.once(2) ? 0 : 100 + random.below(1000),
      tokens: objects(),
      waits: objects(),
      structures: this.born + this.interrupts + 1 + random.below(size.roles),
      roles: Array.from({ length: size.roles }, (_, index) => this.role(index)),
    };
  }

  private role(index: number): Role {
    const { random, size } = this;
    if (index === 0 && this.brief) return { cpu: -1, level: 0, ops: [] };
    if (index < this.interrupts) return { ...this.place(), level: 31, ops: this.interruptOps() };
    const ops: Op[] = [];
    const count = 1 + random.below(size.ops);
    while (ops.length < count) ops.push(...this.op());
    return index < this.born + this.interrupts
      ? { ...this.place(), ops }
      : { cpu: -1, level: 0, ops };
  }

  private place(): { cpu: number; level: number } {
    const { random } = this;
    return { cpu: random.below(this.size.cpus), level: random.below(random.once(2) ? 30 : 4) };
  }

  private interruptOps(): Op[] {
    const ops: Op[] = [];
    for (let i = 1 + this.random.below(this.random.once(2) ? 2 : 6); i > 0; i--) {
      ops.push(["deschedule_self"], ["switch"]);
      if (this.random.once(3)) ops.push(["schedule", this.someone()]);
      if (this.random.once(2)) ops.push(["compute", this.random.below(400)]);
      if (this.random.once(4)) ops.push(["signal", this.random.below(3)]);
    }
    return ops;
  }

  private someone(): number {
    const { random, size } = this;
    return random.once(3) ? this.hot : random.below(size.roles);
  }

  private level(): number {
    return this.random.below(this.random.once(2) ? 31 : 4);
  }

  /** Leaves the run queue, and its CPU after something or nothing. */
  private sleep(): Op[] {
    const { random } = this;
    const between: Op[][] = [
      [],
      [["setcpu_self", random.below(this.size.cpus)]],
      [["compute", random.below(300)]],
      [["schedule_self"], ["compute", random.below(300)]],
    ];
    return [["deschedule_self"], ...random.pick(between), ["switch"]];
  }

  /** An interrupt, at once or pended; in a section that the thread leaves its CPU in, now and then. */
  private interrupt(): Op[] {
    const { random } = this;
    if (this.interrupts === 0) return [["yield"]];
    if (this.brief && random.once(4)) {
      return [
        ["crit_enter"],
        ["create", 0],
        ["setpri", 0, 31],
        ["interrupt", 0],
        ["yield"],
        ["crit_exit"],
      ];
    }
    const op: Op = ["interrupt", random.below(this.interrupts)];
    if (!random.once(3)) return [op];
    const wake: Op = ["schedule", op[1] as number];
    const between: Op[] = random.pick([
      [["yield"]],
      [wake, ["yield"], ["yield"]],
      [wake, ["compute", 400]],
    ]);
    return [["crit_enter"], op, ...between, ["crit_exit"]];
  }

  /** A critical section that lasts for some rounds. */
  private section(): Op[] {
    const { random } = this;
    const end: Op = random.once(4) ? ["leave"] : ["crit_exit"];
    const inside: Op[] = random.once(2) ? [["signal", random.below(3)]] : this.op().slice(0, 2);
    return [["crit_enter"], ["compute", 50 + random.below(700)], ...inside, end];
  }

  /** One operation, or a few that belong together. */
  private op(): Op[] {
    const { random } = this;
    const name = random.pick(this.menu);
    switch (name) {
      case "compute":
        return [[name, random.below(random.once(4) ? 900 : 90)]];
      case "schedule":
      case "deschedule":
        return [[name, this.someone()]];
      case "setpri":
        return [[name, this.someone(), this.level()]];
      case "setpri_self":
        return [[name, this.level()]];
      case "migrate":
        return [[name, this.someone(), random.below(this.size.cpus)]];
      case "setcpu_self":
        return [[name, random.below(this.size.cpus)]];
      case "gettoken":
      case "havetoken":
      case "regettoken":
        return [[name, random.below(3)]];
      case "block": {
        const wait = random.below(3);
        return random.once(4)
          ? [
              ["gen", wait],
              ["compute", random.below(200)],
              [name, wait],
            ]
          : [
              ["gen", wait],
              [name, wait],
            ];
      }
      case "signal":
        return [[name, random.below(3)]];
      case "interrupt":
        return this.interrupt();
      case "create":
        return [[name, random.below(this.size.roles), random.once(4) ? 1 : 0]];
      case "deschedule_self":
        return this.sleep();
      case "crit_enter":
        return random.once(2) ? [[name]] : this.section();
      case "prio":
        return [[name, this.someone(), 8 * this.level() + random.below(8)]];
      case "affinity":
        return [[name, this.someone(), random.below(1 << 16)]];
      case "register":
        return [[name, random.below(4)]];
      default:
        return [[name]];
    }
  }
}
