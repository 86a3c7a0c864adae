// A scheduler of the host's: JavaScript decides, for experiments (src/core/scheduler.ts).
//
// The kernel keeps which threads wait for a CPU, and for which; who is next there, when a slice is over, who takes
// the CPU from whom and where a thread goes are the host's to say. Its answers must follow from what it was told and
// from the machine's random numbers, so that a run is what it is. Calling the host costs a hundred switches, and it happens
// under this scheduler only.
//
// Threads are placed between two rounds, as under the others (kern/sched_place.ts), and then a CPU that is idle takes
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

/** What td_slot and ts_queue of a thread are that the host has queued: it stands in no list of the kernel's. */
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
  if (td == gd.gd_curthread) charge_runtime(gd); // who orders threads by what they ran has to know this turn
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

/** Takes the thread that is next on this CPU, or its idle thread. */
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

/** True if `td` takes the CPU from `cur`. */
export function hs_better(td: Thread, cur: Thread): bool {
  return host_preempts(td, cur) != 0;
}

/** The running thread has run for `ticks` of the scheduler's clock. */
export function hs_clock(gd: GlobalData, td: Thread, ticks: u32): void {
  charge_runtime(gd);
  const says = host_tick(td, gd.gd_cpuid, ticks);
  if (says < 0) round_robin(gd, td, ticks);
  else if (says > 0) gd.gd_flags |= GDF_RESCHED | GDF_SLICEEND;
}

/** A slice of the setting's length, where the host does not care. */
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

/** Places a thread that was made runnable on some CPU in the round that is over. */
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

/** The CPU that the host says, or else an idle one, its last one if it can be, or the one with the fewest threads. */
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

/** Has the CPU of a queued thread look, if it is idle or the thread takes it from who runs there. */
export function hs_interrupt(m: Machine, td: Thread): void {
  const gd = globaldata(td.td_cpu);
  const cur = gd.gd_curthread;
  if (cur == gd.gd_idletd || (m.preemption != 0 && hs_better(td, cur))) kick_cpu(m, td.td_cpu);
}

/** CPUs that are still idle take threads from the others. */
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
  if (gd.gd_curthread == gd.gd_idletd) return; // it has it at once
  const td = take(from);
  const cpu = ((allowed_cpus(m, td) >> to) & 1) != 0 ? to : from;
  td.td_cpu = <u8>cpu;
  enqueue(cpu, td, cpu == from);
  if (cpu == to) kick_cpu(m, to);
}
