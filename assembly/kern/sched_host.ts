// A scheduler written in JavaScript, for experiments (src/core/scheduler.ts).
//
// The kernel keeps which threads wait for which CPU. The host decides which is next there, when a slice is
// over, which thread preempts, and where a thread is placed. Its answers must be a function of what it was
// told and of the machine's random numbers, so that runs are reproducible. A call of the host costs as much
// as a hundred switches, and is made under this scheduler only.
//
// Threads are placed between two rounds, as under the others (kern/sched_place.ts); then an idle CPU takes
// the thread that another one would run next.
import {
  host_pick_cpu,
  host_preempts,
  host_queue,
  host_take,
  host_tick,
  host_unqueue,
} from "../env";
import { GDF_INVOL, GDF_RESCHED, GDF_SLICEEND, GlobalData, globaldata } from "../sys/globaldata";
import { Machine, machine } from "../sys/machine";
import { Thread } from "../sys/proc";
import { TSF_MOVED, td_sched } from "../sys/sched";
import { charge_runtime } from "./kern_switch";
import { allowed_cpus, kick_cpu, sched_arrived, sched_departed } from "./sched_place";

/** td_slot, and part of ts_queue, of a thread that the host has queued: it is in no list of the kernel's. */
const QUEUED: u32 = 1;

function enqueue(cpu: u32, td: Thread, keeps_turn: bool): void {
  td.td_slot = QUEUED;
  td_sched(td).ts_queue = <u8>(cpu + 2);
  globaldata(cpu).gd_nrunnable++;
  host_queue(td, cpu, keeps_turn ? 1 : 0);
}

function dequeued(cpu: u32, td: Thread): void {
  td.td_slot = 0;
  td_sched(td).ts_queue = 0;
  globaldata(cpu).gd_nrunnable--;
}

/** Puts a thread on this CPU's queue. */
export function hs_add(gd: GlobalData, td: Thread): void {
  if (td == gd.gd_curthread) charge_runtime(gd); // a policy that orders threads by run time must know of this turn
  const lost = td == gd.gd_curthread && (gd.gd_flags & (GDF_INVOL | GDF_SLICEEND)) == GDF_INVOL;
  enqueue(gd.gd_cpuid, td, lost);
  if (td == gd.gd_curthread && may_stay(gd, td)) return;
  sched_arrived(gd, td);
}

function may_stay(gd: GlobalData, td: Thread): bool {
  const m = machine();
  return m.ncpus == 1 || ((allowed_cpus(m, td) >> gd.gd_cpuid) & 1) != 0;
}

/** Takes a queued thread off its queue. */
export function hs_rem(td: Thread): void {
  const cpu: u32 = <u32>td_sched(td).ts_queue - 2;
  host_unqueue(td, cpu);
  dequeued(cpu, td);
  sched_departed(td);
}

/** A queued thread's priority has changed. */
export function hs_requeue(td: Thread): void {
  const cpu: u32 = <u32>td_sched(td).ts_queue - 2;
  host_unqueue(td, cpu);
  host_queue(td, cpu, 0);
}

/** Takes the next thread of this CPU, or its idle thread. */
export function hs_choose(gd: GlobalData): Thread {
  return gd.gd_nrunnable == 0 ? gd.gd_idletd : take(gd.gd_cpuid);
}

function take(cpu: u32): Thread {
  const td = host_take(cpu);
  dequeued(cpu, td);
  sched_departed(td);
  td_sched(td).ts_flags &= ~TSF_MOVED;
  return td;
}

/** True if `td` preempts `cur`. */
export function hs_better(td: Thread, cur: Thread): bool {
  return host_preempts(td, cur) != 0;
}

/** Charges the running thread for `ticks` of the scheduler's clock. */
export function hs_clock(gd: GlobalData, td: Thread, ticks: u32): void {
  charge_runtime(gd);
  const says = host_tick(td, gd.gd_cpuid, ticks);
  if (says < 0) round_robin(gd, td, ticks);
  else if (says > 0) gd.gd_flags |= GDF_RESCHED | GDF_SLICEEND;
}

/** The default: slices of the configured length. */
function round_robin(gd: GlobalData, td: Thread, ticks: u32): void {
  const m = machine();
  const ts = td_sched(td);
  if (m.sched_slice == 0) return;
  ts.ts_slice += ticks;
  if (ts.ts_slice < m.sched_slice) return;
  ts.ts_slice = 0;
  gd.gd_flags |= GDF_RESCHED | GDF_SLICEEND;
}

// ---- Between two rounds ----

/** Places a thread that was made runnable in the round that is over. */
export function hs_place(m: Machine, td: Thread): void {
  const cpu: u32 = td.td_cpu;
  const moved = (td_sched(td).ts_flags & TSF_MOVED) != 0;
  sched_departed(td);
  const allowed = allowed_cpus(m, td);
  const best = moved ? cpu : pick_cpu(m, td, allowed);
  if (best != cpu) {
    hs_rem(td);
    td.td_cpu = <u8>best;
    enqueue(best, td, false);
  }
  hs_interrupt(m, td);
}

/**
 * The CPU that the host picks; otherwise an idle one, preferably its last, or else the one with the fewest
 * threads.
 */
function pick_cpu(m: Machine, td: Thread, allowed: u64): u32 {
  const said = host_pick_cpu(td, <u32>allowed, <u32>(allowed >> 32));
  if (said >= 0) return said;
  const last: u32 = td.td_cpu;
  const idle = m.sched_idle & allowed;
  if (idle != 0) return ((idle >> last) & 1) != 0 ? last : <u32>ctz<u64>(idle);
  let best = last;
  for (let cpus = allowed; cpus != 0; cpus &= cpus - 1) {
    const cpu = <u32>ctz<u64>(cpus);
    const fewer = globaldata(cpu).gd_nrunnable < globaldata(best).gd_nrunnable;
    if (((allowed >> best) & 1) == 0 || fewer) best = cpu;
  }
  return best;
}

/** Makes the CPU of a queued thread look, if it is idle or the thread preempts. */
export function hs_interrupt(m: Machine, td: Thread): void {
  const gd = globaldata(td.td_cpu);
  const cur = gd.gd_curthread;
  if (cur == gd.gd_idletd || (m.preemption != 0 && hs_better(td, cur))) kick_cpu(m, td.td_cpu);
}

/** CPUs that are still idle take threads from others. */
export function hs_boundary(m: Machine): void {
  for (let left = m.sched_idle; left != 0; left &= left - 1) {
    const cpu = <u32>ctz<u64>(left);
    if (globaldata(cpu).gd_nrunnable != 0) continue;
    let from: u32 = cpu;
    for (let i: u32 = 0; i < m.ncpus; i++) {
      if (globaldata(i).gd_nrunnable > globaldata(from).gd_nrunnable) from = i;
    }
    if (from != cpu) steal(m, from, cpu);
  }
}

function steal(m: Machine, from: u32, to: u32): void {
  const gd = globaldata(from);
  if (gd.gd_curthread == gd.gd_idletd) return; // it takes it at once
  const td = take(from);
  const cpu = ((allowed_cpus(m, td) >> to) & 1) != 0 ? to : from;
  td.td_cpu = <u8>cpu;
  enqueue(cpu, td, cpu == from);
  if (cpu == to) kick_cpu(m, to);
}
