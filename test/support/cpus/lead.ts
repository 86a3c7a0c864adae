// The model on its own: in a machine where code takes no time and better threads do not preempt, each CPU runs in each
// round until it has nothing to do, so that the law determines everything. Records cases.

import { CpusBody, type CpusCase, type CpusOp } from "../../conformance/replay/cpus-body.js";
import { CpusModel } from "./model.js";
import type { Call, Cpu, Thread, Token, Wait } from "./state.js";

/** A case without what it should record. */
export type Outline = Omit<CpusCase, "log" | "final">;

const MAX_ROUNDS = 300;

/** Runs a case on the model; what happens, and the state at the end. */
export class Lead {
  readonly log: unknown[] = [];
  private readonly model: CpusModel;
  private readonly threads: Thread[];
  private readonly bodies = new Map<Thread, CpusBody>();
  private readonly calling = new Map<Thread, readonly [pc: number, op: CpusOp]>();

  constructor(outline: Outline) {
    const model = new CpusModel(outline.cpus);
    this.model = model;
    for (const [owner, back] of outline.tokens) model.newToken(owner, back);
    for (const [owner, back] of outline.waits) model.newWait(owner, back);
    this.threads = outline.threads.map(({ name, level, cpu, body }) => {
      const thread = model.hostSpawn(name, level, cpu);
      this.bodies.set(thread, new CpusBody(body));
      return thread;
    });
  }

  /** Runs to the end; false if there is none. */
  run(): boolean {
    for (let round = 0; round < MAX_ROUNDS; round++) {
      this.model.boundary();
      for (const cpu of this.model.cpus) this.slice(cpu);
      if (this.model.quiet() === null) return true;
    }
    return false;
  }

  private slice(cpu: Cpu): void {
    const { model } = this;
    model.sliceBegin(cpu);
    for (;;) {
      model.resume(cpu);
      if (cpu.gives === null && cpu.current === cpu.idle) {
        if (cpu.best() < 0) return;
        model.lose(cpu);
      }
      if (cpu.gives === null) model.safePoint(cpu);
      if (cpu.gives === null) this.step(cpu);
      if (cpu.gives !== null) this.switch(cpu);
    }
  }

  private switch(cpu: Cpu): void {
    const before = cpu.current;
    const next = this.model.choice(cpu);
    if (next !== before) this.log.push(["switch", cpu.index, before.name, next.name]);
    this.model.switchTo(cpu, next);
  }

  /** The current thread is between two operations. */
  private step(cpu: Cpu): void {
    const t = cpu.current;
    const body = this.bodies.get(t) as CpusBody;
    const begun = this.calling.get(t);
    if (begun !== undefined) {
      this.log.push(
        t.result === undefined ? ["ret", t.name, begun[0]] : ["ret", t.name, begun[0], t.result],
      );
      if (t.result !== undefined) body.returned(t.result);
      t.result = undefined;
    }
    const op = body.next();
    if (op === null) {
      this.calling.delete(t);
      this.log.push(["end", cpu.index, t.name]);
      this.model.call(cpu, this.model.exit(t));
      return;
    }
    this.calling.set(t, [body.pc, op]);
    this.log.push(["call", cpu.index, t.name, body.pc, ...op]);
    this.model.call(cpu, this.callOf(t, op));
  }

  private callOf(t: Thread, [name, a = 0, b = 0]: CpusOp): Call {
    const { model } = this;
    const other = this.threads[a] as Thread;
    const token = model.tokens[a] as Token;
    const wait = model.waits[a] as Wait;
    const calls: Readonly<Record<string, () => Call>> = {
      yield: () => model.yield(t),
      switch: () => model.switch(t),
      schedule_self: () => model.scheduleSelf(t),
      deschedule_self: () => model.descheduleSelf(t),
      schedule: () => model.schedule(t, other),
      deschedule: () => model.deschedule(t, other),
      setpri: () => model.setpri(t, other, b),
      setpri_self: () => model.setpri(t, t, a),
      migrate: () => model.migrate(t, other, b),
      setcpu_self: () => model.setcpuSelf(t, a),
      crit_enter: () => model.critEnter(t),
      crit_exit: () => model.critLeave(t),
      gettoken: () => model.gettoken(t, token),
      havetoken: () => model.havetoken(t, token),
      regettoken: () => model.regettoken(t, token),
      reltoken: () => model.reltoken(t, token),
      gen: () => model.waitGen(t, wait),
      block: () => model.block(t, wait, b),
      signal: () => model.signal(t, wait),
      interrupt: () => model.interrupt(t, other),
    };
    return (calls[name] as () => Call)();
  }

  /** The state at the end, as cases have it. */
  final(): unknown {
    const { model } = this;
    const threads = this.threads.map((t) => {
      const wait = t.wait === null ? null : t.wait.index;
      const state = { cpu: t.cpu, level: t.level, sections: t.sections, queued: t.queued, wait };
      return [t.name, t.gone ? "gone" : state];
    });
    return {
      threads: Object.fromEntries(threads),
      tokens: model.tokens.map(({ owner }) => owner),
      waits: model.waits.map(({ owner, gen, sleepers }) => ({
        owner,
        gen,
        sleepers: sleepers.map(({ name }) => name),
      })),
      sent: model.cpus.map(({ sent }) => sent),
      received: model.cpus.reduce((sum, { received }) => sum + received, 0),
      dropped: model.dropped,
    };
  }
}
