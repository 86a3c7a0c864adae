// biome-ignore-all lint/correctness/useYield: a call that never gives up its CPU is a generator as the others are
// A reference model of FreeBSD's calls on several CPUs: sleep queues with timeouts, priorities, sets of CPUs and
// kthread(9), under lwkt and under 4bsd. Letters and moving are those of model.ts; the rest is written from the law
// (docs/law-between-cpus.md), the rules of kern_synch.c, kern_kthread.c and sched_4bsd.c, and not from the kernel.
//
// The model has no clock: its driver sets the tick of a round.

import { CpusModel, ModelError } from "./model.js";
import type { Call, Cpu, Thread } from "./state.js";

/** Priority at which kthread(9) sleeps. */
const PPAUSE = 84;
const EWOULDBLOCK = 35;

/** A timeout, in the wheel of the CPU that it was armed on. */
interface Timeout {
  readonly t: Thread;
  readonly cpu: number;
  readonly at: number;
}

/** What threads are ordered by: an LWKT level, or a FreeBSD priority. */
interface Rank {
  readonly level: number;
  readonly priority: number;
}

function rankOf({ level, priority }: Rank): Rank {
  return { level, priority };
}

/** The thread that a CPU ran when a round began. */
interface Begun extends Rank {
  readonly current: Thread;
  readonly switches: number;
}

/** FreeBSD's calls, under lwkt. */
export class FbsdCpusModel extends CpusModel {
  /** The tick of this round. */
  ticks = 0;
  /** Offset of the channel of a thread's flags from its address: kthread_suspend. */
  flagsOffset = 0;
  /** Sleeping threads, in the order in which they went to sleep. */
  private sleepers: Thread[] = [];
  /** In the order in which they were armed. */
  private timeouts: Timeout[] = [];
  /** Threads queued since the last round, before their CPU ran, with the ranks that they had then. */
  private readonly newcomers = new Map<Thread, Rank>();
  private begun: Begun[] = [];

  // ---- Threads that must not wait ----

  override boundary(): void {
    const before = this.threads.filter(({ queued }) => queued);
    this.deliver();
    this.newcomers.clear();
    for (const t of this.threads) if (t.queued && !before.includes(t)) this.came(t);
    this.begun = this.cpus.map(({ current, switches }) => ({
      current,
      switches,
      ...rankOf(current),
    }));
  }

  private came(t: Thread): void {
    this.newcomers.set(t, rankOf(t));
  }

  /** What happens between two rounds. */
  protected deliver(): void {
    super.boundary();
  }

  /** Threads that wait for a particular CPU. */
  protected waiting(cpu: Cpu): readonly Thread[] {
    return this.threads.filter((t) => t.queued && t.cpu === cpu.index && t !== cpu.current);
  }

  protected isBetter(t: Rank, than: Rank): boolean {
    return t.level > than.level;
  }

  /**
   * At the end of a round, a thread that should have run in it, or null. No CPU is idle while a thread waits for it;
   * and with `preemption`, a thread that computes through a whole round yields to a better one that came before it.
   */
  overdue(cpu: Cpu, preemption: boolean): Thread | null {
    const { current, switches } = cpu;
    const waiting = this.waiting(cpu);
    if (cpu.arrived) return null;
    if (current === cpu.idle) return waiting[0] ?? null;
    const begun = this.begun[cpu.index] as Begun;
    const computes = current === begun.current && switches === begun.switches;
    if (!preemption || !computes || current.calls.length > 0) return null;
    const wasBetter = (t: Thread) => {
      const then = this.newcomers.get(t);
      return then !== undefined && this.isBetter(then, begun);
    };
    return waiting.find((t) => wasBetter(t) && this.isBetter(t, current)) ?? null;
  }

  // ---- Sleeping and waking ----

  override sliceBegin(cpu: Cpu): void {
    this.expire(cpu);
    super.sliceBegin(cpu);
  }

  /** Fires a CPU's timeouts that are due, in order of time and then of arming. */
  private expire(cpu: Cpu): void {
    const due = this.timeouts.filter(({ cpu: at, at: tick }) => {
      return at === cpu.index && tick <= this.ticks;
    });
    for (const { t } of due.sort((a, b) => a.at - b.at)) {
      this.disarm(t);
      if (t.state !== "sleeping") continue;
      this.wake(cpu, t);
      this.timedOut(t);
    }
  }

  protected timedOut(t: Thread): void {
    if (t.queued) this.came(t);
  }

  private disarm(t: Thread): void {
    this.timeouts = this.timeouts.filter((timeout) => timeout.t !== t);
  }

  private wake(by: Cpu, t: Thread): void {
    this.sleepers.splice(this.sleepers.indexOf(t), 1);
    t.channel = 0;
    this.makeRunnable(by, t);
  }

  private wakeAll(by: Cpu, channel: number): void {
    for (const t of this.sleepers.filter((sleeper) => sleeper.channel === channel)) {
      this.wake(by, t);
    }
  }

  protected override makeRunnable(by: Cpu, t: Thread): void {
    t.state = "runnable";
    super.makeRunnable(by, t);
  }

  protected override scheduleHere(t: Thread): void {
    if (t.state !== "sleeping") super.scheduleHere(t);
  }

  *tsleep(t: Thread, channel: number, priority: number, timo: number): Call {
    this.sleepers.push(t);
    t.channel = channel;
    t.state = "sleeping";
    t.deadline = timo === 0 ? 0 : this.ticks + timo;
    if (timo !== 0) this.timeouts.push({ t, cpu: t.cpu, at: t.deadline });
    if (priority !== 0) this.setPriority(t, priority);
    this.dequeue(t);
    yield* this.giveUp(t);
    this.disarm(t);
    // Also for a thread that was woken but did not run before its timeout.
    return t.deadline !== 0 && t.deadline <= this.ticks ? EWOULDBLOCK : 0;
  }

  *wakeup(t: Thread, channel: number): Call {
    this.wakeAll(this.by(t), channel);
    return undefined;
  }

  /** Wakes the best priority; of equals, the one longest asleep. */
  *wakeupOne(t: Thread, channel: number): Call {
    const asleep = this.sleepers.filter((sleeper) => sleeper.channel === channel);
    const best = Math.min(...asleep.map(({ priority }) => priority));
    const first = asleep.find(({ priority }) => priority === best);
    if (first !== undefined) this.wake(this.by(t), first);
    return undefined;
  }

  relinquish(t: Thread): Call {
    return this.yield(t);
  }

  // ---- kthread(9) ----

  private flagsOf(t: Thread): number {
    return t.address + this.flagsOffset;
  }

  *kthreadSuspend(t: Thread, other: Thread, timo: number): Call {
    other.isAsked = true;
    return yield* this.tsleep(t, this.flagsOf(other), PPAUSE, timo);
  }

  *kthreadResume(t: Thread, other: Thread): Call {
    other.isAsked = false;
    this.wakeAll(this.by(t), this.flagsOf(other));
    return 0;
  }

  *suspendCheck(t: Thread): Call {
    while (t.isAsked) {
      this.wakeAll(this.by(t), this.flagsOf(t));
      yield* this.tsleep(t, this.flagsOf(t), PPAUSE, 0);
    }
    return undefined;
  }

  *kthreadExit(t: Thread): Call {
    this.wakeAll(this.by(t), t.address);
    yield* this.exit(t);
    return undefined;
  }

  /** sched_add of a thread that was created stopped. */
  *start(t: Thread, other: Thread): Call {
    this.makeRunnable(this.by(t), other);
    return undefined;
  }

  /** The host makes a kernel thread with a priority and a set of CPUs, and starts it, as CPU 0. */
  hostKthread(name: string, priority: number, allowed: readonly number[]): Thread {
    const host = this.cpu(0);
    const t = this.unborn(name);
    this.addTo(host, t, true);
    this.setPriority(t, priority);
    for (const { index } of this.cpus) if (!allowed.includes(index)) t.excluded.add(index);
    if (t.excluded.has(t.cpu)) t.cpu = this.placeWithin(allowed);
    this.makeRunnable(host, t);
    return t;
  }
}

/**
 * The same under 4bsd: one run queue for the machine, and one for each CPU, smallest priority first, first in first
 * out. A running thread is on none. A thread that a CPU makes runnable is on that CPU's queue until the round is over,
 * and is then placed.
 */
export class Bsd4CpusModel extends FbsdCpusModel {
  private readonly shared: Thread[] = [];
  private readonly own: Thread[][] = this.cpus.map(() => []);
  /** Threads on a CPU's own queue that are to be placed, in the order in which they came. */
  private readonly arrived: Thread[][] = this.cpus.map(() => []);

  // ---- Queues ----

  private put(t: Thread, queue: Thread[], first = false): void {
    if (first) queue.unshift(t);
    else queue.push(t);
    t.queue = queue;
    t.queued = true;
  }

  /** Puts a thread on the queue of its CPU, before its equals if it has lost that CPU to a better one. */
  private arrive(t: Thread, keepsTurn = false): void {
    this.put(t, this.own[t.cpu] as Thread[], keepsTurn);
    t.keepsTurn = keepsTurn;
    if (this.cpus.length > 1) (this.arrived[t.cpu] as Thread[]).push(t);
  }

  private placed(t: Thread): void {
    for (const list of this.arrived) if (list.includes(t)) list.splice(list.indexOf(t), 1);
  }

  protected override dequeue(t: Thread): void {
    const { queue } = t;
    if (queue === null) return;
    queue.splice(queue.indexOf(t), 1);
    t.queue = null;
    t.queued = false;
    t.keepsTurn = false;
    this.placed(t);
  }

  protected override setPriority(t: Thread, priority: number): void {
    t.base = priority;
    if (t.priority === priority) return;
    t.priority = priority;
    const { queue } = t;
    if (queue === null) return;
    queue.splice(queue.indexOf(t), 1);
    queue.push(t);
  }

  protected override makeRunnable(by: Cpu, t: Thread): void {
    t.state = "runnable";
    if (this.mine(by, t)) this.arrive(t);
    else this.ask(by, t, "RUN");
  }

  protected override scheduleHere(t: Thread): void {
    const runs = this.cpu(t.cpu).current === t;
    if (t.gone || runs || t.state !== "runnable" || t.queue !== null) return;
    this.arrive(t);
  }

  // ---- Between two rounds ----

  protected override deliver(): void {
    this.place();
    super.deliver();
    this.place();
  }

  /** While another CPU is idle it preempts no thread before it is placed. */
  protected override timedOut(): void {}

  protected override waiting(cpu: Cpu): readonly Thread[] {
    return this.own[cpu.index] as Thread[];
  }

  protected override isBetter(t: Rank, than: Rank): boolean {
    return t.priority < than.priority;
  }

  private place(): void {
    for (const { index } of this.cpus) {
      for (const t of [...(this.arrived[index] as Thread[])]) this.placeOne(t);
    }
  }

  private placeOne(t: Thread): void {
    const { keepsTurn, moved } = t;
    if (t.excluded.size === 0 && !moved) {
      this.dequeue(t);
      this.put(t, this.shared, keepsTurn);
      return;
    }
    this.placed(t);
    const best = moved ? t.cpu : this.shortest(t);
    if (best === t.cpu) return;
    this.dequeue(t);
    t.cpu = best;
    this.put(t, this.own[best] as Thread[]);
  }

  /** The CPU of a thread's set with the fewest threads of its own, its last one among equals. */
  private shortest(t: Thread): number {
    const load = ({ index, current, idle }: Cpu) =>
      (this.own[index] as Thread[]).length + (current === idle ? 0 : 1);
    const allowed = this.cpus.filter(({ index }) => !t.excluded.has(index));
    const least = Math.min(...allowed.map(load));
    const best = allowed.filter((cpu) => load(cpu) === least);
    return (best.find(({ index }) => index === t.cpu) ?? (best[0] as Cpu)).index;
  }

  // ---- Moving ----

  protected override narrowed(by: Cpu, other: Thread): void {
    if (other.queue !== this.shared) return;
    this.dequeue(other);
    this.ask(by, other, "RUN");
  }

  protected override move(t: Thread, to: number): void {
    if (t.cpu === to || t.gone) return;
    const from = this.cpu(t.cpu);
    const { queued } = t;
    this.dequeue(t);
    t.cpu = to;
    t.moved = true;
    if (queued) this.ask(from, t, "RUN");
  }

  protected override *leaveFor(t: Thread, to: number): Call {
    const from = this.by(t);
    t.goal = -1;
    t.cpu = to;
    t.moved = true;
    this.ask(from, t, "RUN");
    yield { to: null };
    return undefined;
  }

  // ---- Running ----

  protected override *giveUp(_t: Thread): Call {
    yield { to: null };
    return undefined;
  }

  override *relinquish(t: Thread): Call {
    this.arrive(t);
    yield { to: null };
    return undefined;
  }

  protected override *loseTurn(t: Thread): Call {
    this.arrive(t, true);
    yield { to: null };
    return undefined;
  }

  private first(queue: Thread[]): Thread | null {
    const best = Math.min(...queue.map(({ priority }) => priority));
    return queue.find(({ priority }) => priority === best) ?? null;
  }

  /** The better one of the first threads of the two queues. */
  override choice(cpu: Cpu): Thread {
    const mine = this.first(this.own[cpu.index] as Thread[]);
    const ours = this.first(this.shared);
    if (ours === null) return mine ?? cpu.idle;
    if (mine === null || ours.priority < mine.priority) return ours;
    return ours.priority === mine.priority && !mine.keepsTurn ? ours : mine;
  }

  override switchTo(cpu: Cpu, next: Thread): void {
    const choice = this.choice(cpu);
    if (next !== choice) {
      throw new ModelError(
        `CPU ${cpu.index} goes from ${cpu.current.name} to ${next.name}, not ${choice.name}`,
      );
    }
    if (next !== cpu.idle) {
      if (next.queue !== this.shared) next.moved = false;
      this.dequeue(next);
      next.cpu = cpu.index;
    }
    cpu.switches++;
    cpu.gives = null;
    cpu.current = next;
    cpu.arrived = true;
    if (next.started || next === cpu.idle) return;
    next.started = true;
    next.sections--;
  }
}
