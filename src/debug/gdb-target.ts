// What gdb's session (gdb-session.ts) debugs: a machine's threads, or a program on bare metal.

import type { Stop } from "./debugger.js";
import type { WatchKind, Watchpoint } from "./stops.js";

/** A thread as gdb knows it. */
export interface GdbThread {
  readonly tid: number;
  readonly index: number;
  readonly cpu: number;
  readonly name: string;
  readonly state: string;
  readonly waitMessage: string | null;
}

/** What a session asks of a debugger. */
export interface GdbTarget {
  /** The thread that the last stop was about; null when there is none. */
  readonly thread: GdbThread | null;
  threads(): readonly GdbThread[];
  addBreakpoint(address: number): void;
  removeBreakpoint(address: number): void;
  addWatchpoint(watchpoint: Watchpoint): boolean;
  removeWatchpoint(kind: WatchKind, address: number, size: number): void;
  register(thread: GdbThread, number: number): number;
  setRegister(thread: GdbThread, number: number, value: number): boolean;
  readMemory(address: number, size: number): Uint8Array;
  writeMemory(address: number, bytes: Uint8Array): boolean;
  resume(): Promise<Stop>;
  step(thread: GdbThread): Promise<Stop>;
}

/** A control and status register that gdb may ask for. */
export interface CsrName {
  readonly name: string;
  /** gdb's number of the register. */
  readonly number: number;
}

/** What not all of them can. */
export interface GdbAbilities {
  /** Runs backward; null where nothing is kept of the past. */
  readonly past: {
    reverse(): Promise<Stop>;
    reverseStep(thread: GdbThread): Promise<Stop>;
  } | null;
  readonly csrs: readonly CsrName[];
  /** Answers to gdb's `monitor` command. */
  monitor(command: string): string;
}
