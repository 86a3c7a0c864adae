// The suites of storms on several CPUs, by name: what the tests, the command and the search for planted faults
// run.

import type { KernelBuild } from "../../../src/core/instantiate.js";
import type { SchedulerName } from "../../../src/index.js";
import { Random } from "../random.js";
import { ChaosStorm } from "./chaos-storm.js";
import { ProcessStorm } from "./process-storm.js";
import { Rigs } from "./rig.js";
import { makeScript, type Script, sizeOf } from "./script.js";
import { scriptText, shrink } from "./shrink.js";
import { failureOf, hashOfRepeat, Mismatch, Storm } from "./storm.js";
import { UserStorm } from "./user-storm.js";

/** What a storm is run with. */
export interface Conditions {
  readonly build: KernelBuild;
  /** Number of CPUs; by default the seed decides. */
  readonly cpus?: number | undefined;
  /** The scheduler of storms of processes; by default the seed decides. */
  readonly scheduler?: SchedulerName | undefined;
  /** The fault that is planted: check build only. */
  readonly plant?: number | undefined;
}

/** A suite: runs the storm of a seed. */
export interface Suite {
  readonly name: "threads" | "processes" | "chaos" | "users";
  /** Steps that the threads of all storms have made so far. */
  readonly steps: number;
  /** What went wrong in the storm of a seed, or null. */
  run(seed: number): string | null;
  /** The same storm made as small as it gets, as text. */
  replay(seed: number): string;
}

/** Seeds whose storms are repeated, cut into other pieces. */
const REPEATED = 10;

/** LWKT's threads, beside the model: calls of every kind from every CPU. */
class Threads implements Suite {
  readonly name = "threads";
  steps = 0;
  private readonly rigs: Rigs;

  constructor(private readonly conditions: Conditions) {
    this.rigs = new Rigs(conditions.build);
  }

  private script(seed: number): Script {
    return makeScript(seed, sizeOf(seed, this.conditions.cpus));
  }

  private failure(seed: number, script: Script): string | null {
    const rig = this.rigs.of(script);
    rig.plant = this.conditions.plant ?? 0;
    return failureOf(() => {
      const storm = new Storm(rig, script);
      storm.run();
      this.steps += storm.steps;
      if (seed % REPEATED !== 0) return;
      const hash = rig.kernel.hash();
      const repeated = hashOfRepeat(rig, script, storm, new Random(seed));
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

/** Processes: what is asked of their threads is obeyed in time. */
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

/** User threads under lwkt, beside the law of their scheduler. */
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

/** A failure without its numbers: shrinking keeps to the same kind. */
function kindOf(failure: string | null): string | undefined {
  return failure?.replace(/\d+/g, "N");
}

/** The suites, for storms under these conditions. */
export function suitesFor(conditions: Conditions): readonly Suite[] {
  return [
    new Threads(conditions),
    new Processes(conditions),
    new Chaos(conditions),
    new Users(conditions),
  ];
}
