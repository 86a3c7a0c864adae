// What the threads of a storm of FreeBSD's calls do: lists of operations, made at random from a seed.

import { Random } from "../random.js";
import type { Op, OpName, Role, Script, Size } from "./script.js";

/** Operations by how often they come; the kinds of a storm are a part of these. */
const menu: readonly (readonly [OpName, number])[] = [
  ["relinquish", 5],
  ["compute", 6],
  ["tsleep", 10],
  ["join", 2],
  ["wakeup", 7],
  ["wakeup_one", 6],
  ["prio", 8],
  ["affinity", 6],
  ["suspend", 5],
  ["resume", 5],
  ["suspend_check", 8],
  ["create", 5],
  ["start", 4],
  ["leave", 1],
  ["reap", 2],
];

/** Channels that threads sleep on. */
const CHANNELS = 3;

class Maker {
  private readonly random: Random;
  private readonly menu: OpName[] = [];
  private readonly hot: number;
  /** Priorities lie among the first so many. */
  private readonly priorities: number;

  constructor(
    seed: number,
    private readonly size: Size,
    private readonly scheduler: "lwkt" | "4bsd" | undefined,
  ) {
    this.random = new Random(seed ^ 0xf5bd);
    const { random } = this;
    for (const [name, weight] of menu) {
      const mood = random.pick([0, 1, 1, 1, 3]);
      for (let i = weight * mood; i > 0; i--) this.menu.push(name);
    }
    if (this.menu.length === 0) this.menu.push("tsleep", "wakeup");
    this.hot = random.below(size.roles);
    this.priorities = random.pick([2, 20, 256]);
  }

  script(): Script {
    const { random, size } = this;
    const born = Math.max(2, Math.ceil((size.roles * (1 + random.below(4))) / 4));
    return {
      cpus: size.cpus,
      bare: false,
      scheduler: this.scheduler ?? random.pick(["lwkt", "4bsd"]),
      quantum: random.pick([100, 150, 300, 1000]),
      preemption: random.once(2),
      roundRobin: 0,
      tokens: [],
      waits: [],
      structures: 0,
      roles: Array.from({ length: size.roles }, (_, index) => this.role(index < born)),
    };
  }

  private role(born: boolean): Role {
    const { random, size } = this;
    const ops: Op[] = [];
    const count = 1 + random.below(2 * size.ops);
    while (ops.length < count) ops.push(this.op());
    return {
      cpu: born ? 0 : -1,
      level: this.priority(),
      ...(random.once(3) ? { set: this.set() } : {}),
      ops,
    };
  }

  private someone(): number {
    const { random, size } = this;
    return random.once(3) ? this.hot : random.below(size.roles);
  }

  private priority(): number {
    return this.random.below(this.priorities);
  }

  /** A set of CPUs: one or some of them, seldom all or none. */
  private set(): number {
    const { random, size } = this;
    return random.once(2) ? 1 << random.below(Math.min(size.cpus, 16)) : random.below(1 << 16);
  }

  private timo(): number {
    const { random } = this;
    return random.once(3) ? 0 : 1 + random.below(random.once(4) ? 5_000 : 6);
  }

  private op(): Op {
    const { random, size } = this;
    const name = random.pick(this.menu);
    switch (name) {
      case "compute":
        return [name, random.below(random.once(4) ? 900 : 90)];
      case "tsleep":
        return [
          name,
          random.below(CHANNELS),
          random.once(2) ? 0 : 1 + random.below(255),
          this.timo(),
        ];
      case "wakeup":
      case "wakeup_one":
        return [name, random.below(CHANNELS)];
      case "join":
      case "suspend":
        return [name, this.someone(), this.timo()];
      case "resume":
      case "start":
        return [name, this.someone()];
      case "prio":
        return [name, this.someone(), this.priority()];
      case "affinity":
        return [name, this.someone(), this.set()];
      case "create":
        return [name, random.below(size.roles), random.once(2) ? 1 : 0];
      default:
        return [name];
    }
  }
}

/** Makes the script of a seed. */
export function makeFbsdScript(seed: number, size: Size, scheduler?: "lwkt" | "4bsd"): Script {
  return new Maker(seed, size, scheduler).script();
}
