// A kernel that storms are run on one after the other: booted once for each number of CPUs, and put back to where
// it was then by copying its memory.

import type { KernelSource } from "../../../src/core/instantiate.js";
import { Kernel } from "../../../src/core/kernel.js";
import * as Layout from "../../../src/generated/layout.js";

const { Sys, Thread: T } = Layout;

/** Of storms with timeouts: at 1,000 ticks a second a tick is two or three short quanta. */
const CYCLES_PER_SECOND = 300_000;
/** The channel that only the boot thread sleeps on. */
const BOOT_CHANNEL = 0x7fff_0000;

/** What of the configuration may change from storm to storm. */
export interface Weather {
  readonly quantum: number;
  readonly preemption: boolean;
  readonly roundRobin: number;
}

/** What a rig is booted for. */
export interface RigKind {
  readonly cpus: number;
  readonly bare: boolean;
  /** The scheduler, for storms of FreeBSD's calls. */
  readonly scheduler?: "lwkt" | "4bsd";
}

/** A machine whose boot thread waits for ever: a bare one, or one with processes, whose threads are proc0's. */
export class Rig {
  readonly kernel: Kernel;
  /** The fault that is planted in the check build, 0 for none. */
  plant = 0;
  readonly name: number;
  private readonly image: Uint8Array;
  private readonly bare: boolean;

  constructor(
    private readonly kind: RigKind,
    source: KernelSource,
  ) {
    const { bare, cpus, scheduler } = kind;
    this.bare = bare;
    this.kernel = new Kernel(
      {
        bare,
        cpus,
        ...(scheduler === undefined ? {} : { scheduler, cyclesPerSecond: CYCLES_PER_SECOND }),
        maxproc: 10,
        quantum: 1000,
        roundRobin: 0,
        maxthread: 200,
        objects: 16,
        kstackDepth: 32,
        registers: 16,
        guestMemory: 4096,
        textMemory: 1024,
        stringMemory: 4096,
      },
      source,
    );
    this.name = this.kernel.intern("t");
    this.sleep();
    this.image = this.kernel.u8.slice();
  }

  /** The boot thread leaves its CPU for good. */
  private sleep(): void {
    const { kernel } = this;
    const boot = kernel.machine("thread0");
    kernel.u8[boot + T.td_body] = Layout.TDB.HOST;
    kernel.setBudget({});
    kernel.exports.machine_run();
    if (this.bare) this.step(boot, Sys.crit_exit_noyield, []);
    const reason = this.sleepCalls(boot);
    if ((reason & Layout.RUN_REASON) !== Layout.Run.IDLE)
      throw new Error("the boot thread goes on");
  }

  private sleepCalls(boot: number): number {
    if (this.kind.scheduler !== undefined)
      return this.step(boot, Sys.tsleep, [BOOT_CHANNEL, 0, this.name, 0]);
    this.step(boot, Sys.lwkt_deschedule_self, []);
    return this.step(boot, Sys.lwkt_switch, []);
  }

  /** The kernel as it was, with other weather, and structures for so many threads. */
  reset({ quantum, preemption, roundRobin }: Weather, threads: number): void {
    const { kernel } = this;
    kernel.panic = null;
    kernel.u8.set(this.image);
    kernel.setMachine64("quantum", BigInt(quantum));
    kernel.setMachine64("rr_cycles", BigInt(roundRobin));
    kernel.setMachine("plant", this.plant);
    kernel.setMachine("next_cpu", 0);
    // No more structures than can be in use at a time: threads live in those of others.
    if (this.bare) kernel.setMachine("zone_next", kernel.machine("td_count") - threads);
    kernel.setMachine("preemption", preemption ? 1 : 0);
  }

  /** The host makes a thread whose body is asked for with this cookie. */
  spawn(cookie: number, level: number, cpu: number): number {
    const { kernel } = this;
    const [error, td] = kernel.hostCall(...this.creation(cookie, false));
    if (error !== 0) throw new Error(`creating a thread: error ${error}`);
    kernel.hostCall(Sys.lwkt_setpri, [td >>> 0, level]);
    if (cpu !== 0) kernel.hostCall(Sys.lwkt_migrate, [td >>> 0, cpu]);
    return td >>> 0;
  }

  /** The host makes a kernel thread with a priority and a set of CPUs, and starts it. */
  spawnKthread(cookie: number, priority: number, cpus: readonly [number, number]): number {
    const { kernel } = this;
    const [error, td] = kernel.hostCall(...this.creation(cookie, true));
    if (error !== 0) throw new Error(`creating a thread: error ${error}`);
    kernel.hostCall(Sys.sched_prio, [td >>> 0, priority]);
    kernel.hostCall(Sys.cpuset_setthread, [td >>> 0, ...cpus]);
    kernel.hostCall(Sys.sched_add, [td >>> 0]);
    return td >>> 0;
  }

  /** The call that creates a thread. */
  creation(cookie: number, stopped: boolean): readonly [number, number[]] {
    const { bare } = this;
    const flags = !stopped ? 0 : bare ? Layout.TDL_STOPREQ : Layout.RFSTOPPED;
    if (bare) return [Sys.lwkt_create, [Layout.FUNC_HOST, cookie, 0, flags, 0, 0]];
    return [Sys.kthread_add, [Layout.FUNC_HOST, cookie, 0, flags, 0, this.name, 0]];
  }

  /** Makes the next call of a thread's body. */
  step(td: number, nr: number, args: readonly number[]): number {
    this.kernel.writeArguments(td, args);
    return this.kernel.exports.machine_step(nr);
  }

  a0(td: number): number {
    return this.kernel.readSigned(this.kernel.frame(td) + Layout.Frame.a0);
  }

  a1(td: number): number {
    return this.kernel.read(this.kernel.frame(td) + Layout.Frame.a1);
  }
}

/** Rigs of a build. */
export class Rigs {
  private readonly rigs = new Map<string, Rig>();

  constructor(private readonly source: KernelSource) {}

  /** The rig for storms of a kind. */
  of(kind: RigKind): Rig {
    const key = `${kind.cpus} ${kind.bare} ${kind.scheduler}`;
    let rig = this.rigs.get(key);
    if (rig === undefined) {
      rig = new Rig(kind, this.source);
      this.rigs.set(key, rig);
    }
    return rig;
  }
}
