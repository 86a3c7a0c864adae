// A workload as a test for a search: it fails if its threads come to a deadlock, or the kernel panics.

import { anything, checkArgument, checkOptions, optional } from "../core/arguments.js";
import type { MachineConfig } from "../core/config.js";
import type { Machine } from "../machine/machine.js";
import type { Workload } from "./model.js";
import { workloadRule } from "./parse.js";
import { isEndless, type WorkloadOptions, WorkloadRun, workloadConfig } from "./run.js";
import { findStalemate } from "./run-deadlock.js";

/** What `explore` takes. */
export interface WorkloadTest {
  /** Creates the workload's threads. */
  readonly setup: (machine: Machine) => {
    readonly atRest: () => boolean;
    readonly endless: boolean;
  };
  /** Settings of a machine that has room for them. */
  readonly config: MachineConfig;
}

/** Threads that a searched workload can have besides its own: those of the kernel, and forked ones. */
const ROOM = 60;

/**
 * Makes a test of a workload: `const { setup, config } = workloadTest(workload); await explore(setup, { config })`. It
 * fails by a deadlock, as `runWorkload` reports it. Tasks in endless loops may be left waiting when others have ended,
 * and a schedule in which such a task goes on ends, without a failure, at the limit of steps.
 *
 * @throws WorkloadError when the workload cannot be compiled.
 * @throws ConfigError when no machine can hold it.
 */
export function workloadTest(
  workload: Workload,
  options: Pick<WorkloadOptions, "cpus" | "topology" | "scheduler"> = {},
): WorkloadTest {
  checkArgument("workloadTest", "workload", workload, workloadRule);
  checkOptions("workloadTest", options, {
    cpus: optional(anything),
    topology: optional(anything),
    scheduler: optional(anything),
  });
  const small = workload.threadCount + ROOM; // all of it is copied for each schedule
  return {
    config: {
      ...workloadConfig(workload, options),
      statistics: false,
      maxthread: small,
      maxproc: small,
    },
    setup: (machine) => {
      const run = new WorkloadRun(workload, options, machine);
      return {
        atRest: () => findStalemate(run)?.isDeadlock !== true,
        endless: workload.tasks.some(isEndless),
      };
    },
  };
}
