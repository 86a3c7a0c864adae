// The value of --topology: how the emulated CPUs are made of packages, caches, cores and threads.

import { InvalidArgumentError } from "commander";
import type { Topology } from "../core/config.js";
import { visibleLine } from "../core/visible.js";
import { MAXCPU } from "../generated/layout.js";

const NAMES = ["packages", "caches", "cores", "threads"] as const;

const FORM = "It must be such as packages=2,caches=1,cores=4,threads=2, each once at most.";

/**
 * Reads a topology, such as packages=2,cores=4; what is left out is 1.
 *
 * @throws InvalidArgumentError with what is allowed.
 */
export function parseTopology(text: string): Topology {
  const topology: Partial<Record<keyof Topology, number>> = {};
  for (const part of text.split(",")) {
    const [, word, digits] = /^\s*(\w+)\s*=\s*(\d+)\s*$/.exec(part) ?? [];
    const name = NAMES.find((known) => known === word);
    if (name === undefined || topology[name] !== undefined) {
      throw new InvalidArgumentError(`"${visibleLine(part)}" is not understood. ${FORM}`);
    }
    const count = Number(digits);
    if (count < 1 || count > MAXCPU) {
      throw new InvalidArgumentError(`${name} must be a whole number from 1 to ${MAXCPU}.`);
    }
    topology[name] = count;
  }
  const cpus = topologyCpus(topology);
  if (cpus <= MAXCPU) return topology;
  throw new InvalidArgumentError(`It has ${cpus} CPUs; a machine has ${MAXCPU} at most.`);
}

/** How many CPUs a topology has. */
export function topologyCpus({
  packages = 1,
  caches = 1,
  cores = 1,
  threads = 1,
}: Topology): number {
  return packages * caches * cores * threads;
}

/** The option's value as one types it. */
export function topologyText(topology: Topology): string {
  const given = NAMES.filter((name) => topology[name] !== undefined);
  return given.map((name) => `${name}=${topology[name]}`).join(",");
}
