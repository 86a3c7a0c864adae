// Storms: threads on several CPUs that schedule, block, signal, migrate and interrupt each other at
// random, with a model beside them that knows what must not happen.

import type { KernelSource } from "../../src/core/instantiate.js";
import * as Layout from "../../src/generated/layout.js";
import { buildUnderTest as build } from "./build.js";
import { checkMachine } from "./lwkt-invariants.js";
import { type Body, type Budget, LwktMachine, type Step } from "./lwkt-machine.js";
import { Random } from "./random.js";

const { Run, Sys, LwktWait: W } = Layout;

/** Parameters of a storm. */
export interface StormOptions {
  readonly seed: number;
  readonly cpus: number;
  readonly threads: number;
  /** Operations of each thread. */
  readonly steps: number;
  /** Interrupt lines with a thread each. */
  readonly lines: number;
}

/** A thread in the model. */
interface Actor {
  readonly index: number;
  readonly random: Random;
  td: number;
  done: boolean;
  /** A flag that others set before they schedule it, and that it waits for. */
  flag: boolean;
  waiting: boolean;
  /** The wait structure that it is in lwkt_block of, and the generation it gave. */
  blocked: { readonly wait: number; readonly gen: number } | null;
  /** True if others may have descheduled it: it may sleep without having asked to. */
  victim: boolean;
}

type Operation = (actor: Actor) => Body;

/** A storm on its machine. */
export class Storm {
  readonly machine: LwktMachine;
  readonly waits: number[] = [];
  readonly tokens: number[] = [];
  readonly actors: Actor[] = [];
  /** Interrupts raised and served, by line. */
  readonly raised: number[] = [];
  readonly served: number[] = [];
  rounds = 0;
  /** Number of times that all threads slept and were woken. */
  kicks = 0;
  private readonly lineThreads: number[] = [];
  private readonly host: Random;
  private readonly holders = new Map<number, Actor | null>();
  private stopping = false;

  constructor(
    private readonly options: StormOptions,
    source: KernelSource = build,
  ) {
    this.host = new Random(options.seed);
    const { host } = this;
    const config = {
      cpus: options.cpus,
      seed: options.seed,
      quantum: 100 + host.below(900),
      preemption: host.once(2),
      roundRobin: host.once(2) ? 0 : 200 + host.below(2000),
      kstackDepth: 32,
    };
    this.machine = new LwktMachine(config, source);
    for (let i = 0; i < 4; i++) this.waits.push(this.newObject("wait"));
    for (let i = 0; i < 3; i++) this.tokens.push(this.newObject("token"));
    for (let line = 0; line < options.lines; line++) this.addLine(line);
    for (let i = 0; i < options.threads; i++) this.addActor();
  }

  private newObject(kind: "wait" | "token"): number {
    const { cpus } = this.options;
    return this.machine.kernel.newObject(kind, this.host.below(cpus), this.host.below(cpus));
  }

  private addActor(): void {
    const { host, options, machine } = this;
    const index = this.actors.length;
    const random = new Random(options.seed * 1000 + index);
    const actor: Actor = {
      index,
      random,
      td: 0,
      done: false,
      flag: false,
      waiting: false,
      blocked: null,
      victim: false,
    };
    this.actors.push(actor);
    const cpu = host.below(options.cpus);
    actor.td = machine.spawn(`t${index}`, host.below(30), () => this.life(actor), cpu);
  }

  private addLine(line: number): void {
    const cpu = this.host.below(this.options.cpus);
    this.raised.push(0);
    this.served.push(0);
    const td = this.machine.spawn(`intr${line}`, 31, () => this.serve(line), cpu);
    this.lineThreads.push(td);
    this.machine.call(Sys.intr_register, line, td);
  }

  // ---- Bodies ----

  private *life(actor: Actor): Body {
    for (let i = 0; i < this.options.steps && !this.stopping; i++) {
      yield* actor.random.pick(this.operations)(actor);
    }
    actor.done = true;
  }

  private *serve(line: number): Body {
    const random = new Random(this.options.seed * 77 + line);
    while (!this.stopping) {
      const count = yield [Sys.intr_wait, line];
      this.served[line] = (this.served[line] as number) + count;
      if (random.once(2)) yield [Sys.compute, 1 + random.below(100), 0];
      if (random.once(4)) yield [Sys.lwkt_signal, random.pick(this.waits)];
      if (random.once(4)) yield* this.wake(this.someone(random));
      if (random.once(8)) yield [Sys.lwkt_yield];
    }
  }

  private someone(random: Random): Actor {
    return random.pick(this.actors);
  }

  private *wake(actor: Actor): Body {
    actor.flag = true;
    if (!actor.done) yield [Sys.lwkt_schedule, actor.td];
  }

  /**
   * Waits for its own flag; setting it must always make this thread continue. It leaves the run queue before it
   * checks, so it needs no critical section, and may lose the CPU in between.
   */
  private *sleep(actor: Actor): Body {
    const section = actor.random.once(2);
    if (section) yield [Sys.crit_enter];
    actor.waiting = true;
    while (!this.stopping) {
      yield [Sys.lwkt_deschedule_self];
      if (actor.flag) break;
      if (actor.random.once(2)) yield [Sys.compute, actor.random.below(400), 0];
      yield [Sys.lwkt_switch];
    }
    actor.waiting = false;
    actor.flag = false;
    yield [Sys.lwkt_schedule_self];
    if (section) yield [Sys.crit_exit];
  }

  private *block(actor: Actor): Body {
    const wait = actor.random.pick(this.waits);
    const gen = yield [Sys.lwkt_wait_gen, wait];
    if (actor.random.once(2)) yield [Sys.compute, actor.random.below(100), 0];
    actor.blocked = { wait, gen };
    yield [Sys.lwkt_block, wait, 0, gen];
    actor.blocked = null;
  }

  /** Within its section a thread has the token to itself, on whatever CPU the others run. */
  private *token(actor: Actor): Body {
    const { random } = actor;
    const token = random.pick(this.tokens);
    yield [Sys.lwkt_gettoken, token];
    yield* this.hold(token, actor);
    if (random.once(2)) {
      // Blocking may lose the token; regettoken has it back.
      this.holders.set(token, null);
      yield random.once(2) ? [Sys.lwkt_yield] : [Sys.lwkt_switch];
      const lost = yield [Sys.lwkt_regettoken, token];
      if (lost !== 0 && lost !== 1) throw new Error(`regettoken returned ${lost}`);
      yield* this.hold(token, actor);
    }
    this.holders.set(token, null);
    yield [Sys.lwkt_reltoken, token];
  }

  private *hold(token: number, actor: Actor): Body {
    const { random } = actor;
    const other = this.holders.get(token) ?? null;
    if (other !== null) throw new Error(`threads ${other.index} and ${actor.index} hold a token`);
    this.holders.set(token, actor);
    for (let i = random.below(4); i > 0; i--) {
      const have = yield [Sys.lwkt_havetoken, token];
      if (have !== 1) throw new Error(`thread ${actor.index} lost a token without blocking`);
      if (random.once(3)) yield* this.wake(this.someone(random));
      yield [Sys.compute, random.below(200), 0];
    }
  }

  /** Takes one of every fourth thread off its run queue for a while, wherever it is by then. */
  private *harass(actor: Actor): Body {
    const victim = this.someone(actor.random);
    if (victim.done || victim.index % 4 !== 0) return;
    victim.victim = true;
    yield [Sys.lwkt_deschedule, victim.td];
    yield [Sys.compute, actor.random.below(100), 0];
    if (!victim.done) yield [Sys.lwkt_schedule, victim.td];
  }

  /** Sends more messages in a row than a ring holds. */
  private *flood(actor: Actor): Body {
    if (!actor.random.once(6)) return;
    const target = this.someone(actor.random);
    for (let i = 0; i < 300 && !target.done; i++) yield [Sys.lwkt_setpri, target.td, i % 30];
  }

  private *on(actor: Actor, step: (td: number) => Step): Body {
    const target = this.someone(actor.random);
    if (!target.done) yield step(target.td);
  }

  private readonly operations: readonly Operation[] = [
    (a) => one([Sys.lwkt_yield], a),
    (a) => one([Sys.compute, 1 + a.random.below(300), 0]),
    (a) => one([Sys.lwkt_setpri_self, a.random.below(30)]),
    (a) => one([Sys.lwkt_setcpu_self, a.random.below(this.options.cpus)]),
    (a) => one([Sys.lwkt_signal, a.random.pick(this.waits)]),
    (a) => this.block(a),
    (a) => this.sleep(a),
    (a) => this.wake(this.someone(a.random)),
    (a) => this.wake(this.someone(a.random)),
    (a) => this.token(a),
    (a) => this.token(a),
    (a) => this.harass(a),
    (a) => this.flood(a),
    (a) => this.on(a, (td) => [Sys.lwkt_setpri, td, a.random.below(30)]),
    (a) => this.on(a, (td) => [Sys.lwkt_migrate, td, a.random.below(this.options.cpus)]),
    (a) => this.interrupt(a),
  ];

  private *interrupt(actor: Actor): Body {
    if (this.lineThreads.length === 0) return;
    const line = actor.random.below(this.lineThreads.length);
    if (actor.random.once(4)) {
      const cpu = actor.random.below(this.options.cpus);
      yield [Sys.lwkt_migrate, this.lineThreads[line] as number, cpu];
    } else {
      yield [Sys.interrupt, this.lineThreads[line] as number];
    }
  }

  // ---- The run ----

  /** Runs to the end; `cut` says how long each run call may be. Returns the hash of all switches. */
  run(cut: () => Budget = () => ({ rounds: 1 })): bigint {
    for (let kicks = 0; kicks < 1000; kicks++) {
      this.runUntilIdle(cut);
      if (this.stopping) break;
      this.checkAsleep();
      this.stopping = this.finished();
      this.kick();
    }
    if (!this.stopping) throw new Error("some threads never finish");
    return this.machine.kernel.hash();
  }

  private runUntilIdle(cut: () => Budget): void {
    for (let i = 0; i < 200_000; i++) {
      const reason = this.machine.run(cut());
      this.rounds++;
      this.check();
      if (reason === Run.IDLE) return;
    }
    throw new Error("the storm does not end");
  }

  /** Raises a line at a moment that depends on virtual time only. */
  raise(): void {
    const line = this.host.below(this.raised.length);
    this.raised[line] = (this.raised[line] as number) + 1;
    this.machine.kernel.exports.host_raise(line);
  }

  private check(): void {
    const alive = this.actors.filter(({ done }) => !done);
    const places = checkMachine(this.machine.kernel, { waits: this.waits, tokens: this.tokens }, [
      ...alive.map(({ td }) => td),
      ...(this.stopping ? [] : this.lineThreads),
    ]);
    for (const { td, waiting, flag, victim, index } of alive) {
      if (places.has(td) || victim) continue;
      if (!waiting) throw new Error(`thread ${index} is nowhere`);
      if (flag) throw new Error(`thread ${index} has lost a wakeup`);
    }
  }

  /** The machine is idle for good: every sleeping thread must have a reason to sleep. */
  private checkAsleep(): void {
    const { kernel } = this.machine;
    for (const { done, victim, waiting, flag, blocked, index } of this.actors) {
      if (done || victim) continue;
      if (waiting && flag) throw new Error(`thread ${index} has lost a wakeup`);
      if (waiting) continue;
      if (blocked === null) throw new Error(`thread ${index} sleeps without a reason`);
      if (kernel.readSigned(blocked.wait + W.wa_gen) !== blocked.gen) {
        throw new Error(`thread ${index} has missed a signal`);
      }
    }
    for (const [line, raised] of this.raised.entries()) {
      if (this.served[line] !== raised) throw new Error(`line ${line} has lost an interrupt`);
    }
  }

  private finished(): boolean {
    return this.actors.every(({ done }) => done);
  }

  /** Wakes all threads, from a separate thread, because the host cannot wait for tokens. */
  private kick(): void {
    this.kicks++;
    for (const actor of this.actors) actor.victim = false;
    this.machine.spawn("kick", 31, () => this.kickBody());
    if (!this.stopping) return;
    for (const line of this.raised.keys()) this.machine.kernel.exports.host_raise(line);
  }

  private *kickBody(): Body {
    for (const actor of this.actors) yield* this.wake(actor);
    for (const wait of this.waits) yield [Sys.lwkt_signal, wait];
  }
}

function* one(step: Step, _actor?: Actor): Body {
  yield step;
}
