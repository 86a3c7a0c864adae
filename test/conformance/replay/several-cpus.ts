// Replays recorded cases for several CPUs (test/conformance/cases/several-cpus/FORMAT.md) on the kernel, with host
// bodies; switches are read from the trace.

import type { KernelSource } from "../../../src/core/instantiate.js";
import { Kernel } from "../../../src/core/kernel.js";
import { linkedThreads } from "../../../src/core/runq-view.js";
import * as Layout from "../../../src/generated/layout.js";
import { CpusBody, type CpusCase, type CpusOp, element } from "./cpus-body.js";
import { type Difference, firstDifference, InputError } from "./difference.js";

const { GlobalData: G, Ktr, LwktToken, LwktWait, Run, RUN_REASON, Sys, Thread: T } = Layout;

/** Kernel calls by operation, and the kind of their first argument: thread, number, token or wait structure. */
const calls: Readonly<Record<string, readonly [nr: number, kind?: "T" | "n" | "k" | "w"]>> = {
  yield: [Sys.lwkt_yield],
  switch: [Sys.lwkt_switch],
  schedule_self: [Sys.lwkt_schedule_self],
  deschedule_self: [Sys.lwkt_deschedule_self],
  schedule: [Sys.lwkt_schedule, "T"],
  deschedule: [Sys.lwkt_deschedule, "T"],
  setpri: [Sys.lwkt_setpri, "T"],
  setpri_self: [Sys.lwkt_setpri_self, "n"],
  migrate: [Sys.lwkt_migrate, "T"],
  setcpu_self: [Sys.lwkt_setcpu_self, "n"],
  crit_enter: [Sys.crit_enter],
  crit_exit: [Sys.crit_exit],
  gettoken: [Sys.lwkt_gettoken, "k"],
  havetoken: [Sys.lwkt_havetoken, "k"],
  regettoken: [Sys.lwkt_regettoken, "k"],
  reltoken: [Sys.lwkt_reltoken, "k"],
  gen: [Sys.lwkt_wait_gen, "w"],
  block: [Sys.lwkt_block, "w"],
  signal: [Sys.lwkt_signal, "w"],
  interrupt: [Sys.interrupt, "T"],
};

/** Operations whose `ret` has a value. */
const valued = ["migrate", "setcpu_self", "havetoken", "regettoken", "gen", "block", "interrupt"];

class Replay {
  readonly log: unknown[] = [];
  private readonly kernel: Kernel;
  private readonly threads: number[] = [];
  private readonly tokens: number[];
  private readonly waits: number[];
  private readonly names = new Map<number, string>();
  private readonly bodies = new Map<number, CpusBody>();
  private readonly calling = new Map<number, readonly [pc: number, name: string]>();
  private readonly gone = new Set<number>();

  constructor(
    private readonly test: CpusCase,
    build: KernelSource,
  ) {
    this.kernel = new Kernel(
      {
        bare: true,
        cpus: test.cpus,
        time: "idle",
        preemption: false,
        roundRobin: 0,
        maxthread: test.threads.length + 2,
        kstackDepth: 64,
        guestMemory: 4096,
        textMemory: 1024,
        stringMemory: 4096,
        objects: test.waits.length + test.tokens.length + 1,
      },
      build,
    );
    this.sleepBoot();
    for (let cpu = 0; cpu < test.cpus; cpu++) {
      this.names.set(this.kernel.read(this.kernel.globaldata(cpu) + G.gd_idletd), "idle");
    }
    const { kernel } = this;
    this.tokens = test.tokens.map(([owner, back]) => kernel.newObject("token", owner, back));
    this.waits = test.waits.map(([owner, back]) => kernel.newObject("wait", owner, back));
    for (const [index, { name, level, cpu }] of test.threads.entries()) {
      this.spawn(index, name, level, cpu);
    }
    kernel.setMachine("ktr_mask", Layout.KTR_SCHED);
    kernel.onTrace = (from, to) => this.readTrace(from, to);
  }

  /** The boot thread waits for ever: cases begin on idle CPUs. */
  private sleepBoot(): void {
    const { kernel } = this;
    const boot = kernel.machine("thread0");
    kernel.u8[boot + T.td_body] = Layout.TDB.HOST;
    kernel.exports.machine_run();
    kernel.exports.machine_step(Sys.crit_exit_noyield);
    kernel.exports.machine_step(Sys.lwkt_deschedule_self);
    kernel.exports.machine_step(Sys.lwkt_switch);
  }

  private spawn(index: number, name: string, level: number, cpu: number): void {
    const { kernel } = this;
    const [error, td] = kernel.hostCall(Sys.lwkt_create, [Layout.FUNC_HOST, index, 0, 0, 0, 0]);
    if (error !== 0) throw new InputError(`thread ${name} cannot be created: error ${error}`);
    kernel.hostCall(Sys.lwkt_setpri, [td, level]);
    if (cpu !== 0) kernel.hostCall(Sys.lwkt_migrate, [td, cpu]);
    this.threads.push(td);
    this.names.set(td, name);
  }

  run(): unknown {
    const { kernel } = this;
    let reason = kernel.exports.machine_run();
    while ((reason & RUN_REASON) === Run.HOST) reason = this.step();
    this.drain();
    if ((reason & RUN_REASON) !== Run.IDLE) this.log.push(["stopped", reason]);
    return this.final();
  }

  private step(): number {
    this.drain();
    const { kernel } = this;
    const td = kernel.curthread();
    const name = this.names.get(td);
    const a0 = kernel.readSigned(kernel.frame(td) + Layout.Frame.a0);
    const cpu = kernel.u8[td + T.td_cpu];
    kernel.u8[td + T.td_body] = (kernel.u8[td + T.td_body] as number) & ~Layout.TDB_FRESH;
    const begun = this.calling.get(td);
    const body = this.bodies.get(td) ?? new CpusBody(element(this.test.threads, a0, "thread").body);
    this.bodies.set(td, body);
    if (begun !== undefined) {
      const hasValue = valued.includes(begun[1]);
      this.log.push(hasValue ? ["ret", name, begun[0], a0] : ["ret", name, begun[0]]);
      if (hasValue) body.returned(a0);
    }
    const op = body.next();
    if (op === null) {
      this.log.push(["end", cpu, name]);
      this.gone.add(td);
      return kernel.exports.machine_step(Sys.body_return);
    }
    this.calling.set(td, [body.pc, op[0]]);
    this.log.push(["call", cpu, name, body.pc, ...op]);
    return this.call(td, op);
  }

  private call(td: number, [name, a, b]: CpusOp): number {
    const { kernel } = this;
    const call = calls[name];
    if (call === undefined) throw new InputError(`there is no operation "${name}"`);
    const [nr, kind] = call;
    const args: number[] = [];
    if (kind === "T") args.push(element(this.threads, a, "thread"));
    if (kind === "n") args.push(a ?? 0);
    if (kind === "k") args.push(element(this.tokens, a, "token"));
    if (kind === "w") args.push(element(this.waits, a, "wait structure"));
    if (name === "block") args.push(0);
    if (b !== undefined) args.push(b);
    kernel.writeArguments(td, args);
    return kernel.exports.machine_step(nr);
  }

  /** Reads the trace records that the kernel has not handed over yet. */
  private drain(): void {
    const base = this.kernel.machine("ktr_base");
    const next = this.kernel.machine("ktr_next");
    this.kernel.setMachine("ktr_next", base);
    this.readTrace(base, next);
  }

  private readTrace(from: number, to: number): void {
    for (const { type, cpu, a, b } of this.kernel.records(from, to)) {
      if (type !== Ktr.SWITCH && type !== Ktr.XSWITCH) continue;
      this.log.push(["switch", cpu, this.names.get(a), this.names.get(b)]);
    }
  }

  private final(): unknown {
    const { kernel, test } = this;
    const threads = this.threads.map((td, index) => [
      element(test.threads, index, "thread").name,
      this.gone.has(td) ? "gone" : this.threadState(td),
    ]);
    const gds = Array.from({ length: test.cpus }, (_, cpu) => kernel.globaldata(cpu));
    return {
      threads: Object.fromEntries(threads),
      tokens: this.tokens.map((at) => kernel.readSigned(at + LwktToken.t_cpu)),
      waits: this.waits.map((at) => ({
        owner: kernel.readSigned(at + LwktToken.t_cpu),
        gen: kernel.readSigned(at + LwktWait.wa_gen),
        sleepers: linkedThreads(kernel, kernel.read(at + LwktWait.wa_waitq)).map((td) =>
          this.names.get(td),
        ),
      })),
      sent: gds.map((gd) => kernel.readNumber(gd + G.gd_ipi_sent)),
      received: gds.reduce((sum, gd) => sum + kernel.readNumber(gd + G.gd_ipi_received), 0),
      dropped: Number(kernel.machine64("ipi_dropped")),
    };
  }

  private threadState(td: number): unknown {
    const { kernel } = this;
    const pri = kernel.readSigned(td + T.td_pri);
    const flags = kernel.view.getUint16(td + T.td_lwflags, true);
    const wait = kernel.read(td + T.td_wait);
    return {
      cpu: kernel.u8[td + T.td_cpu],
      level: pri & Layout.TDPRI_MASK,
      sections: pri >> 5,
      queued: (flags & Layout.TDL_RUNQ) !== 0,
      wait: wait === 0 ? null : this.waits.indexOf(wait),
    };
  }
}

/** Replays a case; the first difference between what happened and what was recorded, or null. */
export function replayCpus(test: CpusCase, build: KernelSource): Difference | null {
  const replay = new Replay(test, build);
  const final = replay.run();
  return (
    firstDifference("log", test.log, replay.log) ?? firstDifference("final", test.final, final)
  );
}
