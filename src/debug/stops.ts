// What a kernel stops at for a debugger: marks and watched memory. They are in the kernel's memory only while
// it runs for the debugger, so that nothing else ever sees any (assembly/cpu/rv32_break.ts).

import type { Kernel } from "../core/kernel.js";
import * as Layout from "../generated/layout.js";

/** Accesses to memory that can be watched. */
export type WatchKind = "write" | "read" | "access";

/** A range of guest memory that is watched. */
export interface Watchpoint {
  readonly kind: WatchKind;
  readonly address: number;
  /** Bytes. */
  readonly size: number;
}

/** What a machine stops at. */
export interface Stops {
  /** Guest addresses of instructions. */
  readonly marks: Iterable<number>;
  /** At most WATCHES_MAX (assembly/sys/param.ts). */
  readonly watches: readonly Watchpoint[];
}

const accessOf: Readonly<Record<WatchKind, number>> = {
  write: Layout.WATCH_STORES,
  read: Layout.WATCH_LOADS,
  access: Layout.WATCH_STORES | Layout.WATCH_LOADS,
};

/** What is armed in a kernel. */
export class ArmedStops {
  private watches: readonly Watchpoint[] = [];
  private marks: readonly number[] = [];

  constructor(private readonly kernel: Kernel) {}

  /** Arms these stops alone; `debug` is what else the kernel is to do for a debugger (DEBUG_*). */
  arm({ marks, watches }: Stops, debug: number): void {
    const { exports } = this.kernel;
    for (const mark of this.marks) exports.debug_unmark(mark);
    this.marks = [...marks];
    for (const mark of this.marks) exports.debug_mark(mark);
    const count = Math.max(watches.length, this.watches.length);
    for (let index = 0; index < count; index++) {
      const { address, size, kind } = watches[index] ?? { address: 0, size: 0, kind: null };
      exports.debug_watch(index, address, size, kind === null ? 0 : accessOf[kind]);
    }
    this.watches = watches;
    this.kernel.setMachine("debug", debug);
  }

  /** Leaves nothing in the kernel's memory that a debugger has put there. */
  disarm(): void {
    this.arm({ marks: [], watches: [] }, 0);
    this.kernel.setMachine("watch_hit", 0);
    this.kernel.setMachine("watch_address", 0);
  }

  /** The watchpoint that was hit in the last run or step, or null. */
  get watchHit(): Watchpoint | null {
    return this.watches[this.kernel.machine("watch_hit") - 1] ?? null;
  }
}
