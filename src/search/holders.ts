// Who has which lock, step by step. The kernel does not know who shares one, nor do the originals; here it is told from
// what each step changes. Whoever waits to share an rwlock or sx, and does so no more, got it from whoever released
// it; all else that a step changes in the number of those that share a lock is its own thread's doing.

import * as Layout from "../generated/layout.js";
import type { Machine } from "../machine/machine.js";
import { type SyncKind, type SyncObjectView, syncObjects } from "../machine/sync-views.js";

const { Thread: T, ThreadLocks: TL } = Layout;

const LOCKS: readonly SyncKind[] = ["mutex", "rwlock", "sx", "rmlock", "lockmgr"];
/** Locks that are handed to those that wait to share them. */
const HANDED_OVER: readonly SyncKind[] = ["rwlock", "sx"];

/** A lock, and who has it: nobody, one thread alone, or those that share it. */
export interface LockState {
  readonly name: string;
  readonly holders: readonly string[];
  readonly isShared: boolean;
}

interface Lock {
  readonly view: SyncObjectView;
  /** Those that share it: one of them as often as it does. */
  sharers: readonly string[];
  /** Those that wait to share it. */
  waiting: readonly number[];
  state: LockState;
}

/** True if a thread waits for a lock so as to share it. */
export function waitsToShare({ kernel }: Machine, td: number, lock: SyncObjectView): boolean {
  const channel = kernel.read(td + T.td_wchan);
  if (lock.kind === "lockmgr") return channel !== lock.address;
  const own = (td >>> 3) + kernel.machine("locks_delta");
  return channel === lock.address && kernel.u8[own + TL.tl_blocked] === Layout.TS_SHARED;
}

/** How many share a lock. */
function sharedBy(lock: SyncObjectView): number {
  return lock.isOwned && lock.kind !== "rmlock" ? 0 : lock.value;
}

/** The holders of all locks of a machine. */
export class Holders {
  private readonly locks = new Map<number, Lock>();

  constructor(
    private readonly machine: Machine,
    /** What a thread is called. */
    private readonly nameOf: (td: number) => string,
  ) {}

  /** Takes in what a step of the thread `actor` has changed; gives the locks with other holders than before. */
  look(actor: string): LockState[] {
    const changed: LockState[] = [];
    for (const view of syncObjects(this.machine)) {
      if (!LOCKS.includes(view.kind)) continue;
      const lock = this.locks.get(view.address) ?? this.add(view);
      this.share(lock, actor);
      const state = this.stateOf(lock);
      if (isSame(state, lock.state)) continue;
      lock.state = state;
      changed.push(state);
    }
    return changed;
  }

  /** Those that share the lock at an address. */
  sharersOf(address: number): readonly string[] {
    return this.locks.get(address)?.sharers ?? [];
  }

  private add(view: SyncObjectView): Lock {
    const name = `${view.kind} ${view.name}`;
    const lock: Lock = {
      ...{ view, sharers: [], waiting: [] },
      state: { name, holders: [], isShared: false },
    };
    this.locks.set(view.address, lock);
    return lock;
  }

  private share(lock: Lock, actor: string): void {
    const { view } = lock;
    const waiting = [...this.machine.threads()]
      .map(({ address }) => address)
      .filter((td) => waitsToShare(this.machine, td, view));
    const got = HANDED_OVER.includes(view.kind)
      ? lock.waiting.filter((td) => !waiting.includes(td)).map(this.nameOf)
      : [];
    const sharers = [...lock.sharers, ...got];
    const count = sharedBy(view);
    while (sharers.length < count) sharers.push(actor);
    while (sharers.length > count) {
      const at = sharers.lastIndexOf(actor);
      sharers.splice(at < 0 ? sharers.length - 1 : at, 1);
    }
    lock.sharers = sharers;
    lock.waiting = waiting;
  }

  private stateOf({ view, sharers, state }: Lock): LockState {
    const { name } = state;
    if (sharers.length > 0) return { name, holders: [...new Set(sharers)], isShared: true };
    const { owner, isOwned } = view;
    if (owner === null && isOwned) return state; // it has ended
    return { name, holders: owner === null ? [] : [this.nameOf(owner.address)], isShared: false };
  }
}

function isSame(a: LockState, b: LockState): boolean {
  return a.isShared === b.isShared && a.holders.join("\n") === b.holders.join("\n");
}
