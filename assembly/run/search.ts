// The machine under search: the host says which thread goes next, and the kernel does no more than one step
// of it. A search looks at the threads between two steps (src/search), so that a normal run costs nothing.
//
// A step is one kernel call of a host body, up to where it returns or blocks, or what is left of a call that
// had blocked. Whom the kernel itself picks when a thread blocks is of no account: the search may take
// another one before that has done anything.

import { cpu_switch, switch_in } from "../kern/kern_switch";
import { cpu_wake } from "../kern/lwkt_ipiq";
import { crit_enter } from "../kern/lwkt_thread";
import { sched_add, sched_rem } from "../kern/sched";
import { GDF_RESCHED, GlobalData, globaldata } from "../sys/globaldata";
import { Machine, machine, Sched } from "../sys/machine";
import { TDPRI_MASK, TDS, Thread } from "../sys/proc";
import { lwkt_level, runq_append, runq_remove } from "../sys/runq";
import { round_begin, slice_begin, slice_step } from "./run";
import { trap } from "./trap";

/**
 * Gives `td`, which is runnable, its CPU and finishes the call that it is in. Returns Run.HOST when its body
 * is next, anything else when it has left the CPU again.
 */
export function search_turn(td: Thread): u32 {
  const m = machine();
  const gd = globaldata(td.td_cpu);
  cpu_wake(m, gd);
  m.curcpu = gd;
  if (td != gd.gd_curthread) search_switch(m, gd, td);
  gd.gd_flags &= ~GDF_RESCHED;
  one_switch(m);
  gd.gd_slice_td = td;
  return slice_step(m, gd);
}

/** Performs kernel call `nr` of the thread that has the turn. Returns what search_turn does. */
export function search_call(nr: u32): u32 {
  const m = machine();
  const gd = m.curcpu;
  const td = gd.gd_curthread;
  gd.gd_cycles += m.cycle_cost;
  one_switch(m);
  trap(td, nr);
  gd.gd_slice_td = td;
  return slice_step(m, gd);
}

/**
 * Delivers what CPUs have sent each other; if `idle`, nobody is runnable, and time goes on to the next
 * timeout. Returns 0, or why that is impossible: Run.IDLE if nothing can ever happen any more.
 */
export function search_settle(idle: u32): u32 {
  const m = machine();
  m.busy = idle != 0 ? 0 : 1;
  const reason = round_begin(m);
  if (reason != 0) return reason;
  for (let cpu: u32 = 0; cpu < m.ncpus; cpu++) {
    const gd = globaldata(cpu);
    if (gd.gd_next_callout > m.ticks64) continue;
    m.curcpu = gd;
    slice_begin(m, gd);
  }
  return 0;
}

/** Has slice_step stop before a thread that is switched to does anything, and at no other time. */
function one_switch(m: Machine): void {
  m.run_limited = 1;
  m.run_switches = 1;
  m.curcpu.gd_slice_end = u64.MAX_VALUE;
}

/** Switches to `td` as lwkt_switch and mi_switch do when it is their pick. */
function search_switch(m: Machine, gd: GlobalData, td: Thread): void {
  const cur = gd.gd_curthread;
  gd.gd_switch_count++;
  if (m.sched == Sched.LWKT) {
    crit_enter();
    const level = lwkt_level(gd, td.td_pri & TDPRI_MASK);
    runq_remove(level, td);
    runq_append(level, td);
  } else {
    if (cur.td_state == TDS.RUNNING && cur != gd.gd_idletd) sched_add(cur);
    sched_rem(td);
  }
  cpu_switch(gd, cur, td);
  switch_in(gd, td);
}
