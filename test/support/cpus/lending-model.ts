// A plain model of priority lending, to compare the turnstiles with (assembly/kern/subr_turnstile.ts): owners and
// waiters are read from the machine, and what each thread should be lent is computed from the threads' own priorities.

import * as Layout from "../../../src/generated/layout.js";
import type { Machine } from "../../../src/index.js";

const { SyncObject: S, Thread: T, ThreadCold: C, ThreadLocks: L } = Layout;
const WORST = 255;
/** The priority of threads with deadlines. */
const DEADLINE = Layout.PRI_MIN_REALTIME;
/** The deadline of a thread that has none. */
const NEVER = Number.POSITIVE_INFINITY;

interface Waiter {
  readonly td: number;
  readonly lock: number;
}

/** The locks and threads of a machine, as they are in its memory. */
export class Lending {
  private readonly machine: Machine;
  private readonly threads: readonly number[];
  private readonly locks: readonly number[];
  private readonly levels: ReadonlyMap<number, number>;

  /** `levels` holds the own levels of LWKT threads without a process, which have no priority. */
  constructor(
    machine: Machine,
    threads: readonly number[],
    locks: readonly number[],
    levels: ReadonlyMap<number, number>,
  ) {
    this.machine = machine;
    this.threads = threads;
    this.locks = locks;
    this.levels = levels;
  }

  private read(address: number): number {
    return this.machine.kernel.read(address);
  }

  private byte(address: number): number {
    return this.machine.kernel.u8[address] as number;
  }

  private locksOf(td: number): number {
    return ((td >>> 3) + this.machine.kernel.machine("locks_delta")) >>> 0;
  }

  /** A thread's own priority. */
  base(td: number): number {
    const level = this.levels.get(td);
    return level === undefined
      ? this.byte(this.machine.kernel.cold(td) + C.td_base_pri)
      : priorityOf(level);
  }

  /** The priority by which a thread is queued. */
  priority(td: number): number {
    return this.levels.has(td)
      ? priorityOf(this.read(td + T.td_pri) & Layout.TDPRI_MASK)
      : this.byte(this.machine.kernel.cold(td) + C.td_priority);
  }

  /** The priority lent to a thread; 255 for none. */
  lent(td: number): number {
    return WORST - this.byte(this.locksOf(td) + L.tl_lent);
  }

  private waiters(): readonly Waiter[] {
    return this.threads
      .filter((td) => this.byte(this.locksOf(td) + L.tl_blocked) !== 0)
      .map((td) => ({ td, lock: this.read(td + T.td_wchan) }));
  }

  /** The priority that each thread should have, iterated until nothing changes. */
  expected(): Map<number, number> {
    const waiters = this.waiters();
    const best = new Map(this.threads.map((td) => [td, this.base(td)]));
    for (let hasChanged = true; hasChanged; ) {
      hasChanged = false;
      for (const { td, lock } of waiters) {
        const owner = this.read(lock + S.so_owner);
        const lends = (this.read(lock + S.so_flags) & Layout.MTX_NOLEND) === 0;
        const before = best.get(owner);
        const now = best.get(td) as number;
        if (!lends || before === undefined || before <= now) continue;
        best.set(owner, now);
        hasChanged = true;
      }
    }
    return best;
  }

  /** The deadline with a number; {@link NEVER} for 0. */
  private until(number: number): number {
    const { kernel } = this.machine;
    const { Deadline: D, DlCpu } = Layout;
    const first = kernel.machine("dl_base") + kernel.config.cpus * DlCpu.size;
    return number === 0 ? NEVER : kernel.readNumber(first + number * D.size + D.dl_until);
  }

  /** A thread's own deadline. */
  private own(td: number): number {
    const { kernel } = this.machine;
    const at = kernel.machine("dl_index") + 2 * this.machine.thread(td).index;
    return this.until(kernel.view.getUint16(at, true));
  }

  /** The deadline that is lent to a thread, as its locks have it. */
  lentUntil(td: number): number {
    const untils = [NEVER];
    if (this.lent(td) !== DEADLINE) return NEVER;
    let lock = this.read(this.locksOf(td) + L.tl_contested);
    for (; lock !== 0; lock = this.read(lock + S.so_contested)) untils.push(this.lentBy(lock));
    return Math.min(...untils);
  }

  /** The deadline that a lock lends its owner. */
  private lentBy(lock: number): number {
    return this.until(this.read(lock + S.so_due));
  }

  /**
   * The deadline that each thread should have, its own or lent, iterated until nothing changes; `priorities` are
   * the threads' priorities with what is lent.
   */
  private untils(priorities: ReadonlyMap<number, number>): Map<number, number> {
    const untils = new Map(this.threads.map((td) => [td, this.own(td)]));
    const waiters = this.waiters().filter(({ td }) => priorities.get(td) === DEADLINE);
    for (let hasChanged = true; hasChanged; ) {
      hasChanged = false;
      for (const { td, lock } of waiters) {
        const owner = this.read(lock + S.so_owner);
        const lends = (this.read(lock + S.so_flags) & Layout.MTX_NOLEND) === 0;
        const before = untils.get(owner);
        const now = untils.get(td) as number;
        if (!lends || before === undefined || before <= now || this.lent(owner) !== DEADLINE)
          continue;
        untils.set(owner, now);
        hasChanged = true;
      }
    }
    return untils;
  }

  /** True while a request for a thread is still to be carried out. */
  private isAsked(td: number): boolean {
    const { kernel } = this.machine;
    const delta = kernel.machine("letter_delta");
    return delta !== 0 && this.read(((td >>> 2) + delta) >>> 0) !== 0;
  }

  /** Violations of the rule, as sentences. */
  faults(): string[] {
    const found: string[] = [];
    const expected = this.expected();
    for (const td of this.threads) {
      const want = expected.get(td) as number;
      const has = Math.min(this.base(td), this.lent(td));
      if (has !== want) found.push(`${td}: priority ${has} with what is lent, not ${want}`);
      if (this.lent(td) !== WORST && this.lent(td) < want) found.push(`${td}: lent too much`);
      const queued = this.levels.has(td) ? priorityOf(levelOf(want)) : want;
      if (!this.isAsked(td) && this.priority(td) !== queued) {
        found.push(`${td}: queued by priority ${this.priority(td)}, not ${queued}`);
      }
    }
    const untils = this.untils(expected);
    for (const td of this.threads) {
      const has = Math.min(this.own(td), this.lentUntil(td));
      const want = untils.get(td) as number;
      if (has !== want) found.push(`${td}: deadline ${has} with what is lent, not ${want}`);
    }
    for (const lock of this.locks) found.push(...this.queueFaults(lock, expected, untils));
    return found;
  }

  /** Checks the queues of a lock: in order of priority, of deadlines among these, and complete. */
  private queueFaults(
    lock: number,
    expected: ReadonlyMap<number, number>,
    untils: ReadonlyMap<number, number>,
  ): string[] {
    const found: string[] = [];
    const lends = (this.read(lock + S.so_flags) & Layout.MTX_NOLEND) === 0;
    const alone = this.queue(lock + S.so_first);
    const shared = this.queue(lock + S.so_shared_first);
    const waiting = this.waiters().filter((waiter) => waiter.lock === lock).length;
    if (alone.length + shared.length !== waiting) {
      found.push(
        `lock ${lock}: ${alone.length} and ${shared.length} in its queues, not ${waiting}`,
      );
    }
    const isOwned = this.read(lock + S.so_owner) !== 0;
    const isShared = this.read(lock + S.so_value) !== 0;
    if (waiting > 0 && !isOwned && !isShared) found.push(`lock ${lock} is free`);
    if (waiting > 0 && !isOwned && isShared && alone.length === 0) {
      found.push(`lock ${lock} is shared, and others wait for that`);
    }
    for (const queue of lends ? [alone, shared] : []) {
      const order = queue.map((td) => expected.get(td) as number);
      const sorted = [...order].sort((a, b) => a - b);
      if (order.join() !== sorted.join()) found.push(`lock ${lock}: queue ${order}`);
      const due = queue.filter((_, i) => order[i] === DEADLINE).map((td) => untils.get(td));
      if (due.some((until, i) => i > 0 && (due[i - 1] as number) > (until as number))) {
        found.push(`lock ${lock}: deadlines ${due} in its queue`);
      }
    }
    return found;
  }

  private queue(first: number): number[] {
    const queue: number[] = [];
    for (let td = this.read(first); td !== 0; td = this.read(td + T.td_qnext)) queue.push(td);
    return queue;
  }
}

/** The priority that a level of LWKT counts as. */
function priorityOf(level: number): number {
  return 8 * (31 - level);
}

/** The level of LWKT for a priority. */
function levelOf(priority: number): number {
  return 31 - (priority >>> 3);
}
