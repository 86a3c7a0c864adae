// Takes the snapshots of one machine and puts them back: the kernel's memory, and the host's share of the
// state, which is in parts. Everything is checked before anything changes.

import type { CompleteConfig } from "../core/config.js";
import { buildIdOf } from "../core/instantiate.js";
import type { Kernel } from "../core/kernel.js";
import type { TextMark } from "./arenas.js";
import { SnapshotError } from "./errors.js";
import { Memory } from "./image.js";
import { KernelPart } from "./kernel-part.js";
import type { SnapshotPart } from "./part.js";
import { Snapshot } from "./snapshot.js";

/** Settings that do not have to agree: they change nothing in the kernel. */
const HOST_SETTINGS: readonly string[] = ["snapshots", "jit"];

/** The snapshots of one machine. */
export class Keeper {
  private readonly parts: SnapshotPart[] = [];
  private readonly memory: Memory;

  constructor(
    readonly kernel: Kernel,
    mark: TextMark,
  ) {
    this.memory = new Memory(kernel, mark);
    this.attach(new KernelPart(kernel));
  }

  attach(part: SnapshotPart): void {
    if (this.parts.some(({ name }) => name === part.name)) {
      throw new SnapshotError(`this machine has a part "${part.name}" already`);
    }
    this.parts.push(part);
  }

  /** Bytes that a plain copy of the kernel's memory takes now. */
  get used(): number {
    return this.memory.used;
  }

  /**
   * @param reuse a snapshot that is not needed any more, and is empty from now on: fresh memory takes far
   *   longer than the copy
   */
  take(
    at: { cycles: bigint; switches: number },
    { packed, reuse }: { packed?: boolean; reuse?: Snapshot } = {},
  ): Snapshot {
    this.refuseTrace("taken");
    const parts = this.parts.map((part) => ({ name: part.name, part, saved: part.save() }));
    const { config, source } = this.kernel;
    const image = this.memory.take(packed, reuse?.giveImage());
    return new Snapshot({ ...at, config, source, image, parts, owner: this });
  }

  /** Makes everything what it was. `resources` are for parts of a snapshot that comes from a file. */
  put(snapshot: Snapshot, resources?: unknown): void {
    this.refuseTrace("put back");
    const { parts } = this;
    // One of this machine as it is now has just its parts, in their order.
    const isOwn = snapshot.owner === this && snapshot.parts.length === parts.length;
    if (!isOwn) this.assertFits(snapshot);
    const found = isOwn
      ? snapshot.parts
      : parts.map((part) => ({ saved: savedOf(snapshot, part, resources) }));
    for (let i = 0; i < parts.length; i++) parts[i]?.prepare?.(found[i]?.saved);
    this.memory.put(snapshot.image);
    for (let i = 0; i < parts.length; i++) parts[i]?.restore(found[i]?.saved);
  }

  private refuseTrace(what: string): void {
    if (!this.kernel.isTraced) return;
    throw new SnapshotError(
      `a trace of this machine is under way, and a snapshot cannot be ${what} in it: close the trace first`,
    );
  }

  private assertFits(snapshot: Snapshot): void {
    const { config, source } = this.kernel;
    const buildId = buildIdOf(source);
    if (snapshot.build !== buildId) {
      throw new SnapshotError(
        `the snapshot is of another build of the kernel (${snapshot.build ?? "unknown"}) than this machine (${buildId ?? "unknown"})`,
      );
    }
    for (const name of Object.keys(config) as (keyof CompleteConfig)[]) {
      const [theirs, ours] = [settingText(snapshot.config[name]), settingText(config[name])];
      if (HOST_SETTINGS.includes(name) || theirs === ours) continue;
      throw new SnapshotError(
        `the snapshot is of a machine with ${name} ${theirs}, and this one has ${ours}`,
      );
    }
    const lost = snapshot.parts.find(({ name }) => this.parts.every((part) => part.name !== name));
    if (lost === undefined) return;
    throw new SnapshotError(
      `the snapshot has a part "${lost.name}", which is attached to its machine and not to this one: attach one like it first, or give it to a new machine as { parts }`,
    );
  }
}

/** A setting as a text; equal settings have equal ones. Of a scheduler of one's own the name has to do. */
function settingText(value: CompleteConfig[keyof CompleteConfig]): string {
  if (typeof value === "object" && "choose" in value)
    return `${JSON.stringify(value.name)} (one's own)`;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** What a snapshot has for a part of a machine, with the functions that it refers to where it comes from a file. */
function savedOf({ parts }: Snapshot, part: SnapshotPart, resources: unknown): unknown {
  const entry = parts.find(({ name }) => name === part.name);
  if (entry === undefined) {
    throw new SnapshotError(
      `the snapshot has nothing about the ${part.name}, which was attached to the machine later`,
    );
  }
  if (entry.part !== null) return entry.saved;
  if (part.decode === undefined) {
    throw new SnapshotError(`the ${part.name} cannot be read from a file`);
  }
  return part.decode(entry.saved, resources);
}
