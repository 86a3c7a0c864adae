// The options of commands that say what the machine is: declared here once, for all commands that have a machine.

import { type Command, Option } from "commander";
import { SCHEDULER_NAMES, type SchedulerName, type Topology } from "../core/config.js";
import { MAXCPU } from "../generated/layout.js";
import { parseTopology, topologyCpus } from "./topology.js";
import { parseSeed, wholeNumber } from "./units.js";

/** What {@link cpuOptions} gives an action. */
export interface CpuFlags {
  readonly cpus: number;
  readonly topology?: Topology;
}

/** What {@link machineOptions} gives an action. */
export interface MachineFlags extends CpuFlags {
  readonly scheduler: SchedulerName;
  readonly seed: bigint;
}

/** The same where a file says what the command line leaves out. */
export type OpenMachineFlags = Partial<Pick<MachineFlags, "cpus" | "topology" | "scheduler">>;

/** Adds --cpus and --topology, which also says how many CPUs there are unless --cpus does. */
export function cpuOptions(command: Command, cpus: number): Command {
  const text = `emulated CPUs, 1 to ${MAXCPU}`;
  return topologyOption(command.option("--cpus <n>", text, wholeNumber(1, MAXCPU), cpus));
}

/** Adds the options of a machine that has this many CPUs unless the command line says otherwise. */
export function machineOptions(command: Command, cpus: number): Command {
  return cpuOptions(command, cpus)
    .addOption(schedulerOption("scheduler of the machine").default("lwkt"))
    .addOption(
      new Option("--seed <n>", "seed of the machine's random numbers")
        .argParser(parseSeed)
        .default(0n, "0"),
    );
}

/** Adds what can be said of the machine whatever a file says of it; --seed is another one's. */
export function openMachineOptions(command: Command): Command {
  const text = "emulated CPUs (default: as the file says, or 1)";
  return topologyOption(command.option("--cpus <n>", text, wholeNumber(1, MAXCPU))).addOption(
    schedulerOption("scheduler (default: as the file says, or lwkt)"),
  );
}

function schedulerOption(text: string): Option {
  return new Option("--scheduler <name>", text).choices(SCHEDULER_NAMES);
}

function topologyOption(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--topology <parts>",
        "what the CPUs are made of, for ule, such as packages=2,caches=1,cores=4,threads=2",
      ).argParser(parseTopology),
    )
    .hook("preAction", (of) => {
      const topology = of.getOptionValue("topology") as Topology | undefined;
      if (topology === undefined || of.getOptionValueSource("cpus") === "cli") return;
      of.setOptionValueWithSource("cpus", topologyCpus(topology), "implied");
    });
}
