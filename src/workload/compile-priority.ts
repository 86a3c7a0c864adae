/**
 * From the scheduling policies of a workload file to the kernel's (assembly/kern/sched_policy.ts): the one
 * place that decides. What each scheduler makes of them is told in docs/schedulers.md.
 */
import { Policy } from "../generated/layout.js";
import type { DeadlineParameters, Scheduling } from "./model.js";

/** What a thread starts with: a deadline, or a policy and its value. */
export type StartScheduling =
  | { readonly deadline: DeadlineParameters }
  | { readonly deadline: null; readonly policy: number; readonly value: number };

/** How a thread is scheduled when it starts, or from some phase on. */
export function startScheduling({ policy, priority, deadline }: Scheduling): StartScheduling {
  if (deadline !== null) return { deadline };
  return { deadline: null, policy: POLICIES[policy], value: priority };
}

const POLICIES = {
  SCHED_OTHER: Policy.OTHER,
  SCHED_FIFO: Policy.FIFO,
  SCHED_RR: Policy.RR,
  SCHED_BATCH: Policy.BATCH,
  SCHED_IDLE: Policy.IDLE,
  SCHED_DEADLINE: Policy.DEADLINE,
} as const;
