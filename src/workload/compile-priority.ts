/**
 * From the scheduling policies of a workload file to the kernel's: the one place that decides.
 *
 * Under 4bsd they are the kernel's own policies (kern/sched_policy.ts). Under lwkt they become
 * FreeBSD priorities, of which there are 256, smaller runs first, and eight share one of its 32 levels.
 * These are fixed: a thread that is ready always runs before one of a worse
 * priority, and equals take turns. So a nice value is a rank there, not a share of the CPU.
 *
 * | policy         | priority in the file      | FreeBSD priority                                     |
 * |----------------|---------------------------|------------------------------------------------------|
 * | SCHED_DEADLINE | none: the deadline counts | 16, in the order of the deadlines (sched_deadline.ts)  |
 * | SCHED_RR, FIFO | 99 (best) .. 1            | 24..47                                               |
 * | SCHED_OTHER    | nice -20 .. 19            | 92..209: three to a step, nice 0 is 152              |
 * | SCHED_BATCH    | nice -20 .. 19            | 100..217: one lwkt level behind SCHED_OTHER          |
 * | SCHED_IDLE     | nice -20 .. 19            | 224..255                                             |
 *
 * These are FreeBSD's own ranges: real-time threads 16 to 47, then the kernel's, time-sharing threads
 * 88 to 223, idle threads 224 to 255.
 */
import type { SchedulerName } from "../core/config.js";
import { Policy } from "../generated/layout.js";
import type { DeadlineParameters, Scheduling } from "./model.js";

const DEADLINE = 16;
const REALTIME_BEST = 24;
const REALTIME_STEPS = 24;
const REALTIME_MAX = 99;
const NICE_MIN = -20;
const NICE_STEPS = 40;
const NICE_SPACING = 3;
const OTHER_BEST = 92;
const BATCH_BEST = 100;
const IDLE_BEST = 224;
const IDLE_STEPS = 32;

/** What a thread starts with: a deadline, or a policy and its value, or, without either, a FreeBSD priority. */
export interface StartScheduling {
  readonly deadline: DeadlineParameters | null;
  readonly policy: number | null;
  readonly value: number;
}

/** How a thread is scheduled when it starts, or from some phase on. */
export function startScheduling(scheduling: Scheduling, scheduler: SchedulerName): StartScheduling {
  const { policy, priority, deadline } = scheduling;
  if (policy === "SCHED_DEADLINE") return { deadline, policy: null, value: 0 };
  if (scheduler === "lwkt") {
    return { deadline: null, policy: null, value: freebsdPriority(scheduling) };
  }
  return { deadline: null, policy: POLICIES[policy], value: priority };
}

const POLICIES = {
  SCHED_OTHER: Policy.OTHER,
  SCHED_FIFO: Policy.FIFO,
  SCHED_RR: Policy.RR,
  SCHED_BATCH: Policy.BATCH,
  SCHED_IDLE: Policy.IDLE,
} as const;

/** The FreeBSD priority under lwkt of a thread that is scheduled like this. */
export function freebsdPriority({ policy, priority }: Scheduling): number {
  const nice = priority - NICE_MIN;
  switch (policy) {
    case "SCHED_DEADLINE":
      return DEADLINE;
    case "SCHED_RR":
    case "SCHED_FIFO":
      return (
        REALTIME_BEST + Math.floor(((REALTIME_MAX - priority) * REALTIME_STEPS) / REALTIME_MAX)
      );
    case "SCHED_OTHER":
      return OTHER_BEST + nice * NICE_SPACING;
    case "SCHED_BATCH":
      return BATCH_BEST + nice * NICE_SPACING;
    case "SCHED_IDLE":
      return IDLE_BEST + Math.floor((nice * IDLE_STEPS) / NICE_STEPS);
  }
}

/** What has to be said about a policy that the scheduler only approximates. */
export function policyNotes(scheduling: Scheduling, scheduler: SchedulerName): string[] {
  const { policy, priority } = scheduling;
  const notes: string[] = [];
  if (scheduler !== "lwkt" || policy === "SCHED_DEADLINE") return notes;
  if (policy === "SCHED_FIFO") {
    notes.push("SCHED_FIFO threads of the same priority take turns here, as SCHED_RR threads do");
  }
  if (policy === "SCHED_FIFO" || policy === "SCHED_RR") {
    notes.push("lwkt has three levels for the real-time priorities 1 to 99: 33 of them are equals");
  } else if (priority !== 0) {
    notes.push("a nice value is a rank under lwkt, not a share: the better thread runs first");
  }
  return notes;
}
