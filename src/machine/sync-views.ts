// Views over the kernel's synchronisation objects: who holds them, who waits for them, what they cost.

import * as Layout from "../generated/layout.js";
import type { Machine } from "./machine.js";
import { ThreadView } from "./views.js";

const { SyncObject: S } = Layout;

/** Kinds of synchronisation objects. */
export type SyncKind =
  | ("mutex" | "rwlock" | "sx" | "rmlock" | "lockmgr")
  | ("condition" | "semaphore" | "barrier" | "timer");

const kinds: Readonly<Record<number, SyncKind>> = {
  [Layout.KOBJ_MTX]: "mutex",
  [Layout.KOBJ_RW]: "rwlock",
  [Layout.KOBJ_SX]: "sx",
  [Layout.KOBJ_RM]: "rmlock",
  [Layout.KOBJ_LOCKMGR]: "lockmgr",
  [Layout.KOBJ_CV]: "condition",
  [Layout.KOBJ_SEMA]: "semaphore",
  [Layout.KOBJ_BARRIER]: "barrier",
  [Layout.KOBJ_TIMER]: "timer",
};

/** A synchronisation object: a property is read when it is asked for. */
export class SyncObjectView {
  /** Its address: what kernel calls take, and the channel of those who wait for it. */
  readonly address: number;
  readonly kind: SyncKind;
  private readonly machine: Machine;

  constructor(machine: Machine, address: number, kind: SyncKind) {
    this.machine = machine;
    this.address = address;
    this.kind = kind;
  }

  private word(offset: number): number {
    return this.machine.kernel.read(this.address + offset);
  }

  private signed(offset: number): number {
    return this.machine.kernel.readSigned(this.address + offset);
  }

  /** The name that it was made with. */
  get name(): string {
    const text = this.word(S.so_name);
    return text === 0 ? "" : this.machine.kernel.text(text);
  }

  /** Locks: whether somebody holds it alone. */
  get isOwned(): boolean {
    return this.word(S.so_owner) !== 0;
  }

  /**
   * Locks: who holds it alone; null if nobody does, or if the thread has ended without releasing it. An rmlock: that
   * thread, or the reader for which another one waits to have it alone.
   */
  get owner(): ThreadView | null {
    const address = this.word(S.so_owner);
    if (address === 0) return null;
    const thread = new ThreadView(this.machine.kernel, address);
    const isSame = thread.tid === this.ownerTid && thread.state !== "exited";
    return isSame ? thread : null;
  }

  /** Locks of lockmgr: whether it is held alone, by nobody in particular (lockmgr_disown). */
  get isDisowned(): boolean {
    return this.kind === "lockmgr" && this.word(Layout.LockMgr.lk_kernproc) !== 0;
  }

  /** Locks: thread id of the owner. */
  get ownerTid(): number {
    return this.signed(S.so_owner_tid);
  }

  /**
   * Semaphores: the value. Barriers: how many have arrived. Locks: how many share it, or how often its owner
   * recursed.
   */
  get value(): number {
    return this.signed(S.so_value);
  }

  /** Barriers: how many threads meet. */
  get limit(): number {
    return this.signed(S.so_limit);
  }

  /** Threads that wait, those included that were woken and have not run yet. */
  get waiters(): number {
    return this.signed(S.so_waiters);
  }

  /** Most waiters at a time. */
  get waitersMax(): number {
    return this.signed(S.so_waiters_max);
  }

  /** Locks and semaphore units taken, waits on a condition, openings of a barrier, uses of a timer. */
  get uses(): number {
    return this.word(S.so_uses);
  }

  /** How often a thread had to wait. */
  get contended(): number {
    return this.word(S.so_contended);
  }

  /** Cycles that threads have waited, all together. */
  get waitedCycles(): number {
    const { kernel } = this.machine;
    const since = kernel.readNumber(this.address + S.so_since);
    const open = this.waiters * Math.max(0, Number(this.machine.cycles) - since);
    return kernel.readNumber(this.address + S.so_waited) + open;
  }
}

function viewAt(machine: Machine, address: number): SyncObjectView | null {
  const kind = kinds[machine.kernel.read(address)];
  return kind === undefined ? null : new SyncObjectView(machine, address, kind);
}

/** All synchronisation objects, in the order in which they were made. */
export function syncObjects(machine: Machine): readonly SyncObjectView[] {
  const found: SyncObjectView[] = [];
  const end = machine.kernel.machine("kobj_next");
  for (let at = machine.kernel.machine("kobj_base"); at < end; at += Layout.KOBJ_SIZE) {
    const view = viewAt(machine, at);
    if (view !== null) found.push(view);
  }
  return found;
}

/** The synchronisation object at an address, which may be a channel of its, or null. */
export function syncObjectAt(machine: Machine, address: number): SyncObjectView | null {
  const { kernel } = machine;
  if (address < kernel.machine("kobj_base") || address >= kernel.machine("kobj_next")) return null;
  // A lock of lockmgr has a second channel; the mutex inside an rmlock is a part of that.
  const cell = address - (address % Layout.KOBJ_SIZE);
  if (kernel.read(cell) === Layout.KOBJ_RM_LOCK) {
    return new SyncObjectView(machine, cell, "rmlock");
  }
  const view = viewAt(machine, cell);
  return address === cell || view?.kind === "lockmgr" ? view : null;
}

/** The synchronisation object that a thread sleeps on, or null. */
export function waitsFor(machine: Machine, thread: ThreadView): SyncObjectView | null {
  return syncObjectAt(machine, thread.waitChannel);
}
