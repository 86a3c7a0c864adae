// The context switch: from one thread to another on the running CPU, and what a thread does first when it
// gets the CPU. Every switch goes through cpu_switch or one of its copies for plain yields, host_yield and
// the interpreter's loop in cpu/rv32.ts, which must keep the same accounts.
import { rv32_record } from "../cpu/rv32_decode";
import { can_yield } from "../cpu/rv32_yield";
import { CHUNK_MASK, SLOT_SIZE } from "../sys/chunklist";
import { GDF_INVOL, GDF_SLICEEND, GlobalData } from "../sys/globaldata";
import { KTR_LWKT, KTR_PROC, KTR_SCHED, KTR_STATE, Ktr, ktr, SW } from "../sys/ktr";
import { Machine, machine, Sched } from "../sys/machine";
import {
  FUNC_HOST,
  TDB,
  TDB_FRESH,
  TDB_KIND,
  TDI_SLEEPING,
  TDI_SUSPENDED,
  TDL_EXITED,
  TDL_EXITING,
  TDL_PREEMPT_LOCK,
  TDL_RUNQ,
  TDL_STARTED,
  TDP_PREEMPTED,
  TDPRI_CRIT,
  TDS,
  Thread,
} from "../sys/proc";
import { lwkt_level } from "../sys/runq";
import { cold, is_td, no_td, PLAIN_FIELD, plain_word, rare, td_frame } from "../sys/thread";
import { switch_hash } from "../sys/trace_hash";
import { stats_due, stats_running } from "./kern_stats";
import { thread_stash } from "./kern_thread";
import { lwkt_process_ipiq } from "./lwkt_ipiq";
import { crit_exit_of } from "./lwkt_thread";
import { stack_enter } from "./vm_glue";

/** Makes `func(arg)` the body of a new thread; returning from it ends the thread. */
export function cpu_set_thread_handler(td: Thread, func: u32, arg: u32): void {
  const frame = td_frame(td);
  frame.a0 = arg;
  frame.ra = machine().guest_low; // where the instruction is that ends a thread
  if (func == FUNC_HOST) {
    td.td_body = <u8>TDB.HOST | TDB_FRESH;
  } else {
    stack_enter(td);
    td.td_body = <u8>TDB.RV32 | TDB_FRESH;
    td.td_pc = <u32>rv32_record(func);
  }
  stats_due(td);
}

/** Charges the running thread for its time on the CPU so far. */
export function charge_runtime(gd: GlobalData): void {
  charge(gd, gd.gd_curthread, gd.gd_cycles);
}

function charge(gd: GlobalData, td: Thread, now: u64): void {
  const delta = now - gd.gd_switchtime;
  td.td_runtime += delta;
  if (td == gd.gd_idletd) gd.gd_idle += delta;
  gd.gd_switchtime = now;
}

/** Makes `ntd` the current thread in place of `td`: accounting, states, hash and trace. */
export function cpu_switch(gd: GlobalData, td: Thread, ntd: Thread): void {
  const m = machine();
  const now = gd.gd_cycles;
  charge(gd, td, now);
  const lwflags = <u32>td.td_lwflags;
  const flags = gd.gd_flags;
  const why = switch_reason(td, lwflags, flags);
  if (why == SW.PREEMPTED) count_involuntary(td);
  else td.td_nvcsw++;
  gd.gd_flags = flags & ~(GDF_INVOL | GDF_SLICEEND);
  gd.gd_switches++;
  gd.gd_hash = switch_hash(gd.gd_hash, td, ntd, now);
  if (m.ktr_mask != 0) ktr_switch(gd, td, ntd, why);
  if (why == SW.EXIT) {
    td.td_lwflags = <u16>(lwflags | TDL_EXITED);
    td.td_preempted = no_td();
  }
  if (td.td_state == TDS.RUNNING) {
    td.td_state = (lwflags & TDL_RUNQ) != 0 ? <u8>TDS.RUNQ : <u8>TDS.CAN_RUN;
  }
  ntd.td_state = <u8>TDS.RUNNING;
  gd.gd_curthread = ntd;
  if (m.run_switches != 0) m.run_switches--;
}

function count_involuntary(td: Thread): void {
  cold(td).td_pflags |= TDP_PREEMPTED;
  rare(td).td_nivcsw++;
}

/** Records a switch, preceded by what the thread goes to sleep on. */
function ktr_switch(gd: GlobalData, td: Thread, ntd: Thread, why: SW): void {
  if (why == SW.SLEEP) {
    const channel = td.td_wait != 0 ? td.td_wait : td.td_wchan;
    ktr(KTR_STATE, Ktr.SLEEP, changetype<u32>(td), cold(td).td_wmesg, channel);
  }
  gd.gd_switch_why = why;
  ktr(
    KTR_SCHED,
    why == SW.EXIT ? Ktr.XSWITCH : Ktr.SWITCH,
    changetype<u32>(td),
    changetype<u32>(ntd),
    gd.gd_runqmask,
    td.td_pri,
    ntd.td_pri,
  );
  gd.gd_switch_why = 0;
}

/**
 * lwkt_yield of the current thread at time `now`, if that is a plain switch to another host body that
 * continues with its next step. It leaves the same counts, states, hash and queue as lwkt_yield, lwkt_switch,
 * cpu_switch and switch_in, whose calls would cost more than the switch. Otherwise it returns false and has
 * changed nothing. The head of cpu/rv32.ts says why td_pri need not be checked. A body that the host has
 * begun belongs to a started thread, and a preempted thread is in a call.
 */
export function host_yield(m: Machine, gd: GlobalData, now: u64): bool {
  if (!can_yield(gd)) return false;
  const mask = gd.gd_runqmask;
  if (mask == 0) return false;
  const level = lwkt_level(gd, 31 - clz<u32>(mask));
  const slot = level.head;
  const tail = level.tail;
  if (slot == tail || (slot & CHUNK_MASK) == 0 || (tail & CHUNK_MASK) == 0) return false;
  const td = gd.gd_curthread;
  const ntd = changetype<Thread>(load<usize>(slot));
  if (!is_td(ntd) || ntd == td || !is_plain(ntd, gd, TDB.HOST)) return false;
  level.head = slot + SLOT_SIZE;
  level.tail = tail + SLOT_SIZE;
  store<usize>(tail, changetype<usize>(ntd));
  ntd.td_slot = tail;

  td.td_runtime += now - gd.gd_switchtime;
  gd.gd_switchtime = now;
  td.td_nvcsw++;
  td.td_pri += TDPRI_CRIT;
  td.td_state = <u8>TDS.RUNQ;
  ntd.td_pri -= TDPRI_CRIT;
  ntd.td_state = <u8>TDS.RUNNING;
  gd.gd_curthread = ntd;
  m.last_thread = ntd;
  gd.gd_switch_count++;
  gd.gd_switches++;
  gd.gd_hash = switch_hash(gd.gd_hash, td, ntd, now);
  if (m.run_switches != 0) m.run_switches--;
  return true;
}

/** True for a thread of this CPU with a body of this kind that is between two steps and in no call. */
function is_plain(td: Thread, gd: GlobalData, kind: TDB): bool {
  return load<u32>(changetype<usize>(td), PLAIN_FIELD) == plain_word(kind, gd.gd_cpuid);
}

/** Why `td` leaves the CPU, from its td_lwflags and the CPU's gd_flags. */
function switch_reason(td: Thread, lwflags: u32, flags: u32): SW {
  if ((lwflags & TDL_EXITING) != 0) return SW.EXIT;
  if (((flags & GDF_INVOL) | (lwflags & TDL_PREEMPT_LOCK)) != 0) return SW.PREEMPTED;
  const inhib = <u32>td.td_inhib;
  if ((inhib & TDI_SUSPENDED) != 0) return SW.SUSPENDED;
  if ((inhib & TDI_SLEEPING) != 0) return SW.SLEEP;
  if (td.td_state == TDS.RUNQ || (lwflags & TDL_RUNQ) != 0) return SW.YIELD;
  return SW.DESCHEDULED;
}

/** Tells the figures and the trace of a thread that has the CPU. */
function note_running(m: Machine, gd: GlobalData, ntd: Thread, idle: bool): void {
  if (m.stats != 0) stats_running(gd, ntd);
  if (idle || m.last_thread == ntd) return;
  ktr(KTR_PROC, Ktr.FBSWITCH, changetype<u32>(m.last_thread), changetype<u32>(ntd));
}

/**
 * What a thread does first when it gets the CPU: it files a thread that died here (kern_thread.c 619); on its
 * first run it leaves the critical section it was created with, otherwise that of the lwkt_switch by which it
 * left the CPU. A preempted thread continues in lwkt_preempt instead.
 */
export function switch_in(gd: GlobalData, ntd: Thread): void {
  const m = machine();
  if (is_td(gd.gd_deadthread)) {
    const dead = gd.gd_deadthread;
    gd.gd_deadthread = no_td();
    thread_stash(dead);
  }
  const idle = ntd == gd.gd_idletd;
  if ((m.ktr_mask | m.stats) != 0) note_running(m, gd, ntd, idle);
  if (!idle) m.last_thread = ntd;
  const lwflags = <u32>ntd.td_lwflags;
  if ((lwflags & TDL_STARTED) == 0) {
    ntd.td_lwflags = <u16>(lwflags | TDL_STARTED);
    if ((ntd.td_body & TDB_KIND) == TDB.RV32) ntd.td_body = <u8>TDB.RV32;
    if (!idle) {
      ntd.td_pri -= TDPRI_CRIT;
      if (ntd.td_pri < gd.gd_reqpri) lwkt_process_ipiq(gd);
    }
    ktr(KTR_LWKT, Ktr.START, changetype<u32>(ntd));
    return;
  }
  if (m.sched == Sched.LWKT && (lwflags & TDL_PREEMPT_LOCK) == 0) crit_exit_of(gd, ntd);
}
