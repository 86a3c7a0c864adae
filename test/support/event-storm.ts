// A storm of event handlers, beside a model of their rules (the head of assembly/kern/subr_eventhandler.ts). Threads on
// several CPUs shut the system down, some at once; meanwhile threads and the host register handlers that sleep and others
// that do not, and deregister them; threads are made and end, with handlers that hear of it. The model keeps each handler
// in its place for ever, and says of each run which one is next: none may run out of order, twice, too late or not at all.

import { GlobalData } from "../../src/generated/layout.js";
import {
  type Body,
  eventLists,
  type Handle,
  type KernelBuild,
  type KernelCall,
  kproc_shutdown,
  kthread_shutdown,
  Machine,
  sys,
} from "../../src/index.js";
import { buildUnderTest } from "./build.js";
import { Random } from "./random.js";
import { SCHEDULERS } from "./schedulers.js";

const SHUTDOWNS = ["shutdown_pre_sync", "shutdown_post_sync", "shutdown_final"] as const;
const THREADS = ["thread_init", "thread_ctor", "thread_dtor"] as const;
/** The last handler of each list of a shutdown: it ends the model's run of it. */
const SENTINEL = 1_000;
const PRIORITIES = [-5, 0, 10, 10, 20] as const;
const OBJECTS = 400;
const ROUNDS_MAX = 40_000;

/** A handler, alive or dead: it has its place for ever. */
interface Entry {
  readonly id: number;
  readonly priority: number;
  /** The thread or process that it suspends; null: it is the host's. */
  readonly victim: string | null;
  isLive: boolean;
  handle: number;
  off: (() => void) | null;
}

/** A thread in reboot. */
interface Run {
  list: number;
  /** What has run last of the list. */
  at: Entry | null;
}

/** A list as the model has it. */
class List {
  readonly entries: Entry[] = [];

  add(entry: Entry): void {
    const at = this.entries.findIndex((one) => one.isLive && one.priority > entry.priority);
    this.entries.splice(at < 0 ? this.entries.length : at, 0, entry);
  }

  /** The next one that is to run behind another, or at all. */
  next(behind: Entry | null): Entry | undefined {
    const from = behind === null ? 0 : this.entries.indexOf(behind) + 1;
    return this.entries.slice(from).find(({ isLive }) => isLive);
  }

  get living(): Entry[] {
    return this.entries.filter(({ isLive, priority }) => isLive && priority !== SENTINEL);
  }
}

export class EventStorm {
  readonly machine: Machine;
  private readonly random: Random;
  private readonly shutdowns = SHUTDOWNS.map(() => new List());
  private readonly threads = new Map(THREADS.map((name) => [name, new List()]));
  /** Threads in reboot: by what they handed to it, and by their addresses. */
  private readonly runs = new Map<number, Run>();
  private readonly runners = new Map<number, Run>();
  /** Handlers of a thread that are still to hear of what happens to it. */
  private due: Entry[] = [];
  private dueList = "";
  private readonly alive = new Set<number>();
  private readonly victims: { readonly name: string; readonly fn: number; readonly of: Handle }[] =
    [];
  private nextId = 1;
  private busy = 0;
  /** Handlers that ran, waits for the end of a run, and runs that were under way at once, for a test of the test. */
  ran = 0;
  waits = 0;
  crowd = 0;

  constructor(
    readonly seed: number,
    private readonly size: number,
    source: KernelBuild = buildUnderTest,
    plant = 0,
  ) {
    const random = new Random(seed);
    this.random = random;
    const cpus = random.pick([1, 2, 2, 3, 4, 8]);
    this.machine = new Machine(
      {
        scheduler: random.pick(SCHEDULERS),
        ...{ cpus, seed, hz: 10, objects: OBJECTS, maxthread: 300, maxproc: 60 },
        quantum: 500 + random.below(20_000),
        chaos: random.once(4),
      },
      source,
    );
    if (plant !== 0) this.machine.kernel.setMachine("plant", plant);
    this.machine.onPrint = (text) => this.hear(text);
    for (const name of SHUTDOWNS) this.register(name, SENTINEL);
    for (const name of ["thread_ctor", "thread_dtor"] as const) {
      this.machine.onEvent(name, (td) => this.countThread(name, td), -SENTINEL);
    }
    for (let i = 0; i < 3; i++) this.addVictim(i);
    for (let i = 0; i < 2 + random.below(3); i++) this.start(`reboot${i}`, this.rebooter(i));
    for (let i = 0; i < 2 + random.below(3); i++) this.start(`registrar${i}`, this.registrar());
    this.start("maker", this.maker());
  }

  private fail(why: string): never {
    const { scheduler, cpus } = this.machine.config;
    throw new Error(`events, seed ${this.seed} (${String(scheduler)}, ${cpus} CPUs): ${why}`);
  }

  private start(name: string, body: Body): void {
    this.busy++;
    const storm = this;
    this.machine.createThread({
      name,
      cpu: this.random.below(this.machine.config.cpus),
      *body() {
        yield* body;
        storm.busy--;
      },
    });
  }

  /** One that a shutdown suspends: a kernel thread or process, which looks often, seldom or never. */
  private addVictim(i: number): void {
    const name = `v${i}`;
    const every = this.random.pick([1, 2, 7, 0]);
    const { machine } = this;
    const body = (check: () => KernelCall<undefined>) =>
      function* (): Body {
        for (;;) {
          if (every !== 0) yield* check();
          yield* sys.pause("victim", 1 + every);
        }
      };
    if (i % 2 === 0) {
      const thread = machine.createThread({ name, body: body(() => sys.kthread_suspend_check()) });
      this.victims.push({ name, fn: kthread_shutdown, of: thread });
    } else {
      const process = machine.createProcess({
        name,
        body: body(() => sys.kproc_suspend_check(process)),
      });
      this.victims.push({ name, fn: kproc_shutdown, of: process });
    }
  }

  // ---- What the model hears ----

  /** A handler of a shutdown runs: it must be the one that is next. */
  private step(run: Run | undefined, what: string, fits: (entry: Entry) => boolean): void {
    if (run === undefined) this.fail(`${what} runs, and nobody is in reboot`);
    const next = this.shutdowns[run.list]?.next(run.at);
    if (next === undefined || !fits(next)) {
      const name = next === undefined ? "nothing" : (next.victim ?? `handler ${next.id}`);
      this.fail(`${what} runs in list ${run.list}, where ${name} is next`);
    }
    this.ran++;
    run.at = next;
    if (next.priority !== SENTINEL) return;
    run.list++;
    run.at = null;
  }

  private hear(text: string): void {
    const [, victim] = /^Waiting .* for system \w+ `(\w+)'/.exec(text) ?? [];
    if (victim === undefined) return;
    const { kernel } = this.machine;
    const td = kernel.read(kernel.machine("curcpu") + GlobalData.gd_curthread);
    const run = this.runners.get(td);
    this.step(run, `the handler of ${victim}`, (entry) => entry.victim === victim);
  }

  /** A handler of the host's runs. */
  private hostRuns(list: string, entry: Entry, argument: number): void {
    const isShutdown = (SHUTDOWNS as readonly string[]).includes(list);
    const what = `handler ${entry.id}`;
    if (isShutdown) {
      this.step(this.runs.get(argument), what, (next) => next === entry);
      return;
    }
    if (this.due.length === 0) {
      this.due = this.threads.get(list as (typeof THREADS)[number])?.living ?? [];
      this.dueList = list;
    }
    if (this.due.shift() !== entry || this.dueList !== list) this.fail(`${what} of ${list} runs`);
    this.ran++;
  }

  /** The first handler of each thread's beginning and end. */
  private countThread(name: "thread_ctor" | "thread_dtor", td: number): void {
    if (this.due.length > 0) this.fail(`handler ${this.due[0]?.id} of ${this.dueList} did not run`);
    if (name === "thread_ctor") {
      if (this.alive.has(td)) this.fail(`thread ${td} is made twice`);
      this.alive.add(td);
    } else if (!this.alive.delete(td)) this.fail(`thread ${td} goes, and never came`);
  }

  // ---- What the storm does ----

  private entry(priority: number, victim: string | null): Entry {
    return { id: this.nextId++, priority, victim, isLive: true, handle: 0, off: null };
  }

  /** Registers a handler of the host's. */
  private register(
    name: (typeof SHUTDOWNS)[number] | (typeof THREADS)[number],
    priority: number,
  ): void {
    const entry = this.entry(priority, null);
    const list =
      this.shutdowns[SHUTDOWNS.indexOf(name as never)] ?? this.threads.get(name as never);
    list?.add(entry);
    entry.off = this.machine.onEvent(name, (arg) => this.hostRuns(name, entry, arg), priority);
  }

  /** The host registers and deregisters, between two slices of the machine. */
  private meddle(): void {
    const { random } = this;
    const name = random.pick([...SHUTDOWNS, ...THREADS]);
    const list =
      this.shutdowns[SHUTDOWNS.indexOf(name as never)] ?? this.threads.get(name as never);
    const own = list?.living.filter(({ off }) => off !== null) ?? [];
    if (own.length < 6 && random.once(2)) this.register(name, random.pick(PRIORITIES));
    else if (own.length > 0) {
      const entry = random.pick(own);
      entry.isLive = false;
      entry.off?.();
    }
  }

  private *rebooter(i: number): Body {
    const self = (yield* sys.curthread()) >>> 0;
    for (let turn = 0; turn < this.size / 10; turn++) {
      yield* sys.pause("between", 1 + this.random.below(20));
      const howto = 100 * (turn + 1) + i;
      const run: Run = { list: 0, at: null };
      this.runs.set(howto, run);
      this.runners.set(self, run);
      this.crowd = Math.max(this.crowd, this.runs.size);
      yield* sys.reboot(howto);
      if (run.list !== SHUTDOWNS.length) this.fail(`a reboot ends in list ${run.list}`);
      this.runs.delete(howto);
      this.runners.delete(self);
    }
  }

  private *registrar(): Body {
    const { random } = this;
    for (let step = 0; step < this.size; step++) {
      const which = random.below(SHUTDOWNS.length);
      const list = this.shutdowns[which] as List;
      const own = list.living.filter(({ handle }) => handle !== 0);
      if (own.length < 4 && random.once(2)) yield* this.registerVictim(which, list);
      else if (own.length > 0) yield* this.deregister(list, which, random.pick(own));
      if (random.once(2)) yield* sys.pause("registrar", 1 + random.below(4));
      else yield* sys.compute(BigInt(random.below(3_000)));
    }
  }

  private *registerVictim(which: number, list: List): Body {
    const { random } = this;
    const { name, fn, of } = random.pick(this.victims);
    const entry = this.entry(random.pick(PRIORITIES), name);
    list.add(entry);
    const { [SHUTDOWNS[which] as (typeof SHUTDOWNS)[number]]: number } = eventLists;
    entry.handle = yield* sys.eventhandler_register(number, fn, of, entry.priority);
    if (entry.handle === 0) this.fail("a handler was not registered");
  }

  private *deregister(list: List, which: number, entry: Entry): Body {
    entry.isLive = false;
    if (this.random.once(2)) {
      yield* sys.eventhandler_deregister_nowait(entry.handle);
      return;
    }
    const under = [...this.runs.values()].filter((run) => run.list === which);
    if (under.length > 0) this.waits++;
    yield* sys.eventhandler_deregister(entry.handle);
    if (under.some((run) => run.list === which)) {
      this.fail(`handler ${entry.id} of ${which} is deregistered, and its list still runs`);
    }
    if (list.living.includes(entry)) this.fail(`handler ${entry.id} lives on`);
  }

  private *maker(): Body {
    const { random } = this;
    for (let step = 0; step < this.size; step++) {
      const span = random.below(2_000);
      yield* sys.kthread_add(
        function* () {
          yield* sys.compute(BigInt(span));
          yield sys.kthread_exit();
        },
        ...([0, 0, 0, 0, "child", 0] as const),
      );
      if (random.once(3)) yield* sys.pause("maker", 1 + random.below(3));
    }
  }

  /** Runs to the end; throws at the first fault. */
  run(): void {
    for (let round = 0; this.busy > 0; round++) {
      if (round === ROUNDS_MAX) this.fail("not all threads come to an end");
      this.machine.run({ switches: 1 + this.random.below(40) });
      if (this.due.length > 0) this.fail(`handler ${this.due[0]?.id} did not run`);
      if (this.random.once(2)) this.meddle();
    }
    this.expectAllBack();
  }

  /** Handlers that are deregistered give their objects back. */
  private expectAllBack(): void {
    const { machine } = this;
    let kept = 1; // that of the lists
    for (const list of [...this.shutdowns, ...this.threads.values()]) {
      for (const { handle, isLive, off } of list.entries) {
        if (!isLive || off !== null) kept += isLive ? 1 : 0;
        else machine.call(sys.eventhandler_deregister(handle));
      }
    }
    kept += 2; // those that count threads
    let made = 0;
    while (machine.call(sys.mtx_create("m"))[0] === 0) made++;
    if (made + kept !== OBJECTS) this.fail(`${OBJECTS - made - kept} objects are lost`);
  }
}
