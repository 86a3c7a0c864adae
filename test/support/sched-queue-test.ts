// The run queues of 4bsd and ule beside a plain model: threads of every fixed rank are woken and given other
// ranks while they wait, and then run one by one, in the order that the model says.

import { Machine, sys } from "../../src/index.js";
import { buildUnderTest } from "./build.js";
import { Random } from "./random.js";

/** A thread's rank: the level, and within that of deadlines the deadline. */
interface Rank {
  readonly level: number;
  readonly deadlineUs: number;
  /** FreeBSD priority. */
  readonly priority: number;
}

interface Actor extends Rank {
  readonly id: number;
  readonly thread: number;
  /** Its place in line, growing; null while it sleeps. */
  place: number | null;
  /** While it waits: the rank that it is queued by. */
  queued: Rank;
}

const THREADS = 40;
const LEVEL_DEADLINE = 16;
const MIN_REALTIME = 16;
const MIN_KERNEL = 48;
const MIN_IDLE = 224;
/** The deadline of a thread that has none: behind all others. */
const NEVER = Number.MAX_SAFE_INTEGER;

/** The level of a fixed priority (assembly/sys/prioq.ts). */
function levelOf(priority: number): number {
  if (priority <= MIN_REALTIME) return priority;
  if (priority < MIN_KERNEL) return 17 + Math.floor(((priority - MIN_REALTIME - 1) * 99) / 31);
  return 116 + priority - MIN_KERNEL;
}

export class SchedQueueTest {
  operations = 0;
  private readonly random: Random;
  private readonly machine: Machine;
  private readonly mask: number;
  private readonly actors: Actor[] = [];
  private readonly order: number[] = [];
  private line = 0;
  private readonly scheduler: "4bsd" | "ule";

  constructor(seed: number, scheduler: "4bsd" | "ule") {
    this.random = new Random(seed);
    this.scheduler = scheduler;
    const runQueues = this.random.pick([64, 256] as const);
    this.mask = runQueues === 64 ? 0xfc : 0xff;
    this.machine = new Machine({ scheduler, runQueues, maxthread: 1_000 }, buildUnderTest);
    for (let id = 0; id < THREADS; id++) this.actors.push(this.actor(id));
    this.machine.createProcess({
      name: "clock", // a machine in which nothing can happen any more has no time
      *body() {
        while (true) yield* sys.pause("tick", 5_000);
      },
    });
    this.machine.run({ until: this.machine.cycles + 2_000_000_000n });
  }

  private actor(id: number): Actor {
    const { order } = this;
    const process = this.machine.createProcess({
      name: `a${id}`,
      *body() {
        while (true) {
          yield* sys.tsleep(`a${id}`, 0, "wait", 0);
          order.push(id);
          yield* sys.compute(1_000n);
        }
      },
    });
    const [thread] = process.threads();
    const rank = this.fixed(80);
    const actor = { id, thread: thread?.address ?? 0, place: null, queued: rank, ...rank };
    this.machine.call(sys.sched_prio(actor.thread, 80));
    return actor;
  }

  private fixed(priority: number): Rank {
    const first = priority & this.mask;
    const level = levelOf(first === MIN_REALTIME ? priority : first); // the deadlines' level is theirs alone
    return { level, deadlineUs: NEVER, priority };
  }

  /** Does about `size` operations; throws when an order is not the model's. */
  run(size: number): void {
    while (this.operations < size) {
      for (let i = this.random.below(60) + 1; i > 0; i--) this.step();
      this.check();
    }
  }

  private step(): void {
    this.operations++;
    const actor = this.random.pick(this.actors);
    if (this.random.below(2) === 0) {
      this.machine.call(sys.wakeup(`a${actor.id}`));
      if (actor.place === null) this.queue(actor);
      return;
    }
    this.change(actor);
  }

  private change(actor: Actor): void {
    const { random } = this;
    switch (random.below(4)) {
      case 0: {
        const priority = random.pick([0, 7, 15, 16, 17, 30, 47, 48, 60, 61, 87]);
        this.machine.call(sys.sched_prio(actor.thread, priority));
        this.becomes(actor, this.fixed(priority), false);
        return;
      }
      case 1: {
        const rt = 1 + random.below(99);
        this.machine.call(sys.sched_setscheduler(actor.thread, random.pick([1, 2]), rt));
        const priority = MIN_REALTIME + 1 + Math.floor(((99 - rt) * 31) / 99);
        this.becomes(actor, { level: 116 - rt, deadlineUs: NEVER, priority }, true);
        return;
      }
      case 2: {
        const nice = random.below(40) - 20;
        this.machine.call(sys.sched_setscheduler(actor.thread, 5, nice));
        this.becomes(actor, this.fixed(MIN_IDLE + Math.floor(((nice + 20) * 32) / 40)), true);
        return;
      }
      default: {
        const deadlineUs = 200_000 + random.below(20) * 10_000;
        const [error] = this.machine.call(
          sys.sched_setdeadline(actor.thread, 1_000, deadlineUs, deadlineUs),
        );
        if (error !== 0) throw new Error(`a deadline is refused with ${error}`);
        const rank = { level: LEVEL_DEADLINE, deadlineUs, priority: MIN_REALTIME };
        this.becomes(actor, rank, true);
      }
    }
  }

  /**
   * A thread whose level changes goes to the end of the new one. Under ule so does one that is given a policy, or a
   * better priority; one without a policy whose priority gets worse keeps its place (sched_thread_priority).
   */
  private becomes(actor: Actor, rank: Rank, isPolicy: boolean): void {
    const isOther = actor.level !== rank.level;
    const hadPolicy =
      actor.deadlineUs !== NEVER || actor.level !== this.fixed(actor.priority).level;
    const isBetter = rank.priority < actor.priority;
    const isMoved =
      this.scheduler === "ule" ? isPolicy || isBetter || (hadPolicy && isOther) : isOther;
    Object.assign(actor, rank);
    if (actor.place !== null && isMoved) this.queue(actor);
  }

  /** Puts an actor at the end of its level. */
  private queue(actor: Actor): void {
    actor.place = this.line++;
    const { level, deadlineUs, priority } = actor;
    actor.queued = { level, deadlineUs, priority };
  }

  /** Lets all run that wait. */
  private check(): void {
    const waiting = this.actors.filter(({ place }) => place !== null);
    const expected = waiting
      .sort(
        (a, b) =>
          a.queued.level - b.queued.level ||
          a.deadlineUs - b.deadlineUs ||
          (a.place ?? 0) - (b.place ?? 0),
      )
      .map(({ id }) => id);
    this.order.length = 0;
    this.machine.run({ until: this.machine.cycles + 2_000_000_000n });
    const ran = this.order.join();
    if (ran !== expected.join()) {
      const at = expected.findIndex((id, i) => this.order[i] !== id);
      const [ours, theirs] = [expected[at], this.order[at]].map((id) =>
        JSON.stringify(waiting.find((actor) => actor.id === id)),
      );
      throw new Error(`under ${this.scheduler} number ${at} was ${theirs}, and not ${ours}`);
    }
    for (const actor of waiting) actor.place = null;
  }
}
