// FreeBSD's calls on one CPU beside a model of them (fbsd-model.ts): threads make random calls, and before each the
// kernel must run the thread that the model runs, the call before must have returned what it does there, and the clocks
// agree; now and then the states of all threads are compared.

import * as Layout from "../../src/generated/layout.js";
import { type Body, type KernelBuild, type KernelCall, Machine, sys } from "../../src/index.js";
import { buildUnderTest as build } from "./build.js";
import { Reader } from "./fbsd-invariants.js";
import {
  type Channel,
  FbsdModel,
  type ModelScheduler,
  ModelThread,
  type Work,
} from "./fbsd-model.js";
import { mustBe } from "./must-be.js";
import { Random } from "./random.js";

const { TDI_SLEEPING, TDS } = Layout;

const THREADS_MAX = 24;
const CHANNELS: readonly Channel[] = ["disk", "net", "tty"];
/** Calls after which all states are compared. */
const COMPARED_EVERY = 32;
/** The channel that threads sleep on at the end. */
const END = "end";

/** A call and its effect in the model, which may block. */
interface Step {
  readonly call: KernelCall<unknown>;
  readonly work?: Work;
  readonly act?: () => void;
  /** The call has a result to compare. */
  readonly hasResult?: boolean;
  /** Told the result. */
  readonly told?: (result: unknown) => void;
}

function states(): Readonly<Record<ModelThread["state"], readonly [state: number, inhib: number]>> {
  return {
    stopped: [TDS.CAN_RUN, 0],
    queued: [TDS.RUNQ, 0],
    running: [TDS.RUNNING, 0],
    sleeping: [TDS.INHIBITED, TDI_SLEEPING],
    gone: [TDS.INACTIVE, 0],
  };
}

/** Random calls on a machine and on the model. */
export class FbsdCallTest {
  operations = 0;
  private readonly random: Random;
  private readonly machine: Machine;
  private readonly reader: Reader;
  private readonly model: FbsdModel;
  private readonly threads: ModelThread[] = [];
  /** The remaining steps of a thread that has created another one, which is stopped. */
  private readonly plans = new Map<ModelThread, Step[]>();
  /** Threads by their argument. */
  private readonly byNumber: ModelThread[] = [];
  private wanted = 0;

  /** With `plant`, which only the check build knows, a fault of the kernel. */
  constructor(seed: number, scheduler: ModelScheduler, source: KernelBuild = build, plant = 0) {
    this.random = new Random(seed);
    const limits = {
      maxthread: 4_000,
      maxproc: 4,
      objects: 8,
      guestMemory: 4096,
      textMemory: 1024,
    };
    this.machine = new Machine(
      { ...limits, scheduler, time: "idle", preemption: false, roundRobin: 0, ticks: 0, seed },
      source,
    );
    if (plant !== 0) this.machine.kernel.setMachine("plant", plant);
    this.reader = new Reader(this.machine.kernel);
    this.model = new FbsdModel(scheduler);
    for (let i = 2 + this.random.below(10); i > 0; i--) this.createFromOutside();
  }

  /** Performs a number of calls; throws at the first difference. */
  run(operations: number): void {
    this.wanted = operations;
    do {
      this.model.dispatch();
      mustBe(this.machine.run().reason, "idle", "why the machine stops");
      mustBe(this.model.current?.td, undefined, "the thread that should run");
      this.compare();
      if (this.operations < operations) this.stir();
    } while (this.operations < operations);
  }

  private now(): number {
    return Number(this.machine.kernel.machine64("ticks64"));
  }

  private readonly body = function* (this: FbsdCallTest, number: number): Body {
    for (;;) {
      const thread = this.byNumber[number] as ModelThread;
      const step = this.next(thread);
      const result: unknown = yield* step.call;
      mustBe(thread.td, this.model.current?.td, "the thread that goes on");
      if (step.hasResult === true) mustBe(result, thread.result, "what the call has returned");
      step.told?.(result);
    }
  }.bind(this);

  // ---- Threads ----

  private adopt(td: number): ModelThread {
    const flags = td + Layout.Thread.td_flags;
    const thread = new ModelThread(td, flags, this.reader.cold8(td, "td_priority"));
    this.byNumber.push(thread);
    this.threads.push(thread);
    return thread;
  }

  private createFromOutside(): void {
    const priority = this.random.below(256);
    const { address } = this.machine.createThread({
      name: "t",
      body: this.body,
      arg: this.byNumber.length,
      priority,
    });
    const thread = this.adopt(address);
    mustBe(thread.priority, priority, "priority of a new thread");
    this.model.makeRunnable(thread);
  }

  /** No thread can run: the host does something. */
  private stir(): void {
    const { machine, model, random } = this;
    const channel = random.pick(CHANNELS);
    const asleep = this.threads.filter(({ state }) => state === "sleeping");
    if (asleep.length === 0 || (this.threads.length < THREADS_MAX && random.once(4))) {
      this.createFromOutside();
    } else if (random.once(3)) {
      machine.call(sys.wakeup(channel));
      model.wakeup(channel);
    } else {
      const thread = random.pick(asleep);
      machine.call(sys.kthread_resume(thread.td));
      model.resume(thread);
      machine.call(sys.wakeup(thread.channel ?? channel));
      model.wakeup(thread.channel ?? channel);
    }
  }

  // ---- Calls ----

  /** The kernel runs a thread between two calls: it makes the next one. */
  private next(thread: ModelThread): Step {
    const { model } = this;
    mustBe(thread.td, model.current?.td, "the thread that runs");
    mustBe(this.now(), model.ticks, "the clock");
    this.operations++;
    if (this.operations % COMPARED_EVERY === 0) this.compare();
    const step = this.plans.get(thread)?.shift() ?? this.choose(thread);
    step.act?.();
    if (step.work !== undefined) model.call(step.work);
    return step;
  }

  private choose(me: ModelThread): Step {
    const { model, random } = this;
    if (this.operations > this.wanted) {
      const step = this.sleepOn(me, END, 0, 0);
      return { ...step, hasResult: false };
    }
    const other = random.pick(this.threads);
    const channel = random.pick([...CHANNELS, other.td]);
    const timo = random.once(2) ? 0 : 1 + random.below(random.once(4) ? 10_000 : 6);
    switch (random.below(12)) {
      case 0:
      case 1:
        return this.sleepOn(me, channel, random.once(2) ? 0 : random.below(256), timo);
      case 2:
        return { call: sys.wakeup(channel), act: () => model.wakeup(channel) };
      case 3:
        return { call: sys.wakeup_one(channel), act: () => model.wakeupOne(channel) };
      case 4:
        return this.setPriority(random.once(3) ? me : other);
      case 5:
        if (other === me) return this.relinquish(me);
        return {
          call: sys.kthread_suspend(other.td, timo),
          work: model.suspend(me, other, timo),
          hasResult: true,
        };
      case 6:
        return { call: sys.kthread_resume(other.td), act: () => model.resume(other) };
      case 7:
      case 8:
        return { call: sys.kthread_suspend_check(), work: model.suspendCheck(me) };
      case 9:
        return this.threads.length < THREADS_MAX ? this.create(me) : this.relinquish(me);
      case 10:
        return random.once(2) && this.threads.length > 2 ? this.exit(me) : this.relinquish(me);
      default:
        return this.relinquish(me);
    }
  }

  private sleepOn(me: ModelThread, channel: Channel, priority: number, timo: number): Step {
    return {
      call: sys.tsleep(channel, priority, "storm", timo),
      work: this.model.sleep(me, channel, priority, timo),
      hasResult: true,
    };
  }

  private setPriority(thread: ModelThread): Step {
    const priority = this.random.below(256);
    return {
      call: sys.sched_prio(thread.td, priority),
      act: () => this.model.setPriority(thread, priority),
    };
  }

  private relinquish(me: ModelThread): Step {
    return { call: sys.sched_relinquish(), work: this.model.relinquish(me) };
  }

  private exit(me: ModelThread): Step {
    return {
      call: sys.kthread_exit(),
      act: () => this.threads.splice(this.threads.indexOf(me), 1),
      work: this.model.exit(me),
    };
  }

  /** A thread that is stopped, gets a priority, and is made runnable, by three calls. */
  private create(me: ModelThread): Step {
    const number = this.byNumber.length;
    const stopped = Layout.RFSTOPPED;
    return {
      call: sys.kthread_add(this.body, number, 0, stopped, 0, "t%d", number),
      told: (result) => {
        const { error, address } = result as { error: number; address: number };
        mustBe(error, 0, "error of kthread_add");
        const thread = this.adopt(address);
        const start: Step = {
          call: sys.sched_add(thread.td),
          act: () => this.model.makeRunnable(thread),
        };
        this.plans.set(me, [this.setPriority(thread), start]);
      },
    };
  }

  // ---- Checks ----

  private compare(): void {
    const known = states();
    for (const { td, state, priority, channel } of this.threads) {
      const what = `thread ${td}, which is ${state}`;
      mustBe(this.reader.hot8(td, "td_state"), known[state][0], `state of ${what}`);
      mustBe(this.reader.hot8(td, "td_inhib"), known[state][1], `inhibitors of ${what}`);
      mustBe(this.reader.cold8(td, "td_priority"), priority, `priority of ${what}`);
      const wchan = this.reader.hot(td, "td_wchan");
      if (typeof channel === "number") mustBe(wchan, channel, `channel of ${what}`);
      else mustBe(wchan !== 0, channel !== null, `${what}, sleeps on something`);
    }
  }
}
