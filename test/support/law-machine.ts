// A machine for tests of the law between CPUs (docs/law-between-cpus.md) under any scheduler, and what all of
// them look at.

import { expect } from "vitest";
import * as Layout from "../../src/generated/layout.js";
import { Machine, type MachineConfig } from "../../src/index.js";
import { buildUnderTest } from "./build.js";
import { fbsdFaults } from "./fbsd-invariants.js";
import { withOwnPriorities } from "./schedulers.js";

const { Thread: T, ThreadCold: C } = Layout;

/** Rounds within which everything requested has happened. */
export const LONG_ENOUGH = { rounds: 3000 };
/** Cycles of a slice. */
export const QUANTUM = 1000;

/** Boots a machine without round robin. */
export function bootLawMachine(config: MachineConfig): Machine {
  const usual = { quantum: QUANTUM, roundRobin: 0, maxthread: 2000, maxproc: 100 };
  return withOwnPriorities(new Machine({ ...usual, ...config }, buildUnderTest));
}

/** A byte of a thread's hot line. */
export function hot8(machine: Machine, td: number, field: keyof typeof T): number {
  return machine.kernel.u8[td + T[field]] as number;
}

/** A byte of its cold part. */
export function cold8(machine: Machine, td: number, field: keyof typeof C): number {
  return machine.kernel.u8[machine.kernel.cold(td) + C[field]] as number;
}

/** Expects that the invariants between rounds hold. */
export function expectWhole(machine: Machine): void {
  expect(fbsdFaults(machine.kernel)).toEqual([]);
}
