// A storm of FreeBSD's calls on a kernel, compared with their model (fbsd-model.ts).

import * as Layout from "../../../src/generated/layout.js";
import { Bsd4CpusModel, FbsdCpusModel } from "./fbsd-model.js";
import type { Op, Role, Script } from "./script.js";
import type { Call, Thread } from "./state.js";
import { type Actor, cpuSet, Mismatch, type Step, Storm } from "./storm.js";

const { Sys, Thread: T, TDS, TDI_SLEEPING, TDF_KTH_SUSP } = Layout;

/** The first address that threads sleep on. */
const CHANNEL = 0x7ffe_0000;

/** The model to compare a script with. */
export function fbsdModel({ cpus, scheduler }: Script): FbsdCpusModel {
  const model = scheduler === "4bsd" ? new Bsd4CpusModel(cpus) : new FbsdCpusModel(cpus);
  model.flagsOffset = T.td_flags;
  return model;
}

/** Runs a script of FreeBSD's calls. */
export class FbsdCallsStorm extends Storm<FbsdCpusModel> {
  protected override spawn(index: number, { level, set }: Role): void {
    const all = (1 << Math.min(this.script.cpus, 16)) - 1;
    const [low, high, allowed] = cpuSet((set ?? 0) & all || 0xffff, this.script.cpus);
    const td = this.rig.spawnKthread(index, level, [low, high]);
    this.adopt(index, td, this.model.hostKthread(`t${index}`, level, allowed));
  }

  protected override adopt(index: number, td: number, thread: Thread): Actor {
    thread.address = td;
    return super.adopt(index, td, thread);
  }

  protected override settle(why: number): void {
    this.model.ticks = Number(this.kernel.machine64("ticks64"));
    super.settle(why);
  }

  protected override exit(t: Thread): Call {
    return this.model.kthreadExit(t);
  }

  protected override ending(_actor: Actor, t: Thread): Step {
    return [Sys.body_return, [], this.exit(t)];
  }

  protected override perform(
    actor: Actor,
    t: Thread,
    [name, a = 0, b = 0, c = 0]: Op,
  ): Step | null {
    const { model } = this;
    switch (name) {
      case "relinquish":
        return [Sys.sched_relinquish, [], model.relinquish(t)];
      case "compute":
        return a === 0 ? null : [Sys.compute, [a, 0], null];
      case "tsleep":
        return this.tsleep(t, CHANNEL + a, b, c);
      case "wakeup":
        return [Sys.wakeup, [CHANNEL + a], model.wakeup(t, CHANNEL + a)];
      case "wakeup_one":
        return [Sys.wakeup_one, [CHANNEL + a], model.wakeupOne(t, CHANNEL + a)];
      case "suspend_check":
        return [Sys.kthread_suspend_check, [], model.suspendCheck(t)];
      case "create":
        return this.create(actor, t, a, b !== 0);
      case "reap":
        return [Sys.thread_reap, [], null];
      case "leave":
        actor.pc = actor.role.ops.length;
        return [Sys.kthread_exit, [], this.exit(t)];
      default:
        return this.about(t, [name, a, b]);
    }
  }

  private tsleep(t: Thread, channel: number, priority: number, timo: number): Step {
    const call = this.model.tsleep(t, channel, priority, timo);
    return [Sys.tsleep, [channel, priority, this.rig.name, timo], call];
  }

  /** A call about another thread, or the same. */
  private about(t: Thread, [name, a = 0, b = 0]: Op): Step | null {
    const { model } = this;
    const td = this.newest[a]?.td;
    const other = td === undefined ? undefined : this.models.get(td);
    if (td === undefined || other === undefined || other.gone) return null;
    switch (name) {
      case "join":
        return this.tsleep(t, td, 0, b);
      case "prio":
        return [Sys.sched_prio, [td, b], model.prio(t, other, b)];
      case "suspend":
        return [Sys.kthread_suspend, [td, b], model.kthreadSuspend(t, other, b)];
      case "resume":
        return [Sys.kthread_resume, [td], model.kthreadResume(t, other)];
      case "start":
        return other.state === "stopped" ? [Sys.sched_add, [td], model.start(t, other)] : null;
      case "affinity": {
        const [low, high, allowed] = cpuSet(b, this.script.cpus);
        return [Sys.cpuset_setthread, [td, low, high], model.setAffinity(t, other, allowed)];
      }
      default:
        throw new Error(`there is no operation ${name}`);
    }
  }

  // ---- Comparing ----

  protected override compare(): void {
    super.compare();
    for (const cpu of this.model.cpus) {
      const late = this.model.overdue(cpu, this.script.preemption);
      if (late === null) continue;
      throw new Mismatch(
        `CPU ${cpu.index} runs ${cpu.current.name}, and ${late.name} waits for it`,
      );
    }
  }

  protected override isQueued(td: number, flags: number): boolean {
    if (this.script.scheduler === "4bsd") return this.kernel.read(td + T.td_slot) !== 0;
    return super.isQueued(td, flags);
  }

  protected override compareThread(td: number, t: Thread): void {
    super.compareThread(td, t);
    const { kernel } = this;
    const asked = (kernel.read(td + T.td_flags) & TDF_KTH_SUSP) !== 0;
    this.same(`${t.name} asked to suspend`, asked, t.isAsked);
    this.same(`channel of ${t.name}`, kernel.read(td + T.td_wchan), t.channel);
    const inhib = t.state === "sleeping" ? TDI_SLEEPING : 0;
    this.same(`inhibitors of ${t.name}`, kernel.u8[td + T.td_inhib], inhib);
    if (t.transit) return; // neither here nor there
    this.same(`state of ${t.name}`, kernel.u8[td + T.td_state], this.stateOf(t));
  }

  private stateOf(t: Thread): number {
    if (t.state === "sleeping") return TDS.INHIBITED;
    if (t.state === "stopped") return TDS.CAN_RUN;
    return this.model.cpu(t.cpu).current === t ? TDS.RUNNING : TDS.RUNQ;
  }
}
