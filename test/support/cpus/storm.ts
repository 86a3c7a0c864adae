// A storm on a kernel, compared with the model: the kernel says which thread continues where and when a round is over,
// the model says what follows from the threads' calls; after each round, and at the end, both must have the same state.

import type { Kernel } from "../../../src/core/kernel.js";
import { linkedThreads } from "../../../src/core/runq-view.js";
import * as Layout from "../../../src/generated/layout.js";
import { BodyError } from "../../../src/index.js";
import type { Random } from "../random.js";
import { type CpusModel, ModelError } from "./model.js";
import type { Rig } from "./rig.js";
import type { Op, Role, Script } from "./script.js";
import type { Call, Cpu, Thread, Token, Wait } from "./state.js";

const {
  GlobalData: G,
  LwktToken,
  LwktWait,
  Run,
  RUN_REASON,
  Sys,
  Thread: T,
  ThreadCold: C,
} = Layout;

/** A kernel that does not do what the model says. */
export class Mismatch extends Error {
  override readonly name = "Mismatch";
}

/** A call of a body: its number and arguments for the kernel, and what it does in the model. */
export type Step = readonly [nr: number, args: readonly number[], call: Call | null];

/** A thread of the storm that has been created. */
export interface Actor {
  readonly role: Role;
  readonly index: number;
  td: number;
  pc: number;
  gen: number;
  sections: number;
  readonly held: number[];
  /** The role of the thread that it is about to create. */
  child: Thread | null;
  childRole: number;
}

const MAX_ROUNDS = 3000;
/** How often threads create a thread of the same role. */
const MAX_LIVES = 3;
const MAX_STEPS = 20_000;

/** Runs a script on a kernel beside the model; throws a {@link Mismatch} at the first difference. */
export class Storm<M extends CpusModel = CpusModel> {
  rounds = 0;
  steps = 0;
  /** The calls that each structure's threads made, in order, for a second run of the storm. */
  readonly calls = new Map<number, (readonly [nr: number, args: readonly number[]])[]>();
  protected readonly kernel: Kernel;
  private readonly tokens: number[];
  private readonly waits: number[];
  /** The newest thread of each role. */
  protected readonly newest: (Actor | undefined)[] = [];
  private readonly actors = new Map<number, Actor>();
  protected readonly models = new Map<number, Thread>();
  /** Threads that a role's creator has made in the model, by role, until they run or are named. */
  private readonly unnamed = new Map<number, Thread[]>();
  private readonly creators = new Set<Actor>();
  /** How often each role has been created. */
  private readonly lives = new Map<number, number>();
  /** The CPU at which the kernel stopped last. */
  private at = 0;

  constructor(
    protected readonly rig: Rig,
    protected readonly script: Script,
    readonly model: M,
  ) {
    this.kernel = rig.kernel;
    rig.reset(script, script.structures);
    this.model.structures = script.bare ? script.structures : Number.POSITIVE_INFINITY;
    this.tokens = script.tokens.map(([owner, back]) => this.kernel.newObject("token", owner, back));
    this.waits = script.waits.map(([owner, back]) => this.kernel.newObject("wait", owner, back));
    for (const [owner, back] of script.tokens) this.model.newToken(owner, back);
    for (const [owner, back] of script.waits) this.model.newWait(owner, back);
    for (const [index, role] of script.roles.entries()) if (role.cpu >= 0) this.spawn(index, role);
    for (const cpu of this.model.cpus) {
      this.models.set(this.idleOf(cpu.index), cpu.idle);
      cpu.switches = this.switches(cpu.index); // the boot thread's
    }
  }

  private idleOf(cpu: number): number {
    return this.kernel.read(this.kernel.globaldata(cpu) + G.gd_idletd);
  }

  protected spawn(index: number, role: Role): void {
    const td = this.rig.spawn(index, role.level, role.cpu);
    const { model, script } = this;
    const spawn = script.bare ? "hostSpawn" : "hostAdd";
    this.adopt(index, td, model[spawn](`t${index}`, role.level, role.cpu));
  }

  protected adopt(index: number, td: number, thread: Thread): Actor {
    const before = this.models.get(td);
    if (before !== undefined && !before.gone) {
      throw new Mismatch(`the structure of ${before.name} is used again before it is gone`);
    }
    const role = this.script.roles[index] as Role;
    const actor: Actor = {
      role,
      index,
      td,
      pc: 0,
      gen: 0,
      sections: 0,
      held: [],
      child: null,
      childRole: -1,
    };
    this.newest[index] = actor;
    this.actors.set(td, actor);
    this.models.set(td, thread);
    return actor;
  }

  // ---- The run ----

  /** Runs to the end. */
  run(): void {
    const { kernel } = this;
    this.model.boundary();
    kernel.setBudget({ rounds: 1, switches: 1 });
    let reason = kernel.exports.machine_run();
    for (;;) {
      const why = reason & RUN_REASON;
      this.settle(why);
      if (why === Run.IDLE) break;
      if (why === Run.BUDGET) {
        this.compare();
        this.model.boundary();
        this.rounds++;
        if (this.rounds > MAX_ROUNDS || this.steps > MAX_STEPS)
          throw new Mismatch("the storm does not end");
        kernel.setBudget({ rounds: 1, switches: 1 });
      } else kernel.setMachine64("run_switches", 1n);
      reason = why === Run.HOST ? this.step() : kernel.exports.machine_run();
    }
    this.compare();
    const noise = this.model.quiet();
    if (noise !== null) throw new Mismatch(`the machine is idle, but ${noise}`);
  }

  /** Makes the model do what the kernel has done since it last stopped. */
  protected settle(why: number): void {
    const { model, kernel } = this;
    if (why === Run.IDLE) return;
    const last = why === Run.BUDGET ? this.script.cpus - 1 : this.cpuOf(kernel.machine("curcpu"));
    for (let index = this.at; index <= last; index++) {
      const cpu = model.cpu(index);
      if (index > this.at || index === 0) model.sliceBegin(cpu);
      const now = this.current(index);
      const stopped = index === last && why === Run.SWITCHES;
      const moved = now !== cpu.current;
      if (cpu.arrived && (!stopped || index === this.at || moved)) model.resume(cpu);
      this.turn(cpu, now);
      if (index < last || why === Run.BUDGET) this.passSafePoint(cpu);
      if (index === last && why === Run.HOST) {
        if (cpu.arrived) model.resume(cpu);
        this.turn(cpu, now);
      }
    }
    this.at = why === Run.BUDGET ? 0 : last;
  }

  /** The CPU's slice is over: if its thread was between two instructions, it has looked for interrupts. */
  private passSafePoint(cpu: Cpu): void {
    if (cpu.arrived || cpu.current.calls.length > 0) return;
    this.model.safePoint(cpu);
    if (cpu.gives !== null) {
      throw new Mismatch(`${cpu.current.name} computes on, and should be interrupted`);
    }
  }

  /**
   * The CPU has the thread `now`: the switcher was called as often as the kernel says. As a run stops behind every
   * switch, each call but the last has chosen the same thread again, and the last one, too, if `now` preempts it.
   */
  private turn(cpu: Cpu, now: Thread): void {
    const { model } = this;
    const before = cpu.current;
    const calls = this.switches(cpu.index);
    const again = this.preempted(cpu.index) === before ? calls : calls - 1;
    while (cpu.switches < calls || now !== before || cpu.gives !== null) {
      if (cpu.gives === null) model.lose(cpu);
      const preempted = (cpu.gives?.to ?? null) !== null;
      const next = preempted || cpu.switches >= again ? now : before;
      model.switchTo(cpu, next);
      if (next !== before) break;
      model.resume(cpu);
    }
    this.same(`calls of the switcher on CPU ${cpu.index}`, calls, cpu.switches);
  }

  /** How often the switcher of a CPU was called. */
  private switches(cpu: number): number {
    return this.kernel.readNumber(this.kernel.globaldata(cpu) + G.gd_switch_count);
  }

  /** The thread that the thread of a CPU preempts. */
  private preempted(cpu: number): Thread | undefined {
    const { kernel } = this;
    const td = kernel.read(kernel.globaldata(cpu) + G.gd_curthread);
    return this.models.get(kernel.read(td + T.td_preempted));
  }

  private cpuOf(gd: number): number {
    return (gd - Layout.GLOBALDATA_ADDRESS) / Layout.GLOBALDATA_STRIDE;
  }

  /** The thread that the kernel runs on a CPU. */
  private current(cpu: number): Thread {
    const { kernel } = this;
    const td = kernel.read(kernel.globaldata(cpu) + G.gd_curthread);
    const known = this.models.get(td);
    if (known !== undefined && !known.gone) return known;
    // A thread that was created a moment ago, or one that is leaving.
    const fresh = ((kernel.u8[td + T.td_body] as number) & Layout.TDB_FRESH) !== 0;
    if (!fresh && known !== undefined) return known;
    return this.name(td, this.rig.a0(td));
  }

  /** A thread runs for the first time: its argument is the role. */
  private name(td: number, role: number): Thread {
    const thread = this.unnamed.get(role)?.shift();
    if (thread === undefined) throw new Mismatch("a thread runs that nobody has created");
    this.adopt(role, td, thread);
    return thread;
  }

  /** The kernel asks for the next step of the current thread's body. */
  private step(): number {
    const { kernel, model } = this;
    const td = kernel.curthread();
    const cpu = model.cpu(this.at);
    model.safePoint(cpu);
    const t = cpu.current;
    if (cpu.gives !== null) throw new Mismatch(`${t.name} goes on, and should be interrupted`);
    if (t.calls.length > 0) throw new Mismatch(`${t.name} is back from a call too early`);
    const actor = this.actors.get(td) as Actor;
    this.nameCreated();
    this.returned(actor, t);
    this.steps++;
    kernel.u8[td + T.td_body] = (kernel.u8[td + T.td_body] as number) & ~Layout.TDB_FRESH;
    const [nr, args, call] = this.next(actor, t);
    const calls = this.calls.get(td);
    if (calls === undefined) this.calls.set(td, [[nr, args]]);
    else calls.push([nr, args]);
    if (call !== null) model.call(cpu, call);
    return this.rig.step(td, nr, args);
  }

  /** Identifies threads that have been created, possibly by callers that have not continued since. */
  private nameCreated(): void {
    const base = this.kernel.machine("td_base");
    for (const actor of this.creators) {
      const td = this.rig.a1(actor.td);
      const { child } = actor;
      if (child === null) this.creators.delete(actor);
      if (child === null || td < base) continue;
      this.creators.delete(actor);
      const waiting = this.unnamed.get(actor.childRole) as Thread[];
      const at = waiting.indexOf(child);
      if (at < 0) continue; // it has run already
      waiting.splice(at, 1);
      this.adopt(actor.childRole, td, child);
    }
  }

  /** Checks the result of the last call. */
  private returned(actor: Actor, t: Thread): void {
    if (t.result !== undefined) {
      const got = this.rig.a0(actor.td);
      if (got !== t.result) throw new Mismatch(`${t.name} got ${got}, not ${t.result}`);
      if (actor.child === null) actor.gen = got;
    }
    t.result = undefined;
    const { child } = actor;
    if (child === null) return;
    actor.child = null;
    const waiting = this.unnamed.get(actor.childRole) as Thread[];
    const at = waiting.indexOf(child); // still there if there was no structure for it
    if (at >= 0) waiting.splice(at, 1);
  }

  /** The next call of a body: for the kernel, and for the model. */
  private next(actor: Actor, t: Thread): Step {
    for (;;) {
      const op = actor.role.ops[actor.pc++];
      const found = op === undefined ? this.ending(actor, t) : this.perform(actor, t, op);
      if (found !== null) return found;
    }
  }

  /** After its last operation a body releases what it holds, and returns. */
  protected ending(actor: Actor, t: Thread): Step {
    const found = this.perform(actor, t, ["reltoken"]) ?? this.perform(actor, t, ["crit_exit"]);
    return found ?? [Sys.body_return, [], this.exit(t)];
  }

  protected exit(t: Thread): Call {
    return this.model.exit(t);
  }

  protected perform(actor: Actor, t: Thread, [name, a = 0, b = 0]: Op): Step | null {
    const { model, script } = this;
    const other = this.newest[a];
    const known = other === undefined ? undefined : (this.models.get(other.td) as Thread);
    switch (name) {
      case "yield":
        return [Sys.lwkt_yield, [], model.yield(t)];
      case "switch":
        return [Sys.lwkt_switch, [], model.switch(t)];
      case "compute":
        return a === 0 ? null : [Sys.compute, [a, 0], null];
      case "schedule_self":
        return [Sys.lwkt_schedule_self, [], model.scheduleSelf(t)];
      case "deschedule_self":
        return [Sys.lwkt_deschedule_self, [], model.descheduleSelf(t)];
      case "setpri_self":
        return [Sys.lwkt_setpri_self, [a], model.setpri(t, t, a)];
      case "setcpu_self":
        return [Sys.lwkt_setcpu_self, [a], model.setcpuSelf(t, a)];
      case "crit_enter":
        actor.sections++;
        return [Sys.crit_enter, [], model.critEnter(t)];
      case "crit_exit":
        if (actor.sections === 0) return null;
        actor.sections--;
        return [Sys.crit_exit, [], model.critLeave(t)];
      case "create":
        return this.create(actor, t, a, b !== 0);
      default:
        break;
    }
    if (name === "schedule" || name === "deschedule" || name === "setpri" || name === "migrate") {
      if (other === undefined || known === undefined) return null;
      const args = name === "setpri" || name === "migrate" ? [other.td, b] : [other.td];
      const call = {
        schedule: () => model.schedule(t, known),
        deschedule: () => model.deschedule(t, known),
        setpri: () => model.setpri(t, known, b),
        migrate: () => model.migrate(t, known, b),
      }[name]();
      return [Sys[`lwkt_${name}`], args, call];
    }
    if (name === "prio") {
      if (other === undefined || known === undefined) return null;
      return [Sys.sched_prio, [other.td, b], model.prio(t, known, b)];
    }
    if (name === "affinity") {
      if (other === undefined || known === undefined || known.gone) return null;
      const [low, high, allowed] = cpuSet(b, script.cpus);
      return [Sys.cpuset_setthread, [other.td, low, high], model.setAffinity(t, known, allowed)];
    }
    if (name === "register") return [Sys.intr_register, [a, actor.td], model.register(t, a)];
    if (name === "reap") return [Sys.thread_reap, [], null];
    if (name === "leave") {
      actor.pc = actor.role.ops.length;
      return [Sys.body_return, [], this.exit(t)];
    }
    if (name === "interrupt") {
      if (other === undefined || known === undefined) return null;
      return [Sys.interrupt, [other.td], model.interrupt(t, known)];
    }
    return this.objectOp(actor, t, name, a % script.tokens.length, a % script.waits.length);
  }

  private objectOp(actor: Actor, t: Thread, name: Op[0], k: number, w: number): Step | null {
    const { model } = this;
    const token = model.tokens[k] as Token;
    const wait = model.waits[w] as Wait;
    const tok = this.tokens[k] as number;
    const wa = this.waits[w] as number;
    switch (name) {
      case "gettoken":
        if (actor.held.length > 2) return null;
        actor.held.push(k);
        return [Sys.lwkt_gettoken, [tok], model.gettoken(t, token)];
      case "havetoken":
        return [Sys.lwkt_havetoken, [tok], model.havetoken(t, token)];
      case "regettoken":
        if (!actor.held.includes(k)) return null;
        return [Sys.lwkt_regettoken, [tok], model.regettoken(t, token)];
      case "reltoken": {
        const last = actor.held.pop();
        if (last === undefined) return null;
        return [
          Sys.lwkt_reltoken,
          [this.tokens[last] as number],
          model.reltoken(t, model.tokens[last] as Token),
        ];
      }
      case "gen":
        return [Sys.lwkt_wait_gen, [wa], model.waitGen(t, wait)];
      case "block":
        return [Sys.lwkt_block, [wa, 0, actor.gen], model.block(t, wait, actor.gen)];
      case "signal":
        return [Sys.lwkt_signal, [wa], model.signal(t, wait)];
      default:
        throw new Error(`there is no operation ${name}`);
    }
  }

  protected create(actor: Actor, t: Thread, index: number, stopped: boolean): Step | null {
    const before = this.newest[index];
    const alive = before !== undefined && this.models.get(before.td)?.gone === false;
    const { script } = this;
    const lives = this.lives.get(index) ?? 0;
    if (alive || lives === MAX_LIVES || (this.unnamed.get(index)?.length ?? 0) > 0) return null;
    this.lives.set(index, lives + 1);
    const child = this.model.unborn(`t${index}`);
    const list = this.unnamed.get(index) ?? [];
    list.push(child);
    this.unnamed.set(index, list);
    actor.child = child;
    this.creators.add(actor);
    actor.childRole = index;
    const call = script.bare
      ? this.model.create(t, child, stopped)
      : this.model.kthreadAdd(t, child, stopped);
    return [...this.rig.creation(index, stopped), call];
  }

  // ---- Comparing ----

  protected fail(what: string, got: unknown, expected: unknown): never {
    throw new Mismatch(`${what} is ${String(got)}, not ${String(expected)}`);
  }

  protected same(what: string, got: unknown, expected: unknown): void {
    if (got !== expected) this.fail(what, got, expected);
  }

  /** The kernel's state must be what the model says. */
  protected compare(): void {
    const { kernel, model } = this;
    for (const [td, t] of this.models) {
      if (!t.gone && !t.name.startsWith("idle")) this.compareThread(td, t);
    }
    for (const [i, token] of model.tokens.entries())
      this.compareToken(this.tokens[i] as number, token, "token");
    for (const [i, wait] of model.waits.entries()) {
      const at = this.waits[i] as number;
      this.compareToken(at, wait, "wait");
      this.same(`generation of wait ${i}`, kernel.readSigned(at + LwktWait.wa_gen), wait.gen);
      const names = linkedThreads(kernel, kernel.read(at + LwktWait.wa_waitq)).map(
        (td) => this.models.get(td)?.name,
      );
      this.same(
        `sleepers of wait ${i}`,
        names.join(),
        wait.sleepers.map(({ name }) => name).join(),
      );
      this.same(`count of wait ${i}`, kernel.readSigned(at + LwktWait.wa_count), names.length);
    }
    this.compareCounts();
  }

  protected compareThread(td: number, t: Thread): void {
    const { kernel } = this;
    const flags = kernel.view.getUint16(td + T.td_lwflags, true);
    const pri = kernel.readSigned(td + T.td_pri);
    this.same(`level of ${t.name}`, pri & 31, t.level);
    this.same(`sections of ${t.name}`, pri >> 5, t.sections);
    const cold = kernel.cold(td);
    this.same(`priority of ${t.name}`, kernel.u8[cold + C.td_priority], t.priority);
    this.same(`base priority of ${t.name}`, kernel.u8[cold + C.td_base_pri], t.base);
    this.same(`CPU of ${t.name}`, kernel.u8[td + T.td_cpu], t.cpu);
    this.same(`${t.name} on a run queue`, this.isQueued(td, flags), t.queued);
    this.same(`${t.name} in a line`, (flags & Layout.TDL_TOKWAIT) !== 0, t.line !== null);
    const wait = t.wait === null ? 0 : (this.waits[t.wait.index] as number);
    this.same(`wait structure of ${t.name}`, kernel.read(td + T.td_wait), wait);
  }

  protected isQueued(_td: number, flags: number): boolean {
    return (flags & Layout.TDL_RUNQ) !== 0;
  }

  private compareToken(at: number, token: Token, what: string): void {
    const owner = this.kernel.readSigned(at + LwktToken.t_cpu);
    this.same(`owner of ${what} ${token.index}`, owner, token.owner);
  }

  private compareCounts(): void {
    const { kernel, model } = this;
    let received = 0;
    let expected = 0;
    for (const cpu of model.cpus) {
      const gd = kernel.globaldata(cpu.index);
      this.same(
        `messages sent by CPU ${cpu.index}`,
        kernel.readNumber(gd + G.gd_ipi_sent),
        cpu.sent,
      );
      const preemptions = [G.gd_preempt_hit, G.gd_preempt_miss, G.gd_preempt_weird];
      this.same(
        `preemptions hit, missed and weird on CPU ${cpu.index}`,
        preemptions.map((field) => kernel.readNumber(gd + field)).join(),
        [cpu.hits, cpu.misses, cpu.weird].join(),
      );
      received += kernel.readNumber(gd + G.gd_ipi_received);
      expected += cpu.received;
      const current = this.models.get(kernel.read(gd + G.gd_curthread));
      if (current !== cpu.current) {
        this.fail(`thread of CPU ${cpu.index}`, current?.name, cpu.current.name);
      }
    }
    this.same("messages received", received, expected);
    this.same("messages dropped", Number(kernel.machine64("ipi_dropped")), model.dropped);
  }
}

/**
 * Repeats a storm that has run, divided differently, and returns the hash of its switches: it must be that of every
 * other run of the same storm.
 */
export function hashOfRepeat(rig: Rig, make: () => Storm, storm: Storm, random: Random): bigint {
  make(); // makes the threads and objects anew
  const { kernel } = rig;
  const next = new Map<number, number>();
  const cut = () => {
    const pieces = [
      {},
      { switches: 1 + random.below(20) },
      { rounds: 1 + random.below(5) },
      { until: kernel.machine64("now") + BigInt(1 + random.below(3000)) },
    ];
    kernel.setBudget(random.pick(pieces));
    return kernel.exports.machine_run();
  };
  for (let reason = cut(); (reason & RUN_REASON) !== Run.IDLE; ) {
    if ((reason & RUN_REASON) !== Run.HOST) {
      reason = cut();
      continue;
    }
    const td = kernel.curthread();
    const at = next.get(td) ?? 0;
    next.set(td, at + 1);
    kernel.u8[td + T.td_body] = (kernel.u8[td + T.td_body] as number) & ~Layout.TDB_FRESH;
    const call = storm.calls.get(td)?.[at];
    if (call === undefined)
      throw new Mismatch("cut into other pieces, the storm takes another course");
    reason = rig.step(td, call[0], call[1]);
  }
  return kernel.hash();
}

/** A set of CPUs, by the bits of a number that may be smaller than it: as two words, and as a list. */
export function cpuSet(bits: number, cpus: number): [number, number, number[]] {
  const allowed: number[] = [];
  const words: [number, number] = [0, 0];
  for (let cpu = 0; cpu < cpus; cpu++) {
    if (((bits >> (cpu % 16)) & 1) === 0) continue;
    allowed.push(cpu);
    words[cpu >> 5] = (words[cpu >> 5] as number) | (1 << (cpu & 31));
  }
  return [words[0], words[1], allowed];
}

/** The failure of a storm, or null. Panics and violations of the model count; other errors are thrown. */
export function failureOf(run: () => void): string | null {
  try {
    run();
    return null;
  } catch (error) {
    if (error instanceof Mismatch || error instanceof ModelError) return error.message;
    const kernels = error instanceof WebAssembly.RuntimeError || error instanceof BodyError;
    if (kernels || (error instanceof Error && error.name === "KernelPanic")) return error.message;
    throw error;
  }
}
