// The body of a thread of a case for several CPUs: its operations in order, without those that are invalid at their
// place, and followed by what a thread does after its last one (FORMAT.md of these cases, section 3).

import { InputError } from "./difference.js";

/** An operation: its name and numbers. */
export type CpusOp = readonly [name: string, ...args: number[]];

/** A thread of a case. */
export interface CpusThread {
  readonly name: string;
  readonly cpu: number;
  readonly level: number;
  readonly body: readonly CpusOp[];
}

/** A recorded case. */
export interface CpusCase {
  readonly name: string;
  readonly about: string;
  readonly cpus: number;
  /** Owner, and the CPU that it goes back to. */
  readonly tokens: readonly (readonly [number, number])[];
  readonly waits: readonly (readonly [number, number])[];
  readonly threads: readonly CpusThread[];
  readonly log: readonly unknown[];
  readonly final: unknown;
}

/** A body in progress. */
export class CpusBody {
  /** The last operation begun. */
  pc = -1;
  private gen = 0;
  private sections = 0;
  private readonly held: number[] = [];

  constructor(private readonly ops: readonly CpusOp[]) {}

  /** What the last operation returned. */
  returned(value: number): void {
    if (this.ops[this.pc]?.[0] === "gen") this.gen = value;
  }

  /** The next operation, with the generation of a block and the token of a release filled in; null at the end. */
  next(): CpusOp | null {
    while (this.pc < this.ops.length) {
      this.pc++;
      const op = this.ops[this.pc];
      const found = op === undefined ? this.ending() : this.allowed(op);
      if (found !== null) return found;
    }
    return this.ending();
  }

  private ending(): CpusOp | null {
    return this.allowed(["reltoken"]) ?? this.allowed(["crit_exit"]);
  }

  private allowed(op: CpusOp): CpusOp | null {
    const [name, a = 0] = op;
    switch (name) {
      case "crit_enter":
        this.sections++;
        return op;
      case "crit_exit":
        if (this.sections === 0) return null;
        this.sections--;
        return op;
      case "gettoken":
        this.held.push(a);
        return op;
      case "regettoken":
        return this.held.includes(a) ? op : null;
      case "reltoken": {
        const last = this.held.pop();
        return last === undefined ? null : [name, last];
      }
      case "block":
        return [name, a, this.gen];
      default:
        return op;
    }
  }
}

/** An element of a list of a case; an {@link InputError} names one that does not exist. */
export function element<E>(list: readonly E[], index: number | undefined, what: string): E {
  const found = list[index ?? -1];
  if (found === undefined) throw new InputError(`there is no ${what} ${String(index)}`);
  return found;
}
