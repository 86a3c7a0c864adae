// A machine's snapshots and its past: when they may be taken, and what they are told of the machine.

import {
  anything,
  arrayOf,
  callback,
  checkArgument,
  checkOptions,
  count,
  flag,
  instance,
  optional,
  type Rule,
  type Rules,
  shaped,
  text,
  wide,
} from "../core/arguments.js";
import type { KernelSource } from "../core/instantiate.js";
import type { Kernel } from "../core/kernel.js";
import type { Scheduler } from "../core/scheduler.js";
import * as Layout from "../generated/layout.js";
import { SnapshotError } from "../snapshot/errors.js";
import { Keeper } from "../snapshot/keeper.js";
import type { SnapshotPart } from "../snapshot/part.js";
import {
  type Moment,
  type Position,
  type Recordable,
  Recording,
  type RecordOptions,
} from "../snapshot/recording.js";
import { Snapshot } from "../snapshot/snapshot.js";
import type { Bodies } from "./bodies.js";
import type { HostState } from "./host-state.js";
import type { MachineFunctions } from "./resources.js";

/** Images of a recording that are larger than this are encoded. */
const RECORDED_PLAIN_MAX = 256 << 10;
/** Rounds between two looks at whether a recording needs a snapshot, as parts of its interval. */
const LOOKS_PER_INTERVAL = 2;

/** How a snapshot is taken. */
export interface SnapshotOptions {
  /** Keep it small rather than quick to put back. Default: above 4 MiB. */
  readonly packed?: boolean;
  /** A snapshot that is not needed any more, whose memory the new one takes: it is empty afterwards. */
  readonly reuse?: Snapshot;
}

/** What the snapshots of a machine need of it. */
interface Subject {
  readonly kernel: Kernel;
  readonly host: HostState;
  readonly bodies: Bodies;
  /** Runs to a moment, without a word to the recording; true if a program has ended the run. */
  readonly runOn: (to: Parameters<Recordable["runOn"]>[0]) => boolean;
}

/** The snapshots of one machine. */
export class MachineSnapshots implements Recordable {
  private readonly keeper: Keeper;
  private recording: Recording | null = null;
  /** Calls into the kernel that have not returned. */
  private depth = 0;
  private isRunning = false;
  /** True once somebody has a view of guest memory, through which he may change it unseen. */
  private isGuestOpen = false;

  constructor(private readonly subject: Subject) {
    this.keeper = new Keeper(subject.kernel, subject.host);
    this.keeper.attach(subject.host);
    this.keeper.attach(subject.bodies);
  }

  attach(part: SnapshotPart): void {
    checkArgument("attach", "part", part, partRule);
    this.keeper.attach(part);
  }

  // ---- What the machine is doing ----

  /** A call into the kernel begins. */
  enter(): void {
    this.refuseReplay();
    this.depth++;
  }

  leave(): void {
    this.depth--;
  }

  /** The host does something to the machine that no run repeats. */
  touch(): void {
    this.refuseReplay();
    this.recording?.touch();
  }

  private refuseReplay(): void {
    if (!this.subject.bodies.isReplaying) return;
    throw new SnapshotError(
      "a body has used its machine while it was brought back; a body may only yield kernel calls",
    );
  }

  /** Somebody gets a view of guest memory. */
  openGuest(): void {
    this.isGuestOpen = true;
    this.touch();
  }

  beginRun(): void {
    if (this.isGuestOpen) this.touch();
    this.recording?.beforeRun();
    this.isRunning = true;
  }

  endRun(): void {
    this.isRunning = false;
  }

  onRounds(): void {
    this.recording?.onRounds();
  }

  /** Rounds that may pass until {@link onRounds} wants to be called, at most `most`. */
  roundsAtOnce(most: number): number {
    if (this.recording === null) return most;
    const rounds = this.recording.interval / BigInt(LOOKS_PER_INTERVAL * this.quantum);
    return Math.max(1, Math.min(most, Number(rounds)));
  }

  private get quantum(): number {
    return this.subject.kernel.config.quantum;
  }

  // ---- Snapshots ----

  snapshot(options: SnapshotOptions): Snapshot {
    checkOptions("snapshot", options, snapshotRules);
    this.refuseInside("taken");
    return this.keeper.take(this.position(), options);
  }

  restore(snapshot: Snapshot, functions?: MachineFunctions): void {
    checkArgument("restore", "snapshot", snapshot, snapshotRule);
    if (functions !== undefined) checkOptions("restore", functions, functionRules);
    this.refuseInside("put back");
    if (this.isRunning) {
      throw new SnapshotError(
        "a snapshot cannot be put back before the run under way has returned",
      );
    }
    this.keeper.put(snapshot, functions);
    this.recording?.reset();
  }

  private refuseInside(what: string): void {
    const { scheduler } = this.subject.kernel.config;
    if (typeof scheduler !== "string" && scheduler.save === undefined) {
      throw new SnapshotError(
        `a snapshot cannot be ${what} of a machine whose scheduler is one's own: what ${JSON.stringify(scheduler.name)} keeps in JavaScript would not be in it; give that the methods save() and load()`,
      );
    }
    if (this.depth === 0) return;
    throw new SnapshotError(
      `a snapshot cannot be ${what} in the middle of a step: not by a body, and not by an event handler`,
    );
  }

  // ---- The past ----

  record(options: RecordOptions): Recording {
    checkOptions("record", options, { budget: optional(amount), every: optional(amount) });
    this.refuseInside("taken");
    this.recording = new Recording(this, options);
    return this.recording;
  }

  stopRecording(): void {
    this.recording = null;
  }

  rewind(moment: Moment): void {
    checkArgument("rewind", "moment", moment, momentRule);
    const { recording } = this;
    if (recording === null) {
      throw new SnapshotError(
        "nothing is kept of this machine's past: call machine.record() first",
      );
    }
    this.refuseInside("put back");
    if (this.isRunning) {
      throw new SnapshotError("the machine cannot go back before the run under way has returned");
    }
    recording.rewind(moment);
  }

  position(): Position {
    const { kernel } = this.subject;
    const { gd_switches } = Layout.GlobalData;
    let switches = 0;
    for (let cpu = 0; cpu < kernel.config.cpus; cpu++) {
      switches += kernel.readNumber(kernel.globaldata(cpu) + gd_switches);
    }
    return {
      switches,
      cycles: kernel.machine64("round_end"),
      rounds: kernel.machine64("rounds"),
      isInRound: kernel.machine("round_cpu") !== kernel.machine("ncpus"),
      roundStart: kernel.machine64("now"),
    };
  }

  take(): Snapshot {
    const packed = this.keeper.used > RECORDED_PLAIN_MAX;
    return this.keeper.take(this.position(), { packed });
  }

  put(snapshot: Snapshot): void {
    this.keeper.put(snapshot);
  }

  /** Runs to a moment of the past, on past ends of runs that programs made on the way. */
  runOn(to: Parameters<Recordable["runOn"]>[0]): void {
    const here = () => this.position().switches;
    const last = "switches" in to ? here() + to.switches : null;
    let isEnd: boolean;
    do isEnd = this.subject.runOn(last === null ? to : { switches: last - here() });
    while (isEnd && here() !== last);
  }
}

const partRule = shaped("a part of snapshots: an object with name, save and restore", {
  ...{ name: text, save: callback, restore: callback },
  ...{ prepare: optional(callback), encode: optional(callback), decode: optional(callback) },
});
const snapshotRule = instance(Snapshot, "a snapshot of a machine");
const snapshotRules: Rules = { packed: optional(flag), reuse: optional(snapshotRule) };
const named: Rule = {
  allowed: "an object with a function for each name",
  accepts: (value) =>
    typeof value === "object" && value !== null && Object.values(value).every(callback.accepts),
};
const functionRules: Rules = {
  bodies: optional(named),
  handlers: optional(named),
  build: optional(anything),
};
const forkRules: Rules = {
  scheduler: optional(anything),
  parts: optional(arrayOf(partRule, "an array of parts: objects with name, save and restore")),
};
const twinRules: Rules = { ...functionRules, ...forkRules };
const isNumber = (value: unknown): boolean => typeof value === "bigint" || Number.isFinite(value);
const amount: Rule = {
  allowed: "a number above 0",
  accepts: (value) => isNumber(value) && (value as number | bigint) > 0,
};
const momentRule: Rule = {
  allowed: "either { cycles } or { switches }, a whole number, 0 or more",
  accepts: (value) => {
    if (typeof value !== "object" || value === null) return false;
    const { cycles, switches } = value as Record<string, unknown>;
    if (cycles === undefined) return count.accepts(switches);
    return switches === undefined && wide.accepts(cycles);
  },
};

/** What another machine is to have that is made of a snapshot. */
export interface TwinOptions {
  /** Its scheduler, if that is one's own: an object decides for one machine only. */
  readonly scheduler?: Scheduler;
  /**
   * What is attached to it before the snapshot is put back: one part of the same name for each that is attached to the
   * snapshot's machine, since a part keeps the state of one machine only.
   */
  readonly parts?: readonly SnapshotPart<unknown, MachineFunctions>[];
}

/** The machine that a snapshot is of: its configuration. */
export function configOf(
  snapshot: Snapshot,
  options: MachineFunctions & TwinOptions,
): Snapshot["config"] {
  checkArgument("fromSnapshot", "snapshot", snapshot, snapshotRule);
  checkOptions("fromSnapshot", options, twinRules);
  const { config } = snapshot;
  const { scheduler } = options;
  if (scheduler !== undefined) return { ...config, scheduler };
  if (typeof config.scheduler === "string") return config;
  throw new SnapshotError(
    `the snapshot is of a machine with the scheduler ${JSON.stringify(config.scheduler.name)} of one's own, which decides for one machine only: give the new machine one like it, as { scheduler }`,
  );
}

/** Options of a fork of a machine with a configuration, which can be. */
export function forkOptions(config: Snapshot["config"], options: TwinOptions): TwinOptions {
  checkOptions("fork", options, forkRules);
  if (options.scheduler === undefined || options.scheduler !== config.scheduler) return options;
  throw new SnapshotError(
    `a machine and its fork cannot have the same scheduler ${JSON.stringify(options.scheduler.name)}, which decides for one of them only: give the fork another one like it`,
  );
}

/** The build of the kernel that a snapshot needs: where it comes from a file, one of this package. */
export function buildOf({ source, build }: Snapshot): KernelSource {
  if (source !== null) return source;
  const [name] = (build ?? "").split(" ");
  if (name === "release" || name === "check" || name === "debug") return name;
  throw new SnapshotError(
    `the snapshot needs the build "${build}" of the kernel: give it as { build }`,
  );
}
