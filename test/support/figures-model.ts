// The figures of `compare`, computed a second time from the run's trace alone: when each thread became runnable, when it
// had which CPU, and when it ended. It uses none of the kernel's accounts, histograms or reports: latencies are a sorted
// list of numbers, and a thread's time is a sum of stretches.
//
// The run proceeds a round at a time, since idle CPUs are counted where a round begins; the compared run is undivided.

import type { TraceRecord } from "../../src/core/kernel.js";
import * as Layout from "../../src/generated/layout.js";
import { Machine } from "../../src/index.js";
import type { Workload } from "../../src/workload/model.js";
import { type WorkloadOptions, WorkloadRun, workloadConfig } from "../../src/workload/run.js";

const { GlobalData: G, HOST_EVENT_REPORT, Ktr, SW } = Layout;
const CLASSES = Layout.KTR_SCHED | Layout.KTR_STATE;
/** Process ids up to this are the kernel's own. */
const KERNEL_PID = 1;

/** A thread, from its creation until it closes its account. Times are in cycles, which are nanoseconds. */
interface Life {
  readonly tid: number;
  readonly pid: number;
  /** The CPU that it ran on last, null before the first time. */
  cpu: number | null;
  /** Time at which it was made runnable, if it has not run since. */
  runnableAt: number | null;
  waits: boolean;
  wakeups: number;
  migrations: number;
  involuntary: number;
  ran: number;
  readonly latencies: number[];
}

/** The figures that a comparison shows for one run. */
export interface Figures {
  readonly hash: string;
  readonly fairness: number;
  readonly latencyP50: number | null;
  readonly latencyP99: number | null;
  readonly latencyMax: number | null;
  readonly switches: number;
  readonly involuntarySwitches: number;
  readonly migrations: number;
  readonly idleWhileRunnable: number;
  readonly idle: number;
}

interface Cpu {
  readonly idle: number;
  thread: number;
  since: number;
  idled: number;
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

export class FiguresModel {
  readonly lives: Life[] = [];
  private readonly machine: Machine;
  private readonly run: WorkloadRun;
  private readonly now = new Map<number, Life>();
  private readonly cpus: Cpu[] = [];
  private switches = 0;
  /** Time that CPUs were idle although threads waited, of all CPUs together. */
  private wasted = 0;

  /** Runs a workload for a time in nanoseconds, or until nothing happens any more. */
  constructor(workload: Workload, options: WorkloadOptions, forNs: number) {
    this.machine = new Machine(workloadConfig(workload, options), options.build ?? "release");
    const { kernel, cpus } = this.machine;
    for (const { id, thread } of cpus) {
      const idle = kernel.read(kernel.globaldata(id) + G.gd_idletd);
      this.cpus.push({ idle, thread: thread.address, since: 0, idled: 0 });
    }
    kernel.listenToTrace(CLASSES, (from, to) => {
      for (const record of kernel.records(from, to)) this.take(record);
    });
    this.run = new WorkloadRun(workload, options, this.machine);
    this.watchEnds();
    this.goOn(BigInt(forNs));
  }

  /** A thread that closes its account does so in the middle of a stretch. */
  private watchEnds(): void {
    const { kernel } = this.machine;
    const before = kernel.onEvent;
    kernel.onEvent = (list, cookie, arg) => {
      before?.(list, cookie, arg);
      if (list !== HOST_EVENT_REPORT) return;
      kernel.drainTrace();
      this.close(arg >>> 0);
    };
  }

  private goOn(until: bigint): void {
    for (;;) {
      const from = this.machine.cycles;
      const idle = this.cpus.filter(({ thread, idle }) => thread === idle).length;
      const waiting = [...this.now.values()].filter(({ waits }) => waits).length;
      const reason = this.run.advance(until, 1);
      if (waiting > 0) {
        this.wasted += Math.min(idle, waiting) * Number(this.machine.cycles - from);
      }
      if (reason !== "rounds") return;
    }
  }

  // ---- The trace ----

  private take({ type, time, cpu, why, a, b, c, d }: TraceRecord): void {
    const at = Number(time);
    if (type === Ktr.CREATE) this.create(a, c | 0, d | 0);
    else if (type === Ktr.WAKEUP) this.wake(a, at);
    else if (type === Ktr.SWITCH || type === Ktr.XSWITCH) {
      this.switches++;
      this.leave(cpu, a, at, why);
      this.enter(cpu, b, at);
    }
  }

  private create(td: number, tid: number, pid: number): void {
    const life: Life = {
      ...{ tid, pid, cpu: null, runnableAt: null, waits: false },
      ...{ wakeups: 0, migrations: 0, involuntary: 0, ran: 0, latencies: [] },
    };
    this.now.set(td, life);
    if (pid > KERNEL_PID) this.lives.push(life);
  }

  private wake(td: number, at: number): void {
    const life = this.now.get(td);
    if (life === undefined) return;
    life.wakeups++;
    life.runnableAt = at;
    life.waits = true;
  }

  private leave(cpu: number, td: number, at: number, why: number): void {
    const place = this.cpus[cpu] as Cpu;
    if (td === place.idle) place.idled += at - place.since;
    const life = this.now.get(td);
    if (life === undefined) return;
    life.ran += at - place.since;
    life.waits = why === SW.YIELD || why === SW.PREEMPTED;
    if (why === SW.PREEMPTED) life.involuntary++;
    if (why === SW.EXIT) this.now.delete(td);
  }

  private enter(cpu: number, td: number, at: number): void {
    Object.assign(this.cpus[cpu] as Cpu, { thread: td, since: at });
    const life = this.now.get(td);
    if (life === undefined) return;
    life.waits = false;
    if (life.cpu !== null && life.cpu !== cpu) life.migrations++;
    life.cpu = cpu;
    // The clock of the CPU that made it runnable may be ahead.
    if (life.runnableAt !== null) life.latencies.push(Math.max(0, at - life.runnableAt));
    life.runnableAt = null;
  }

  /** Closes a thread's account; what it does afterwards does not count. */
  private close(td: number): void {
    const life = this.now.get(td);
    if (life === undefined) return;
    life.ran += this.open(life.cpu ?? 0);
    this.now.set(td, { ...life, latencies: [] });
  }

  /** How long a CPU's current thread has been running. */
  private open(cpu: number): number {
    const { kernel } = this.machine;
    const clock = kernel.readNumber(kernel.globaldata(cpu) + G.gd_cycles);
    return clock - (this.cpus[cpu] as Cpu).since;
  }

  // ---- The figures ----

  /** What each thread ran. */
  get times(): number[] {
    return this.lives.map((life) => {
      const isNow = this.cpus.findIndex(({ thread }) => this.now.get(thread) === life);
      return life.ran + (isNow < 0 ? 0 : this.open(isNow));
    });
  }

  figures(): Figures {
    const { lives, cpus, times } = this;
    const total = Number(this.machine.cycles);
    const woken = lives.filter(({ latencies }) => latencies.length > 0);
    const medians = woken.map((life) => percentile(life.latencies, 50));
    const idle = sum(
      cpus.map((cpu) => cpu.idled + (cpu.thread === cpu.idle ? total - cpu.since : 0)),
    );
    return {
      hash: this.machine.hash,
      fairness: sum(times) ** 2 / (times.length * sum(times.map((time) => time * time))),
      latencyP50: medians.length === 0 ? null : middle(medians),
      latencyP99: most(woken.map((life) => percentile(life.latencies, 99))),
      latencyMax: most(woken.map(({ latencies }) => Math.max(...latencies))),
      switches: this.switches,
      involuntarySwitches: sum(lives.map(({ involuntary }) => involuntary)),
      migrations: sum(lives.map(({ migrations }) => migrations)),
      idleWhileRunnable: this.wasted / (total * cpus.length),
      idle: idle / (total * cpus.length),
    };
  }
}

function most(values: readonly number[]): number | null {
  return values.length === 0 ? null : Math.max(...values);
}

/** The one in the middle; of two, the greater. */
function middle(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] as number;
}

/**
 * The smallest value that so many of a hundred do not exceed, as a report tells it: the top of its quarter of
 * an octave.
 */
function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.ceil((values.length * percent) / 100) - 1] as number;
  return Math.min(topOf(value), sorted.at(-1) as number);
}

function topOf(value: number): number {
  if (value < 4) return value;
  const octave = 2 ** Math.floor(Math.log2(value));
  const quarter = octave / 4;
  return octave + (Math.floor((value - octave) / quarter) + 1) * quarter - 1;
}
