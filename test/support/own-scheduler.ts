// A scheduler of one's own for the tests of snapshots, which does a little of everything: a lottery with
// slices, CPUs and preemption that depend on what has happened before, so that whatever is not brought back
// soon shows.

import type { Scheduler, SchedulerMachine, SchedulerThread } from "../../src/index.js";

interface Saved {
  readonly waiting: readonly (readonly (readonly [address: number, tickets: number])[])[];
  readonly turns: readonly (readonly [address: number, turns: number])[];
  readonly decisions: number;
}

export class Fickle implements Scheduler {
  readonly name = "fickle";
  private machine!: SchedulerMachine;
  /** The threads that wait for each CPU, in order of arrival, with their tickets. */
  private waiting: Map<SchedulerThread, number>[] = [];
  /** How often each thread was chosen. */
  private turns = new Map<SchedulerThread, number>();
  private decisions = 0;

  start(machine: SchedulerMachine): void {
    this.machine = machine;
    this.waiting = Array.from({ length: machine.cpus }, () => new Map());
    this.turns = new Map();
    this.decisions = 0;
  }

  private queue(cpu: number): Map<SchedulerThread, number> {
    return this.waiting[cpu] as Map<SchedulerThread, number>;
  }

  add(thread: SchedulerThread, cpu: number, keepsTurn: boolean): void {
    const turns = this.turns.get(thread) ?? 0;
    this.queue(cpu).set(thread, (keepsTurn ? 40 : 20) + (turns % 7) + (thread.priority % 5));
  }

  remove(thread: SchedulerThread, cpu: number): void {
    this.queue(cpu).delete(thread);
  }

  choose(cpu: number): SchedulerThread {
    const threads = this.queue(cpu);
    let total = 0;
    for (const tickets of threads.values()) total += tickets;
    let drawn = (this.machine.random() + ++this.decisions) % total;
    for (const [thread, tickets] of threads) {
      drawn -= tickets;
      if (drawn >= 0) continue;
      threads.delete(thread);
      this.turns.set(thread, (this.turns.get(thread) ?? 0) + 1);
      return thread;
    }
    throw new Error("no thread has the ticket");
  }

  preempts(thread: SchedulerThread, current: SchedulerThread): boolean {
    return ++this.decisions % 3 === 0 && thread.priority < current.priority;
  }

  tick(): boolean {
    return ++this.decisions % 2 === 0;
  }

  pickCpu(_thread: SchedulerThread, allowed: readonly number[]): number {
    return allowed[++this.decisions % allowed.length] as number;
  }

  save(): Saved {
    return {
      waiting: this.waiting.map((threads) => [...threads].map(([td, n]) => [td.address, n])),
      turns: [...this.turns]
        .filter(([td]) => this.machine.thread(td.address) === td)
        .map(([{ address }, n]) => [address, n]),
      decisions: this.decisions,
    };
  }

  load({ waiting, turns, decisions }: Saved, machine: SchedulerMachine): void {
    const entry = ([address, n]: readonly [number, number]) =>
      [machine.thread(address), n] as const;
    this.waiting = waiting.map((threads) => new Map(threads.map(entry)));
    this.turns = new Map(turns.map(entry));
    this.decisions = decisions;
  }
}
