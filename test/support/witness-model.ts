// What WITNESS must report, by the rules of witness(4) (subr_witness.c), as plain lists: types by name and class,
// which type was taken directly inside which, and what follows from that through chains. The model writes the lines
// that the kernel must print.

/** Classes of locks, and whether a thread may sleep with them. */
const CLASSES = {
  mutex: { text: "sleep mutex", sleepable: false },
  user: { text: "sleep mutex", sleepable: true },
  rw: { text: "rw", sleepable: false },
  sx: { text: "sx", sleepable: true },
  spin: { text: "spin mutex", sleepable: false },
} as const;

/** A class of lock; `user` are mutexes that lend nothing. */
export type LockClass = keyof typeof CLASSES;

export interface ModelLock {
  readonly address: number;
  readonly name: string;
  readonly kind: LockClass;
}

interface Step {
  readonly from: string;
  readonly to: string;
  readonly thread: string;
}

/** A thread with its id, as it is printed. */
function told({ thread }: Pick<Step, "thread">): string {
  return `thread ${thread}`;
}

/** Mutexes of both kinds are of one class. */
function typeOf({ kind, name }: ModelLock): string {
  return `${kind === "user" ? "mutex" : kind} ${name}`;
}

function nameOf(type: string): string {
  return type.slice(type.indexOf(" ") + 1);
}

export class WitnessModel {
  /** The orders in which types were taken, the oldest first. */
  private readonly steps: Step[] = [];
  private readonly reversed = new Set<string>();
  private readonly twice = new Set<string>();
  readonly lines: string[] = [];

  /** True if `to` lies below `from` in the recorded orders. */
  private isBelow(from: string, to: string, seen = new Set<string>()): boolean {
    if (seen.has(from)) return false;
    seen.add(from);
    return this.steps.some(
      (step) => step.from === from && (step.to === to || this.isBelow(step.to, to, seen)),
    );
  }

  /** A thread that holds `held`, the latest last, is about to take a lock and may wait for it. */
  wants(thread: string, held: readonly ModelLock[], lock: ModelLock): void {
    const isSpin = lock.kind === "spin";
    const compared = held.filter(({ kind }) => (kind === "spin") === isSpin).reverse();
    const [latest] = compared;
    if (latest === undefined) return;
    const [from, to] = [typeOf(latest), typeOf(lock)];
    if (from === to) {
      this.double(thread, latest, lock);
      return;
    }
    if (this.steps.some((step) => step.from === from && step.to === to)) return;
    for (const [i, other] of compared.entries()) {
      const sleeps = CLASSES[lock.kind].sleepable && !CLASSES[other.kind].sleepable;
      if (!sleeps && !this.isBelow(to, typeOf(other))) continue;
      const earlier = compared.slice(i + 1).find((one) => typeOf(one) === to);
      this.reversal(thread, sleeps, earlier, other, lock);
      return;
    }
    this.steps.push({ from, to, thread });
  }

  private double(thread: string, first: ModelLock, second: ModelLock): void {
    const type = typeOf(second);
    if (this.twice.has(type)) return;
    this.twice.add(type);
    this.lines.push(
      `acquiring duplicate lock of same type: "${second.name}"`,
      ` 1st ${hex(first)}`,
      ` 2nd ${hex(second)}, by ${told({ thread })}`,
    );
  }

  private reversal(
    thread: string,
    sleeps: boolean,
    earlier: ModelLock | undefined,
    held: ModelLock,
    wanted: ModelLock,
  ): void {
    const [first, second] = [typeOf(held), typeOf(wanted)];
    if (this.reversed.has(`${first},${second}`)) return;
    this.reversed.add(`${first},${second}`).add(`${second},${first}`);
    this.lines.push(`lock order reversal:${sleeps ? " (sleepable after non-sleepable)" : ""}`);
    const locks = earlier === undefined ? [held, wanted] : [earlier, held, wanted];
    locks.forEach((lock, i) => {
      const place = ["1st", "2nd", "3rd"][i];
      const { text } = CLASSES[lock.kind];
      this.lines.push(` ${place} ${hex(lock)} ${lock.name} (${lock.name}, ${text})`);
    });
    if (this.isBelow(second, first)) this.lines.push(...this.chain(second, first));
    this.lines.push(`lock order ${held.name} -> ${wanted.name} attempted by ${told({ thread })}`);
  }

  /** The recorded orders that lead from one type to another: at each, the direct one, or else the oldest. */
  private chain(from: string, to: string): string[] {
    const lines: string[] = [];
    for (let at = from; at !== to; ) {
      const ways = this.steps.filter((step) => step.from === at);
      const step =
        ways.find((one) => one.to === to) ?? ways.find((one) => this.isBelow(one.to, to));
      if (step === undefined) throw new Error("there is no such chain");
      lines.push(`lock order ${nameOf(at)} -> ${nameOf(step.to)} established by ${told(step)}`);
      at = step.to;
    }
    return lines;
  }
}

function hex({ address }: ModelLock): string {
  return `0x${address.toString(16)}`;
}
