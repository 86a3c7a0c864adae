/**
 * A scheduler of one's own, in JavaScript: slow, for experiments. `new Machine({ scheduler })` takes one.
 *
 * The kernel keeps which threads wait for which CPU, moves them when they are woken, suspended or bound, and places
 * them between two rounds. The scheduler orders those that wait. A run is as deterministic as the scheduler: what it
 * decides must follow from what it was told, in that order, and from `machine.random()`; a clock, `Math.random` or a
 * network would make each run another one.
 */

/** A thread, as a scheduler sees it: the same object as long as the thread lives. */
export interface SchedulerThread {
  /** Identifies it among the living. */
  readonly address: number;
  readonly tid: number;
  readonly name: string;
  /** FreeBSD priority, 0 to 255; smaller should run first. */
  readonly priority: number;
  /** Nice value, -20 to 19; 0 without a policy. */
  readonly nice: number;
  /** CPU time in cycles: of a thread that runs up to its last tick; in add() with the turn that is over. */
  readonly runtime: number;
}

/** What a scheduler may ask its machine. */
export interface SchedulerMachine {
  /** The next number of the machine's own sequence, 0 to 2^32 - 1: the seed decides. */
  random(): number;
  /** Virtual time at the start of the round, in cycles. */
  readonly now: number;
  readonly cpus: number;
  /**
   * The thread of an address, for load(). What save() tells of threads that do not wait may be of some that have ended:
   * of one that lives, `thread(one.address)` is the same object.
   */
  thread(address: number): SchedulerThread;
}

/** A scheduler. Every method is called in the middle of a step, and must not call the machine's methods. */
export interface Scheduler {
  /** How reports call it. */
  readonly name: string;
  /** A machine with this scheduler boots: everything from an earlier one is over. */
  start?(machine: SchedulerMachine): void;
  /**
   * A thread waits for a CPU.
   * @param keepsTurn it ran there, and had to leave before its slice was over
   */
  add(thread: SchedulerThread, cpu: number, keepsTurn: boolean): void;
  /** A thread that waited for a CPU does not any more: it is gone, suspended, or moves to another one. */
  remove(thread: SchedulerThread, cpu: number): void;
  /**
   * Which of the threads that wait for a CPU runs next? There is at least one. The scheduler takes it off what it keeps:
   * remove() is not called for it.
   */
  choose(cpu: number): SchedulerThread;
  /** Does a thread take the CPU from the one that runs? Without this method never. */
  preempts?(thread: SchedulerThread, current: SchedulerThread): boolean;
  /**
   * A thread has run for some ticks of the scheduler's clock (127 a second, or more often if `roundRobin` asks for
   * that): is its slice over? Without this method it is after `roundRobin`.
   */
  tick?(thread: SchedulerThread, cpu: number, ticks: number): boolean;
  /**
   * To which of these CPUs does a thread go that was made runnable? Without this method to an idle one, its last one if
   * it can be, or else to the one for which the fewest wait.
   */
  pickCpu?(thread: SchedulerThread, allowed: readonly number[]): number;
  /**
   * All that it keeps, as a value for JSON, with threads by their addresses. A machine has snapshots, and a past to go
   * back to, if its scheduler has this method and load().
   */
  save?(): unknown;
  /** Goes back to what save() gave: everything since then has not happened. start() was called before. */
  load?(saved: unknown, machine: SchedulerMachine): void;
}

/** Why something is no scheduler; null if it is one. */
export function schedulerFault(value: unknown): string | null {
  if (typeof value !== "object" || value === null) return "it is no object";
  const { name, ...own } = value as Scheduler;
  if (typeof name !== "string" || name === "") return "its name is no text";
  for (const method of ["add", "remove", "choose"] as const) {
    if (typeof (value as Scheduler)[method] !== "function") return `it has no method ${method}()`;
  }
  for (const method of ["start", "preempts", "tick", "pickCpu", "save", "load"] as const) {
    const given: unknown = (value as Scheduler)[method] ?? own[method];
    if (given !== undefined && typeof given !== "function") return `its ${method} is no function`;
  }
  const { save, load } = value as Scheduler;
  if (save !== undefined && load === undefined) return "it has save(), and no load()";
  return save === undefined && load !== undefined ? "it has load(), and no save()" : null;
}

/** What stands for the scheduler of a machine whose snapshot comes from a file: its name, and nothing that decides. */
export function absentScheduler(name: string): Scheduler {
  const absent = (): never => {
    throw new TypeError(
      `the scheduler ${JSON.stringify(name)} is not here: a file has its name only`,
    );
  };
  return { name, add: absent, remove: absent, choose: absent };
}

/** The kernel's questions, by addresses of threads (assembly/env.ts). */
export interface SchedulerHooks {
  sched_queue(td: number, cpu: number, keepsTurn: number): void;
  sched_unqueue(td: number, cpu: number): void;
  sched_take(cpu: number): number;
  sched_preempts(td: number, current: number): number;
  sched_tick(td: number, cpu: number, ticks: number): number;
  sched_pick_cpu(td: number, low: number, high: number): number;
}

/** What a scheduler keeps and what the hooks know beside it, for a snapshot. */
export interface SavedScheduler {
  /** The addresses of the threads that wait for each CPU. */
  readonly waiting: readonly (readonly number[])[];
  /** What save() gave, as JSON: nobody can change it. */
  readonly state: string;
}

/** The questions to one scheduler, and its state. */
export interface AttachedScheduler extends SchedulerHooks {
  /** @throws Error if the scheduler cannot say what it keeps. */
  save(): SavedScheduler;
  /**
   * @throws Error if the scheduler does not go back to it. Then it answers no question any more before another
   * load.
   */
  load(saved: SavedScheduler): void;
}

/** Where the hooks get threads from, and what they tell of. */
export interface SchedulerWorld extends SchedulerMachine {
  /** What a scheduler throws, or decides without any right to: the run ends with it when the step is done. */
  fail(error: unknown): void;
}

/** Whose scheduler each one is: of the machine that has booted with it last. */
const worlds = new WeakMap<Scheduler, SchedulerWorld>();

/** A scheduler as its machine asks it. */
class Asked {
  /** Why the scheduler is not where the machine is. */
  astray: Error | null = null;

  constructor(
    private readonly scheduler: Scheduler,
    private readonly world: SchedulerWorld,
  ) {
    worlds.set(scheduler, world);
  }

  /** Its answer, or another one where it throws: the run ends with that when the step is done. */
  ask<T>(question: () => T, otherwise: T): T {
    try {
      this.checkOwner();
      if (this.astray !== null) throw this.astray;
      return question();
    } catch (error) {
      this.world.fail(error);
      return otherwise;
    }
  }

  /** @throws TypeError when another machine has booted with it meanwhile. */
  checkOwner(): void {
    if (worlds.get(this.scheduler) === this.world) return;
    throw new TypeError(
      `the scheduler ${this.name} decides for another machine by now, which has booted with the same object: give each machine one of its own`,
    );
  }

  wrong(method: string, why: string): TypeError {
    return new TypeError(`the scheduler ${this.name}: ${method}() ${why}`);
  }

  private get name(): string {
    return JSON.stringify(this.scheduler.name);
  }
}

/** What a scheduler may have overlooked that chooses a thread that runs already. */
const CHOSEN =
  "one that it has chosen before waits again only when add() says so, and choose() takes it off, since remove() is not called for it";

/**
 * The kernel's questions, put to a scheduler. What it must not answer becomes an error that the run ends with, and
 * the kernel gets an answer that keeps it in order: its state is as sound as before.
 */
export function schedulerHooks(scheduler: Scheduler, world: SchedulerWorld): AttachedScheduler {
  let waiting = Array.from({ length: world.cpus }, () => new Set<number>());
  const asked = new Asked(scheduler, world);
  const queue = (cpu: number) => waiting[cpu] as Set<number>;
  asked.ask(() => scheduler.start?.(world), undefined);
  return {
    save() {
      asked.checkOwner();
      return { waiting: waiting.map((tds) => [...tds]), state: stateOf(scheduler) };
    },
    load(saved) {
      asked.checkOwner();
      waiting = saved.waiting.map((tds) => new Set(tds));
      asked.astray = asked.wrong(
        "load",
        "has not led to where the machine is; put back another snapshot",
      );
      loadState(scheduler, saved.state, world);
      asked.astray = null;
    },
    sched_queue(td, cpu, keepsTurn) {
      const address = td >>> 0;
      queue(cpu).add(address);
      asked.ask(() => scheduler.add(world.thread(address), cpu, keepsTurn !== 0), undefined);
    },
    sched_unqueue(td, cpu) {
      const address = td >>> 0;
      queue(cpu).delete(address);
      asked.ask(() => scheduler.remove(world.thread(address), cpu), undefined);
    },
    sched_take(cpu) {
      const [first] = queue(cpu);
      const address = asked.ask(() => {
        const chosen = scheduler.choose(cpu)?.address;
        if (chosen !== undefined && queue(cpu).has(chosen)) return chosen;
        throw asked.wrong("choose", `has chosen no thread that waits for CPU ${cpu}; ${CHOSEN}`);
      }, first as number);
      queue(cpu).delete(address);
      return address;
    },
    sched_preempts(td, current) {
      const { preempts } = scheduler;
      if (preempts === undefined) return 0;
      const [one, other] = [world.thread(td >>> 0), world.thread(current >>> 0)];
      return asked.ask(() => (preempts.call(scheduler, one, other) ? 1 : 0), 0);
    },
    sched_tick(td, cpu, ticks) {
      const { tick } = scheduler;
      if (tick === undefined) return -1;
      return asked.ask(() => (tick.call(scheduler, world.thread(td >>> 0), cpu, ticks) ? 1 : 0), 0);
    },
    sched_pick_cpu(td, low, high) {
      const { pickCpu } = scheduler;
      if (pickCpu === undefined) return -1;
      const set = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
      const allowed = waiting.flatMap((_, cpu) =>
        ((set >> BigInt(cpu)) & 1n) === 1n ? [cpu] : [],
      );
      return asked.ask(() => {
        const cpu = pickCpu.call(scheduler, world.thread(td >>> 0), allowed);
        if (allowed.includes(cpu)) return cpu;
        throw asked.wrong(
          "pickCpu",
          `has picked ${String(cpu)}, which is none of ${allowed.join(", ")}`,
        );
      }, -1);
    },
  };
}

/** What a scheduler keeps, as JSON. */
function stateOf(scheduler: Scheduler): string {
  const wrong = (why: string, cause?: unknown) =>
    new TypeError(
      `the scheduler ${JSON.stringify(scheduler.name)}: save() must give a value for JSON, with threads by their addresses, and ${why}`,
      { cause },
    );
  const saved = scheduler.save?.();
  let state: string | undefined;
  try {
    state = JSON.stringify(saved);
  } catch (error) {
    throw wrong(`what it gave is none: ${(error as Error).message}`, error);
  }
  if (state === undefined) throw wrong(`gave ${typeof saved}`);
  return state;
}

/** Has a scheduler go back to what it kept, and looks whether it has: what it saves then must be the same. */
function loadState(scheduler: Scheduler, state: string, machine: SchedulerMachine): void {
  scheduler.load?.(JSON.parse(state), machine);
  if (stateOf(scheduler) === state) return;
  throw new TypeError(
    `the scheduler ${JSON.stringify(scheduler.name)}: load() has not brought back what save() gave, since save() gives something else behind it`,
  );
}
