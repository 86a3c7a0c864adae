// Typed read-only views over the kernel's structures: a property is read when it is asked for.

import { showAs } from "../core/inspected.js";
import type { Kernel } from "../core/kernel.js";
import * as Layout from "../generated/layout.js";

const { Thread: T, ThreadCold: C, Proc: P, GlobalData: G } = Layout;

/** Where a thread is: a word for its scheduling state. */
export type ThreadState =
  | "running"
  | "runnable"
  | "sleeping"
  | "suspended"
  | "blocked"
  | "stopped"
  | "exited";

/** Wakeup latencies of a thread, in cycles: from runnable to running. */
export interface Latency {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** What a thread with a deadline was promised, in cycles, and what came of it. */
export interface Deadline {
  /** It runs that long in a period at most, */
  readonly runtime: number;
  /** within this from the moment that it becomes ready, */
  readonly deadline: number;
  readonly period: number;
  /** on this CPU. */
  readonly cpu: number;
  /** Jobs that are done: from becoming ready to going to sleep, or to the timer's next expiry. */
  readonly jobs: number;
  /** Those that were done too late. */
  readonly misses: number;
}

/** A thread of LWKT has one of these from its creation on; it is inactive until somebody schedules it. */
const LWKT_MADE = Layout.TDL_ALLOCATED_THREAD | Layout.TDL_ALLOCATED_STACK;

/**
 * A thread. The structure is reused after an exit; `tid` tells whether it is still the same one. Times are in cycles, and
 * exact up to 2^53 of them.
 */
export class ThreadView {
  /** Address of the thread structure: the thread's identity inside the kernel. */
  readonly address: number;
  protected readonly kernel: Kernel;

  static {
    showAs(ThreadView, ({ tid, name, state, waitMessage, cpu }) => {
      return { tid, name, state, ...(waitMessage === null ? {} : { waitMessage }), cpu };
    });
  }

  constructor(kernel: Kernel, address: number) {
    this.kernel = kernel;
    this.address = address;
  }

  private get cold(): number {
    return this.kernel.cold(this.address);
  }

  private u8(offset: number): number {
    return this.kernel.u8[this.address + offset] as number;
  }

  /** Place of the structure in the thread arrays. */
  get index(): number {
    return this.kernel.threadIndex(this.address);
  }

  /** Thread id, from 100000 up; -1 for a thread of LWKT only and after reaping. */
  get tid(): number {
    return this.kernel.readSigned(this.cold + C.td_tid);
  }

  /** Name, at most 19 characters. */
  get name(): string {
    return this.kernel.nameAt(this.address);
  }

  /** Process, or null for a thread of LWKT only. */
  get process(): ProcessView | null {
    const address = this.kernel.read(this.address + T.td_proc);
    return address === 0 ? null : new ProcessView(this.kernel, address);
  }

  /** Scheduling state. */
  get state(): ThreadState {
    if ((this.lwktFlags & Layout.TDL_EXITED) !== 0) return "exited";
    const inhibitors = this.u8(T.td_inhib);
    switch (this.u8(T.td_state)) {
      case Layout.TDS.RUNNING:
        return "running";
      case Layout.TDS.RUNQ:
        return "runnable";
      case Layout.TDS.INHIBITED:
        if ((inhibitors & Layout.TDI_SUSPENDED) !== 0) return "suspended";
        return this.kernel.read(this.address + T.td_wait) !== 0 ? "blocked" : "sleeping";
      case Layout.TDS.CAN_RUN:
        return "stopped";
      default:
        return (this.lwktFlags & LWKT_MADE) !== 0 ? "stopped" : "exited";
    }
  }

  /** Why it sleeps: the wait message, or null. */
  get waitMessage(): string | null {
    const asleep =
      this.kernel.read(this.address + T.td_wchan) !== 0 ||
      this.kernel.read(this.address + T.td_wait) !== 0;
    const address = this.kernel.read(this.cold + C.td_wmesg);
    return asleep && address !== 0 ? this.kernel.text(address) : null;
  }

  /** The channel that it sleeps on, 0 for none. */
  get waitChannel(): number {
    return this.kernel.read(this.address + T.td_wchan);
  }

  /** CPU that owns it. */
  get cpu(): number {
    return this.u8(T.td_cpu);
  }

  /** True if it runs RISC-V code. */
  get isProgram(): boolean {
    return (this.u8(T.td_body) & Layout.TDB_KIND) === Layout.TDB.RV32;
  }

  /** FreeBSD priority, 0 to 255; smaller runs first. */
  get priority(): number {
    return this.kernel.u8[this.cold + C.td_priority] as number;
  }

  /** Priority it returns to after a sleep changed it. */
  get basePriority(): number {
    return this.kernel.u8[this.cold + C.td_base_pri] as number;
  }

  /** Nice value, -20 to 19; 0 under lwkt, and of a thread without a policy. */
  get nice(): number {
    const delta = this.kernel.machine("sched_delta");
    if (delta === 0) return 0;
    return this.kernel.view.getInt8((this.address + delta + Layout.ThreadSched.ts_nice) >>> 0);
  }

  /** LWKT priority, 0 to 31; larger runs first. */
  get lwktPriority(): number {
    return this.kernel.readSigned(this.address + T.td_pri) & Layout.TDPRI_MASK;
  }

  /** Nested critical sections. */
  get criticalSections(): number {
    return this.kernel.readSigned(this.address + T.td_pri) >> 5;
  }

  /** Flags of FreeBSD (TDF_*). */
  get flags(): number {
    return this.kernel.read(this.address + T.td_flags);
  }

  /** Flags of LWKT (TDL_*). */
  get lwktFlags(): number {
    return this.kernel.view.getUint16(this.address + T.td_lwflags, true);
  }

  /** CPU time in cycles, up to its last switch. */
  get runtime(): number {
    return this.kernel.readNumber(this.address + T.td_runtime);
  }

  /** Switches that it asked for. */
  get voluntarySwitches(): number {
    return this.kernel.read(this.address + T.td_nvcsw);
  }

  /** Switches that it did not ask for. */
  get involuntarySwitches(): number {
    return this.kernel.read(this.kernel.rare(this.address) + Layout.ThreadRare.td_nivcsw);
  }

  /** Pages of its kernel stack. */
  get kstackPages(): number {
    return this.kernel.u8[this.cold + C.td_kstack_pages] as number;
  }

  /** How often it was woken; 0 unless the machine keeps statistics. */
  get wakeups(): number {
    const at = this.statistics;
    return at === 0 ? 0 : this.kernel.read(at + Layout.ThreadStats.ts_wakeups);
  }

  /** How often it came to another CPU than the one it ran on before; 0 unless the machine keeps statistics. */
  get migrations(): number {
    const at = this.statistics;
    return at === 0 ? 0 : this.kernel.read(at + Layout.ThreadStats.ts_migrations);
  }

  /** Wakeup latencies; null unless the machine keeps statistics. */
  get latency(): Latency | null {
    const at = this.statistics;
    return at === 0 ? null : readLatency(this.kernel, at);
  }

  /** Its deadline, if it has one (SCHED_DEADLINE). */
  get deadline(): Deadline | null {
    const { kernel } = this;
    if ((this.flags & Layout.TDF_DEADLINE) === 0) return null;
    const number = kernel.view.getUint16(kernel.machine("dl_index") + 2 * this.index, true);
    const D = Layout.Deadline;
    const first = kernel.machine("dl_base") + kernel.config.cpus * Layout.DlCpu.size;
    const at = first + number * D.size;
    return {
      runtime: kernel.readNumber(at + D.dl_runtime),
      deadline: kernel.readNumber(at + D.dl_relative),
      period: kernel.readNumber(at + D.dl_period),
      cpu: kernel.read(at + D.dl_cpu),
      jobs: kernel.read(at + D.dl_jobs),
      misses: kernel.read(at + D.dl_misses),
    };
  }

  private get statistics(): number {
    const base = this.kernel.machine("stats_base");
    const stride = Layout.ThreadStats.size + Layout.STATS_BUCKETS * 4;
    return base === 0 ? 0 : base + this.index * stride;
  }
}

/** Smallest value of a histogram bucket: see stats_bucket in kern_stats.ts. */
function bucketFloor(bucket: number): number {
  if (bucket < 4) return bucket;
  const octave = (bucket >> 2) + 1;
  return (4 + (bucket & 3)) * 2 ** (octave - 2);
}

/** The value below which a share of those lie that a histogram at an address counts. */
export function percentileOf(
  kernel: Kernel,
  at: number,
  { count, max, share }: { count: number; max: number; share: number },
): number {
  let left = Math.ceil(count * share);
  for (let bucket = 0; bucket < Layout.STATS_BUCKETS; bucket++) {
    left -= kernel.read(at + bucket * 4);
    if (left <= 0) return Math.min(bucketFloor(bucket + 1) - 1, max);
  }
  return max;
}

function readLatency(kernel: Kernel, at: number): Latency {
  const S = Layout.ThreadStats;
  const count = kernel.read(at + S.ts_latency_count);
  const max = kernel.readNumber(at + S.ts_latency_max);
  const percentile = (share: number) => percentileOf(kernel, at + S.size, { count, max, share });
  return {
    count,
    mean: count === 0 ? 0 : kernel.readNumber(at + S.ts_latency_sum) / count,
    p50: count === 0 ? 0 : percentile(0.5),
    p99: count === 0 ? 0 : percentile(0.99),
    max,
  };
}

/** States of a process. */
export type ProcessState = "new" | "normal" | "zombie";

/** A process. */
export class ProcessView {
  /** Address of the process structure. */
  readonly address: number;
  private readonly kernel: Kernel;

  static {
    showAs(ProcessView, ({ pid, name, state }) => ({ pid, name, state }));
  }

  constructor(kernel: Kernel, address: number) {
    this.kernel = kernel;
    this.address = address;
  }

  /** Process id; 0 is the kernel's own process, 1 is init. */
  get pid(): number {
    return this.kernel.readSigned(this.address + P.p_pid);
  }

  /** Name, at most 19 characters. */
  get name(): string {
    return this.kernel.nameAt(this.address);
  }

  /** Where it is in its life. */
  get state(): ProcessState {
    const states = ["new", "normal", "zombie"] as const;
    return states[this.kernel.read(this.address + P.p_state)] ?? "zombie";
  }

  /** Flags (P_*). */
  get flags(): number {
    return this.kernel.read(this.address + P.p_flag);
  }

  /** Parent, or null for the kernel's own process. */
  get parent(): ProcessView | null {
    const address = this.kernel.read(this.address + P.p_pptr);
    return address === 0 ? null : new ProcessView(this.kernel, address);
  }

  /** Threads that are linked to it. */
  get threadCount(): number {
    return this.kernel.readSigned(this.address + P.p_numthreads);
  }

  /** Suspended ones among them. */
  get suspendedCount(): number {
    return this.kernel.readSigned(this.address + P.p_suspcount);
  }

  /** CPU time of its exited threads, in cycles. */
  get exitedRuntime(): number {
    return this.kernel.readNumber(this.address + P.p_runtime);
  }

  /** Exit code of a zombie. */
  get exitCode(): number {
    return this.kernel.readSigned(this.address + P.p_xexit);
  }

  /** Its threads, oldest first. */
  *threads(): Generator<ThreadView> {
    let address = this.kernel.read(this.address + P.p_threads);
    while (address !== 0) {
      const next = this.kernel.read(this.kernel.cold(address) + C.td_plist_next);
      yield new ThreadView(this.kernel, address);
      address = next;
    }
  }
}

/** A CPU. Times are in cycles, and exact up to 2^53 of them. */
export class CpuView {
  /** Its number. */
  readonly id: number;
  private readonly kernel: Kernel;
  private readonly at: number;

  static {
    showAs(CpuView, ({ id, isIdle, thread, cycles }) => {
      return { id, ...(isIdle ? { isIdle } : { thread: thread.name }), cycles };
    });
  }

  constructor(kernel: Kernel, id: number) {
    this.kernel = kernel;
    this.id = id;
    this.at = kernel.globaldata(id);
  }

  /** The thread that runs; the idle thread when nothing does. */
  get thread(): ThreadView {
    return new ThreadView(this.kernel, this.kernel.read(this.at + G.gd_curthread));
  }

  /** True while it runs its idle thread. */
  get isIdle(): boolean {
    return this.kernel.read(this.at + G.gd_curthread) === this.kernel.read(this.at + G.gd_idletd);
  }

  /** Its clock, in cycles since boot; that of a halted CPU stands at the current time. */
  get cycles(): number {
    const own = this.kernel.readNumber(this.at + G.gd_cycles);
    return this.isHalted ? Math.max(own, Number(this.kernel.machine64("now"))) : own;
  }

  private get isHalted(): boolean {
    return (this.kernel.read(this.at + G.gd_flags) & Layout.GDF_HALTED) !== 0;
  }

  /** Cycles spent idle. */
  get idleCycles(): number {
    const since = this.cycles - this.kernel.readNumber(this.at + G.gd_switchtime);
    return this.kernel.readNumber(this.at + G.gd_idle) + (this.isIdle ? since : 0);
  }

  /** Cycles since the last switch, not yet part of the running thread's time; 0 while idle. */
  get uncharged(): number {
    return this.isIdle ? 0 : this.cycles - this.kernel.readNumber(this.at + G.gd_switchtime);
  }

  /** Cycles spent in threads. */
  get busyCycles(): number {
    return this.cycles - this.idleCycles;
  }

  /** Switches from one thread to another. */
  get switches(): number {
    return this.kernel.readNumber(this.at + G.gd_switches);
  }

  /** Calls of the switcher, those that picked the running thread included (lwkt.switch_count). */
  get switchCount(): number {
    return this.kernel.readNumber(this.at + G.gd_switch_count);
  }

  /** RV32 instructions. */
  get instructions(): number {
    return this.kernel.readNumber(this.at + G.gd_instructions);
  }

  /** Preemptions by interrupt threads that happened, that were refused, and that made no sense. */
  get preemptions(): { readonly hit: number; readonly miss: number; readonly weird: number } {
    return {
      hit: this.kernel.readNumber(this.at + G.gd_preempt_hit),
      miss: this.kernel.readNumber(this.at + G.gd_preempt_miss),
      weird: this.kernel.readNumber(this.at + G.gd_preempt_weird),
    };
  }

  /** Messages to other CPUs. */
  get messagesSent(): number {
    return this.kernel.readNumber(this.at + G.gd_ipi_sent);
  }

  /** Messages from other CPUs. */
  get messagesReceived(): number {
    return this.kernel.readNumber(this.at + G.gd_ipi_received);
  }

  /** Threads on its run queue. */
  get runnable(): number {
    return this.kernel.readSigned(this.at + G.gd_nrunnable);
  }
}
