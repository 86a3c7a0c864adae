// The suites of storms on several CPUs, by name: what the tests, the command and the search for planted faults
// run.

import type { KernelBuild } from "../../../src/core/instantiate.js";
import type { SchedulerName } from "../../../src/index.js";
import { Random } from "../random.js";
import { ChaosStorm } from "./chaos-storm.js";
import { CrowdStorm } from "./crowd-storm.js";
import { FbsdCallsStorm, fbsdModel } from "./fbsd-calls-storm.js";
import { makeFbsdScript } from "./fbsd-script.js";
import { LendingStorm } from "./lending-storm.js";
import { MedleyStorm } from "./medley-storm.js";
import { CpusModel } from "./model.js";
import { ProcessStorm } from "./process-storm.js";
import { type Rig, Rigs } from "./rig.js";
import { RoundStorm } from "./round-storm.js";
import { makeScript, type Script, sizeOf } from "./script.js";
import { scriptText, shrink } from "./shrink.js";
import { failureOf, hashOfRepeat, Mismatch, Storm } from "./storm.js";
import { UserStorm } from "./user-storm.js";
import { WaitStorm } from "./wait-storm.js";

/** Conditions of a storm. */
export interface Conditions {
  readonly build: KernelBuild;
  /** Number of CPUs; by default the seed decides. */
  readonly cpus?: number | undefined;
  /**
   * The scheduler of storms of FreeBSD's calls, of processes, of locks, of waits and of rounds; by default the
   * seed decides.
   */
  readonly scheduler?: SchedulerName | undefined;
  /** The fault that is planted: check build only. */
  readonly plant?: number | undefined;
}

/** The suites, by name. */
export const SUITES = [
  ...([
    "threads",
    "calls",
    "processes",
    "chaos",
    "lending",
    "users",
    "waits",
    "rounds",
    "crowds",
    "medleys",
  ] as const),
] as const;

/** A suite: runs the storm of a seed. */
export interface Suite {
  readonly name: (typeof SUITES)[number];
  /** Steps that the threads of all storms have made so far. */
  readonly steps: number;
  /** The failure of the storm of a seed, or null. */
  run(seed: number): string | null;
  /** The same storm, shrunk, as text. */
  replay(seed: number): string;
}

/** Seeds whose storms are repeated, divided differently. */
const REPEATED = 10;

/** Common part of the suites that compare threads with a model, for LWKT's calls and for FreeBSD's. */
abstract class Scripted implements Suite {
  abstract readonly name: Suite["name"];
  steps = 0;
  private readonly rigs: Rigs;

  constructor(protected readonly conditions: Conditions) {
    this.rigs = new Rigs(conditions.build);
  }

  protected abstract script(seed: number): Script;
  protected abstract storm(rig: Rig, script: Script): Storm;

  private failure(seed: number, script: Script): string | null {
    const rig = this.rigs.of(script);
    rig.plant = this.conditions.plant ?? 0;
    const make = () => this.storm(rig, script);
    return failureOf(() => {
      const storm = make();
      storm.run();
      this.steps += storm.steps;
      if (seed % REPEATED !== 0) return;
      const hash = rig.kernel.hash();
      const repeated = hashOfRepeat(rig, make, storm, new Random(seed));
      if (repeated !== hash)
        throw new Mismatch("cut into other pieces, the storm has another hash");
    });
  }

  run(seed: number): string | null {
    return this.failure(seed, this.script(seed));
  }

  replay(seed: number): string {
    const script = this.script(seed);
    const kind = kindOf(this.failure(seed, script));
    const small = shrink(script, (other) => kindOf(this.failure(seed, other)) === kind);
    return `${this.failure(seed, small)}\n${scriptText(small)}`;
  }
}

/** LWKT's threads: calls of every kind from every CPU. */
class Threads extends Scripted {
  readonly name = "threads";

  protected script(seed: number): Script {
    return makeScript(seed, sizeOf(seed, this.conditions.cpus));
  }

  protected storm(rig: Rig, script: Script): Storm {
    return new Storm(rig, script, new CpusModel(script.cpus));
  }
}

/** Kernel threads that make FreeBSD's calls, under lwkt and 4bsd. */
class Calls extends Scripted {
  readonly name = "calls";

  protected script(seed: number): Script {
    const { cpus, scheduler } = this.conditions;
    const own = scheduler === "lwkt" || scheduler === "4bsd" ? scheduler : undefined;
    return makeFbsdScript(seed, sizeOf(seed, cpus), own);
  }

  protected storm(rig: Rig, script: Script): Storm {
    return new FbsdCallsStorm(rig, script, fbsdModel(script));
  }
}

/** Processes: their threads obey in time. */
class Processes implements Suite {
  readonly name = "processes";
  steps = 0;

  constructor(private readonly conditions: Conditions) {}

  run(seed: number): string | null {
    const { build, ...options } = this.conditions;
    return failureOf(() => {
      const storm = new ProcessStorm(seed, build, options);
      storm.run();
      this.steps += storm.steps;
    });
  }

  replay(seed: number): string {
    return `seed ${seed} of the processes`;
  }
}

/** Both kinds of threads under chaos: other orders of CPUs, lengths of slices and moments of delivery. */
class Chaos implements Suite {
  readonly name = "chaos";
  steps = 0;

  constructor(private readonly conditions: Conditions) {}

  run(seed: number): string | null {
    const { build, ...options } = this.conditions;
    const storms = [
      () => new ChaosStorm(seed, build, options),
      () => new ProcessStorm(seed, build, { ...options, chaos: true }),
    ];
    return failureOf(() => {
      for (const create of storms) {
        const storm = create();
        storm.run();
        this.steps += storm.steps;
      }
    });
  }

  replay(seed: number): string {
    return `seed ${seed} under chaos`;
  }
}

/** Locks of all kinds: lent priorities follow the rule at each step. */
class Lendings implements Suite {
  readonly name = "lending";
  steps = 0;

  constructor(private readonly conditions: Conditions) {}

  run(seed: number): string | null {
    const { build, ...options } = this.conditions;
    return failureOf(() => {
      const storm = new LendingStorm(seed, build, options);
      storm.run();
      this.steps += storm.steps;
    });
  }

  replay(seed: number): string {
    return `seed ${seed} of the locks`;
  }
}

/** User threads under lwkt, compared with the rules of their scheduler. */
class Users implements Suite {
  readonly name = "users";
  steps = 0;

  constructor(private readonly conditions: Conditions) {}

  run(seed: number): string | null {
    const { build, ...options } = this.conditions;
    return failureOf(() => {
      const storm = new UserStorm(seed, build, options);
      storm.run();
      this.steps += storm.steps;
    });
  }

  replay(seed: number): string {
    return `seed ${seed} of the user threads`;
  }
}

/** Waits of all kinds: no thread stays asleep while what it waits for is available. */
class Waits implements Suite {
  readonly name = "waits";
  steps = 0;

  constructor(private readonly conditions: Conditions) {}

  run(seed: number): string | null {
    const { build, ...options } = this.conditions;
    return failureOf(() => {
      const storm = new WaitStorm(seed, build, options);
      storm.run();
      this.steps += storm.steps;
    });
  }

  replay(seed: number): string {
    return `seed ${seed} of the waits`;
  }
}

/** Rounds by fast paths and by slow ones: the same memory. */
class Rounds implements Suite {
  readonly name = "rounds";
  steps = 0;

  constructor(private readonly conditions: Conditions) {}

  run(seed: number): string | null {
    const { build, ...options } = this.conditions;
    return failureOf(() => {
      const storm = new RoundStorm(seed, build, options);
      storm.run();
      this.steps += storm.steps;
    });
  }

  replay(seed: number): string {
    return `seed ${seed} of the rounds`;
  }
}

/** Kernel threads and processes that do everything to each other at once. */
class Crowds implements Suite {
  readonly name = "crowds";
  steps = 0;

  constructor(private readonly conditions: Conditions) {}

  run(seed: number): string | null {
    const { build, ...options } = this.conditions;
    return failureOf(() => {
      const storm = new CrowdStorm(seed, build, options);
      storm.run();
      this.steps += storm.steps;
    });
  }

  replay(seed: number): string {
    return `seed ${seed} of the crowds`;
  }
}

/** Threads that make calls of all kinds, one inside the other. */
class Medleys implements Suite {
  readonly name = "medleys";
  steps = 0;

  constructor(private readonly conditions: Conditions) {}

  run(seed: number): string | null {
    const { build, ...options } = this.conditions;
    return failureOf(() => {
      const storm = new MedleyStorm(seed, build, options);
      storm.run();
      this.steps += storm.steps;
    });
  }

  replay(seed: number): string {
    return `seed ${seed} of the medleys`;
  }
}

/** A failure without its numbers: shrinking keeps to the same kind. */
function kindOf(failure: string | null): string | undefined {
  return failure?.replace(/\d+/g, "N");
}

/** The suites, for storms under these conditions. */
export function suitesFor(conditions: Conditions): readonly Suite[] {
  return [
    new Threads(conditions),
    new Calls(conditions),
    new Processes(conditions),
    new Chaos(conditions),
    new Lendings(conditions),
    new Users(conditions),
    new Waits(conditions),
    new Rounds(conditions),
    new Crowds(conditions),
    new Medleys(conditions),
  ];
}
