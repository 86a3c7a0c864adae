// Replays a recorded case of FreeBSD's kernel threads on the product's own kernel and compares.
//
// The kernel is driven one step of a host body at a time, as Machine does it, but the bodies are scripts
// of operations. What the kernel did in between is read from its trace, in order with the calls.

import { KernelPanic } from "../../../src/core/errors.js";
import type { KernelBuild } from "../../../src/core/instantiate.js";
import { Kernel, type TraceRecord } from "../../../src/core/kernel.js";
import * as Layout from "../../../src/generated/layout.js";
import { type Difference, firstDifference, InputError } from "./difference.js";
import { type Op, type Operation, operations } from "./freebsd-ops.js";
import { finalState } from "./freebsd-state.js";
import { type Identities, World } from "./freebsd-world.js";

const { Ktr } = Layout;

/** Records of the trace that may wait for the call that caused them. */
const PENDING_MAX = 100_000;

/** A case of either flavour (FORMAT.md, sections 1 and 2). */
export interface FreebsdCase {
  readonly name: string;
  readonly tunables: Tunables;
  readonly threads?: readonly { readonly name: string; readonly body: readonly Op[] }[];
  readonly log?: readonly unknown[];
  readonly final?: unknown;
  readonly ops?: readonly Op[];
  readonly results?: readonly unknown[];
}

/** Settings of the machine that a case runs on. */
export interface Tunables {
  readonly maxthread?: number;
  readonly maxproc?: number;
  readonly max_threads_per_proc?: number;
  readonly hz?: number;
  readonly ticks?: number;
  readonly ndomains?: number;
  readonly trace?: number;
  readonly maxlog?: number;
}

/** Thrown when the log has reached its recorded length. */
class Cut extends Error {}

/** Replays a case; null when log and final state, or results, are the recorded ones. */
export function replayFreebsd(
  recorded: FreebsdCase,
  build: KernelBuild = "release",
): Difference | null {
  if (recorded.ops !== undefined) return unitCase(recorded, build);
  const replay = new Replay(recorded, build);
  replay.run();
  const difference = firstDifference("log", recorded.log, replay.log);
  return difference ?? firstDifference("final", recorded.final, replay.final());
}

function unitCase(recorded: FreebsdCase, build: KernelBuild): Difference | null {
  const threads = [{ name: "thread0", body: recorded.ops ?? [] }];
  const replay = new Replay({ ...recorded, threads, ops: undefined }, build);
  replay.run();
  const results: unknown[] = [];
  for (const [event, ...rest] of replay.log as [string, ...unknown[]][]) {
    if (event === "ret") results.push(rest[2]);
    if (event === "panic") results.push({ panic: rest[0] });
  }
  return firstDifference("results", recorded.results, results);
}

function bootKernel(tunables: Tunables, build: KernelBuild): Kernel {
  return new Kernel(
    {
      scheduler: "4bsd",
      time: "idle",
      preemption: false,
      roundRobin: 0,
      maxthread: tunables.maxthread ?? 0,
      maxproc: tunables.maxproc ?? 1000,
      maxThreadsPerProc: tunables.max_threads_per_proc ?? 1500,
      hz: tunables.hz ?? 1000,
      ticks: tunables.ticks ?? 1000,
      domains: tunables.ndomains ?? 1,
      guestMemory: 4096,
      textMemory: 1024,
    },
    build,
  );
}

/** Boots the kernel; a machine that is too small to boot is an error of the case. */
function booted(tunables: Tunables, build: KernelBuild): Kernel {
  try {
    return bootKernel(tunables, build);
  } catch (error) {
    if (!(error instanceof KernelPanic)) throw error;
    throw new InputError(`the machine of the case does not boot: ${error.message.trim()}`);
  }
}

/** One run of a case. */
class Replay implements Identities {
  readonly log: unknown[] = [];
  private readonly kernel: Kernel;
  private readonly world: World;
  private readonly scripts = new Map<string, readonly Op[]>();
  private readonly bodies = new Map<string, Operation>();
  private readonly maxlog: number;
  private readonly pending: TraceRecord[] = [];
  private isCut = false;

  constructor(recorded: FreebsdCase, build: KernelBuild) {
    this.maxlog = recorded.tunables.maxlog ?? Number.POSITIVE_INFINITY;
    for (const { name, body } of recorded.threads ?? []) this.scripts.set(name, body);
    this.kernel = booted(recorded.tunables, build);
    this.world = new World(this.kernel, this);
    this.kernel.onPrint = (text) => this.print(String(text));
    this.kernel.onTrace = (from, to) => this.collect(from, to);
    this.kernel.namePointer = (address) => this.world.nameOf(address) ?? address.toString(16);
    const classes = Layout.KTR_PROC | (recorded.tunables.trace === 1 ? Layout.KTR_THREAD : 0);
    this.kernel.setMachine("ktr_mask", classes);
  }

  /** Runs to the end of the case. */
  run(): void {
    try {
      this.created("thread0");
      this.drive();
      this.drain();
    } catch (error) {
      if (error instanceof KernelPanic) this.endByPanic(error);
      else if (!(error instanceof Cut)) throw error;
    }
  }

  private endByPanic(panic: KernelPanic): void {
    try {
      this.drain();
      this.add("panic", panic.text);
    } catch (error) {
      if (!(error instanceof Cut)) throw error;
    }
  }

  private drive(): void {
    const { kernel, world } = this;
    const { T, F } = world;
    let reason = kernel.exports.machine_run();
    while ((reason & Layout.RUN_REASON) === Layout.Run.HOST) {
      const td = kernel.curthread();
      const body = this.bodies.get(world.nameOf(td) ?? "") as Operation;
      const step = body.next(kernel.readSigned(kernel.frame(td) + F.a0));
      kernel.u8[td + T.td_body] = Layout.TDB.HOST;
      if (step.done) {
        reason = kernel.exports.machine_step(Layout.Sys.body_return);
      } else {
        kernel.writeArguments(td, step.value.args);
        reason = kernel.exports.machine_step(step.value.nr);
      }
    }
  }

  /** The state at the end, or null when the log was cut. */
  final(): unknown {
    return this.isCut ? null : finalState(this.world);
  }

  // ---- Identities ----

  /** A thread with an identity has been created: its script is its body. */
  created(name: string): void {
    const script = this.scripts.get(name) ?? [];
    this.bodies.set(name, this.body(name, script));
  }

  private *body(name: string, script: readonly Op[]): Operation {
    this.drain();
    for (let i = 0; i < script.length; i++) {
      const op = script[i] as Op;
      const operation = operations[op[0]];
      if (operation === undefined) throw new InputError(`there is no operation "${op[0]}"`);
      this.add("call", name, i, op[0]);
      const value = yield* operation(this.world, op, name);
      this.drain();
      this.add("ret", name, i, value);
    }
    this.add("end", name);
    return null;
  }

  // ---- The log ----

  private add(...event: unknown[]): void {
    this.log.push(event);
    if (this.log.length < this.maxlog) return;
    this.isCut = true;
    throw new Cut();
  }

  private print(text: string): void {
    this.drain();
    this.add("print", text);
  }

  /** Logs what the kernel has traced so far. */
  private drain(): void {
    const from = this.kernel.machine("ktr_base");
    const to = this.kernel.machine("ktr_next");
    this.kernel.setMachine("ktr_next", from);
    this.pending.push(...this.kernel.records(from, to));
    for (const record of this.pending.splice(0)) this.record(record);
  }

  /**
   * Takes trace records from the kernel. Those of a creating call can be named only when the call has returned; but a
   * kernel that never returns fills the log, too.
   */
  private collect(from: number, to: number): void {
    this.pending.push(...this.kernel.records(from, to));
    if (this.pending.length > PENDING_MAX) this.drain();
  }

  private record({ type, a, b, c }: TraceRecord): void {
    const event = eventOf[type];
    if (event !== undefined) this.add(...event(a, b, c, (address) => this.world.nameOf(address)));
  }
}

type EventMaker = (
  a: number,
  b: number,
  c: number,
  name: (address: number) => string | null,
) => unknown[];

/** How trace records are logged, by type; other types are not. */
const eventOf: Readonly<Record<number, EventMaker>> = {
  [Ktr.RUNNABLE]: (a, _b, _c, name) => ["runnable", name(a)],
  [Ktr.FBSWITCH]: (a, b, _c, name) => ["switch", name(a), name(b)],
  [Ktr.TICK]: (a) => ["tick", a | 0],
  [Ktr.ZOMBIE]: (a, _b, _c, name) => ["zombie", name(a)],
  [Ktr.HARVEST]: (a, b, c, name) => ["harvest", name(a), b, c | 0],
  [Ktr.STOPPED]: (a, _b, _c, name) => ["stopped", name(a)],
  [Ktr.CTOR]: (a) => ["ctor", a],
  [Ktr.DTOR]: (a) => ["dtor", a],
  [Ktr.INIT]: (a) => ["init", a],
  [Ktr.TIDSET]: (a) => ["tidset", a],
  [Ktr.TIDCLEAR]: (a) => ["tidclear", a],
  [Ktr.COUNT]: (a) => ["count", a | 0],
};
