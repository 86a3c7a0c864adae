// A snapshot: everything that a machine is at a moment.

import type { CompleteConfig } from "../core/config.js";
import { buildIdOf, type KernelSource } from "../core/instantiate.js";
import { SnapshotError } from "./errors.js";
import type { MemoryImage } from "./image.js";
import type { SnapshotPart } from "./part.js";

/** What a part of the host's has saved. */
export interface SavedPart {
  readonly name: string;
  /** Whose it is; null: `saved` is JSON of a file. */
  readonly part: SnapshotPart | null;
  readonly saved: unknown;
}

interface Content {
  readonly cycles: bigint;
  readonly switches: number;
  readonly config: CompleteConfig;
  /** The kernel's build, or the identity of one that a file was written with. */
  readonly source: KernelSource | { readonly id: string };
  readonly image: MemoryImage;
  readonly parts: readonly SavedPart[];
  readonly owner: object | null;
}

/**
 * Everything that a machine is at a moment. It never changes, and any number of machines may be made of it.
 */
export class Snapshot {
  /** Virtual time in cycles since boot. */
  readonly cycles: bigint;
  /** Switches since boot. */
  readonly switches: number;
  /** Configuration of the machine. */
  readonly config: CompleteConfig;
  /** Identity of the kernel's build that a file was written with. */
  private readonly id: string | null;
  /** The build itself, or null if the snapshot is from a file. */
  readonly source: KernelSource | null;
  private imageOrNull: MemoryImage | null;
  /** @internal */
  readonly parts: readonly SavedPart[];
  /** @internal Stands for the machine that it was taken of; null: it is from a file. */
  readonly owner: object | null;

  /** @internal */
  constructor({ cycles, switches, config, source, image, parts, owner }: Content) {
    this.cycles = cycles;
    this.switches = switches;
    this.config = config;
    const isFromFile = typeof source === "object" && "id" in source;
    this.source = isFromFile ? null : source;
    this.id = isFromFile ? source.id : null;
    this.imageOrNull = image;
    this.parts = parts;
    this.owner = owner;
  }

  /** @internal */
  get image(): MemoryImage {
    if (this.imageOrNull !== null) return this.imageOrNull;
    throw new SnapshotError("the snapshot is empty: its memory was given to another one (reuse)");
  }

  /** @internal Gives its memory away. */
  giveImage(): MemoryImage {
    const { image } = this;
    this.imageOrNull = null;
    return image;
  }

  /** Identity of the kernel's build, or null if it has none. */
  get build(): string | null {
    return this.source === null ? this.id : buildIdOf(this.source);
  }

  /** Bytes of memory that it takes, without what bodies were given. */
  get size(): number {
    return this.image.size;
  }
}
