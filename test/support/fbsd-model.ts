// FreeBSD's calls on one CPU as a program: threads, priorities, run queues, sleep queues with timeouts, and kthread(9).
// Written from the rules of kern_synch.c, sched_4bsd.c, kern_kthread.c and, for the run queues of `lwkt`,
// lwkt_thread.c, and not from the kernel: queues are arrays, and a call that may block is a generator that
// yields where its thread leaves the CPU.

/** Priority at which kthread(9) sleeps. */
const PPAUSE = 84;
const EWOULDBLOCK = 35;
/** FreeBSD's priorities on one level of LWKT. */
const PRIORITIES_OF_LEVEL = 8;

/** A sleep channel: a name, or an address. */
export type Channel = string | number;

/** A call that may block; returns its result. */
export type Work = Generator<void, number, void>;

/** A thread of the model. */
export class ModelThread {
  state: "stopped" | "queued" | "running" | "sleeping" | "gone" = "stopped";
  channel: Channel | null = null;
  deadline = 0;
  isAsked = false;
  timedOut = false;
  /** The call that it is in. */
  work: Work | null = null;
  /** What its last call has returned. */
  result: number | null = null;

  constructor(
    readonly td: number,
    /** The channel of its flags: kthread_suspend. */
    readonly flags: number,
    public priority: number,
  ) {}
}

function takeOut<E>(list: E[], element: E): boolean {
  const at = list.indexOf(element);
  if (at >= 0) list.splice(at, 1);
  return at >= 0;
}

/** The run queue of a CPU; each scheduler says when a thread is put on it, and which one is chosen. */
abstract class RunQueue {
  protected readonly queued: ModelThread[] = [];

  abstract add(thread: ModelThread): void;
  abstract choose(): ModelThread | null;

  remove(thread: ModelThread): void {
    takeOut(this.queued, thread);
  }

  /** Changes a priority; a thread on the queue goes behind its new equals. */
  setPriority(thread: ModelThread, priority: number): void {
    const wasQueued = takeOut(this.queued, thread);
    thread.priority = priority;
    if (wasQueued) this.queued.push(thread);
  }

  /** The first of those with the smallest rank. */
  protected best(rankOf: (thread: ModelThread) => number): ModelThread | null {
    const best = Math.min(...this.queued.map(rankOf));
    return this.queued.find((thread) => rankOf(thread) === best) ?? null;
  }
}

/** 4bsd: first in, first out, smallest priority first; the running thread is on no queue. */
class Bsd4 extends RunQueue {
  add(thread: ModelThread): void {
    this.queued.push(thread);
  }

  choose(): ModelThread | null {
    const best = this.best(({ priority }) => priority);
    if (best !== null) takeOut(this.queued, best);
    return best;
  }
}

/** LWKT's level, the smaller the better. */
function levelOf({ priority }: { readonly priority: number }): number {
  return Math.floor(priority / PRIORITIES_OF_LEVEL);
}

/** lwkt: the picked thread goes to the tail of its level, and stays on the queue until it blocks. */
class Lwkt extends RunQueue {
  add(thread: ModelThread): void {
    if (!this.queued.includes(thread)) this.queued.push(thread);
  }

  choose(): ModelThread | null {
    const best = this.best(levelOf);
    if (best === null) return null;
    takeOut(this.queued, best);
    this.queued.push(best);
    return best;
  }
}

/** lwkt-modern: the running thread keeps its place; one that yields goes behind its equals. */
class Modern extends RunQueue {
  add(thread: ModelThread): void {
    takeOut(this.queued, thread);
    this.queued.push(thread);
  }

  override setPriority(thread: ModelThread, priority: number): void {
    if (levelOf(thread) !== levelOf({ priority })) super.setPriority(thread, priority);
    else thread.priority = priority;
  }

  choose(): ModelThread | null {
    return this.best(levelOf);
  }
}

const QUEUES = { lwkt: Lwkt, "4bsd": Bsd4, "lwkt-modern": Modern } as const;

/** The schedulers that the model knows. */
export type ModelScheduler = keyof typeof QUEUES;

/** The CPU and its threads. */
export class FbsdModel {
  current: ModelThread | null = null;
  /** The clock, which advances only when no thread can run. */
  ticks = 0;
  /** Sleeping threads, in the order in which they went to sleep. */
  private readonly sleepers: ModelThread[] = [];
  private readonly queue: RunQueue;

  constructor(scheduler: ModelScheduler) {
    this.queue = new QUEUES[scheduler]();
  }

  /** The running thread makes a call, which may end in a switch. */
  call(work: Work): void {
    const thread = this.current as ModelThread;
    thread.result = null;
    thread.work = work;
    if (!this.advance(thread)) this.dispatch();
  }

  /** The CPU picks threads until one is between two calls, or no thread will ever run again. */
  dispatch(): void {
    for (;;) {
      const next = this.queue.choose();
      if (next === null) {
        this.current = null;
        if (!this.timeouts()) return;
        continue;
      }
      next.state = "running";
      this.current = next;
      if (next.work === null || this.advance(next)) return;
    }
  }

  /** Continues a thread's call; true when it has returned. */
  private advance(thread: ModelThread): boolean {
    const { done, value } = (thread.work as Work).next();
    if (done !== true) return false;
    thread.work = null;
    thread.result = value;
    return true;
  }

  /** No thread can run: advances the clock to the next timeout. All due threads wake, in order of arrival. */
  private timeouts(): boolean {
    const waiting = this.sleepers.filter(({ deadline }) => deadline > 0);
    if (waiting.length === 0) return false;
    this.ticks = Math.min(...waiting.map(({ deadline }) => deadline));
    for (const thread of waiting.filter(({ deadline }) => deadline === this.ticks)) {
      thread.timedOut = true;
      this.wake(thread);
    }
    return true;
  }

  private wake(thread: ModelThread): void {
    takeOut(this.sleepers, thread);
    thread.channel = null;
    thread.deadline = 0;
    this.makeRunnable(thread);
  }

  /** sched_add. */
  makeRunnable(thread: ModelThread): void {
    thread.state = "queued";
    this.queue.add(thread);
  }

  // ---- Calls that do not block ----

  wakeup(channel: Channel): void {
    for (const thread of this.sleepers.filter((sleeper) => sleeper.channel === channel)) {
      this.wake(thread);
    }
  }

  /** Wakes the best priority; of equals, the one longest asleep. */
  wakeupOne(channel: Channel): void {
    const asleep = this.sleepers.filter((sleeper) => sleeper.channel === channel);
    const best = Math.min(...asleep.map(({ priority }) => priority));
    const first = asleep.find(({ priority }) => priority === best);
    if (first !== undefined) this.wake(first);
  }

  setPriority(thread: ModelThread, priority: number): void {
    if (thread.priority !== priority) this.queue.setPriority(thread, priority);
  }

  resume(thread: ModelThread): void {
    thread.isAsked = false;
    this.wakeup(thread.flags);
  }

  // ---- Calls that may ----

  *sleep(me: ModelThread, channel: Channel, priority: number, timo: number): Work {
    if (priority !== 0) this.setPriority(me, priority);
    me.state = "sleeping";
    me.channel = channel;
    me.timedOut = false;
    me.deadline = timo === 0 ? 0 : this.ticks + timo;
    this.sleepers.push(me);
    this.queue.remove(me);
    yield;
    return me.timedOut ? EWOULDBLOCK : 0;
  }

  *relinquish(me: ModelThread): Work {
    this.makeRunnable(me);
    yield;
    return 0;
  }

  *suspend(me: ModelThread, other: ModelThread, timo: number): Work {
    other.isAsked = true;
    return yield* this.sleep(me, other.flags, PPAUSE, timo);
  }

  *suspendCheck(me: ModelThread): Work {
    while (me.isAsked) {
      this.wakeup(me.flags);
      yield* this.sleep(me, me.flags, PPAUSE, 0);
    }
    return 0;
  }

  *exit(me: ModelThread): Work {
    this.wakeup(me.td);
    me.state = "gone";
    this.queue.remove(me);
    yield;
    return 0;
  }
}
