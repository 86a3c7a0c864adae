// Messages between CPUs: the one way in which a CPU acts on what another one owns.
//
// Each ordered pair of CPUs has a ring of its own (sys/ipiq.ts), first in first out. What was sent in one
// round is delivered at the start of the next, before the target's slice, so it does not matter in
// which order the CPUs of a round run. If the target is in a critical section then, it is delivered
// when that is left (gd_reqpri, splz). A message about a thread that has moved on is forwarded to
// where it is now: it may chase the thread around (466).
//
// A ring is bounded. Whoever finds one full has the target take the oldest message early, which makes
// room for one. Handling a message sends one at most, so a chain of full rings is as long as there are
// rings, and no message overtakes another of its pair: the ring that waits for room has a slot free
// already. Rejected: a list of allocated messages (unbounded); blocking the sender (whatever wakes a
// thread would have to be able to switch); draining the ring whole (messages that are forwarded from
// inside a drain overtake each other).
//
// A target that takes a message early may be in a critical section. All messages but one are no more to
// it than a device's register that changes. The exception is the request for a token, which a section
// protects: that waits on the CPU's list of requests until the section is left.
import { panic } from "../env";
import { GDF_RESCHED, GlobalData, globaldata } from "../sys/globaldata";
import { Ipi, message, Ring, ring } from "../sys/ipiq";
import { LwktToken } from "../sys/kobj";
import { machine, Sched } from "../sys/machine";
import { IPIQ_SLOTS } from "../sys/param";
import { TDL_RUNQ, TDPRI_CRIT, Thread } from "../sys/proc";
import { cold, is_td } from "../sys/thread";
import { interrupt_post } from "./lwkt_intr";
import { lwkt_cannot_migrate, lwkt_migrate_here } from "./lwkt_migrate";
import { lwkt_deschedule_here, lwkt_schedule_other } from "./lwkt_thread";
import { token_grant, token_request, token_requests_retry } from "./lwkt_token";
import { sched_check_preempt, sched_enqueue, sched_setpri_here } from "./sched";

/** True if the machine has this CPU. */
export function cpu_exists(cpu: i32): bool {
  return <u32>cpu < machine().ncpus;
}

// ---- Sending ----

/** Sends a message to a CPU, possibly this one: it arrives in the next round. */
function ipi_send(to: u32, kind: Ipi, a: u32, b: u32 = 0): void {
  const m = machine();
  const gd = m.curcpu;
  const target = globaldata(to);
  const r = ring(gd.gd_cpuid, to);
  if (r.rg_tail - r.rg_head == <u32>IPIQ_SLOTS) ipi_make_room(target, r);
  const at = message(r, r.rg_tail);
  at.ms_kind = kind;
  at.ms_a = a;
  at.ms_b = b;
  at.ms_seq = r.rg_tail;
  r.rg_tail++;
  gd.gd_ipi_sent++;
  target.gd_ipi_from |= (<u64>1) << gd.gd_cpuid;
  m.ipi_cpus |= (<u64>1) << to;
  m.busy |= (<u64>1) << to;
}

/**
 * Has the target take the oldest message of a full ring now. What it writes into the trace has the
 * sender's reason.
 */
function ipi_make_room(target: GlobalData, r: Ring): void {
  const m = machine();
  const sender = m.curcpu;
  const why = target.gd_switch_why;
  r.rg_forced++;
  m.curcpu = target;
  target.gd_switch_why = sender.gd_switch_why;
  ipi_take(target, r);
  target.gd_switch_why = why;
  m.curcpu = sender;
}

/** Asks `cpu` to schedule a thread. */
export function ipi_schedule(cpu: u32, td: Thread): void {
  ipi_send(cpu, Ipi.SCHEDULE, changetype<u32>(td));
}

/** Asks `cpu` to deschedule a thread. */
export function ipi_deschedule(cpu: u32, td: Thread): void {
  ipi_send(cpu, Ipi.DESCHEDULE, changetype<u32>(td));
}

/** Asks `cpu` to set the priority of a thread. */
export function ipi_setpri(cpu: u32, td: Thread, pri: u32): void {
  ipi_send(cpu, Ipi.SETPRI, changetype<u32>(td), pri);
}

/** Asks `cpu`, which owns a token, for it, on behalf of `td`, which waits until it comes. */
export function ipi_token_request(cpu: u32, tok: LwktToken, td: Thread): void {
  ipi_send(cpu, Ipi.TOKEN, changetype<u32>(tok), changetype<u32>(td));
}

/** Tells `cpu` that the token for which its thread `td` waits has come. */
export function ipi_token_grant(cpu: u32, td: Thread): void {
  ipi_send(cpu, Ipi.GRANT, changetype<u32>(td));
}

/** Asks `cpu` to move a thread of its own to the CPU `to`. */
export function ipi_migrate(cpu: u32, td: Thread, to: u32): void {
  ipi_send(cpu, Ipi.MIGRATE, changetype<u32>(td), to);
}

/** Passes an interrupt on to `cpu`, which owns its thread. */
export function ipi_interrupt(cpu: u32, td: Thread): void {
  ipi_send(cpu, Ipi.INTR, changetype<u32>(td));
}

// ---- Delivery ----

/** True while messages or requests for tokens wait for this CPU. */
export function ipi_waiting(gd: GlobalData): bool {
  return (machine().ipi_cpus & ((<u64>1) << gd.gd_cpuid)) != 0;
}

/** A round begins: what has been sent to this CPU so far may be delivered. */
export function ipi_look(gd: GlobalData): void {
  let from = gd.gd_ipi_from;
  gd.gd_ipi_from = 0;
  gd.gd_ipi_seen |= from;
  for (; from != 0; from &= from - 1) {
    const r = ring(<u32>ctz<u64>(from), gd.gd_cpuid);
    r.rg_seen = r.rg_tail;
  }
}

/** Delivers to this CPU what was sent before this round, the lowest-numbered sender's messages first. */
export function lwkt_process_ipiq(gd: GlobalData): void {
  const m = machine();
  for (let from = gd.gd_ipi_seen; from != 0; from &= from - 1) {
    const r = ring(<u32>ctz<u64>(from), gd.gd_cpuid);
    while (<i32>(r.rg_seen - r.rg_head) > 0) ipi_take(gd, r);
  }
  gd.gd_ipi_seen = 0;
  if (is_td(gd.gd_tokreq)) token_requests_retry(gd);
  if (gd.gd_ipi_from == 0 && !is_td(gd.gd_tokreq)) m.ipi_cpus &= ~((<u64>1) << gd.gd_cpuid);
}

/** Takes the oldest message of a ring. */
function ipi_take(gd: GlobalData, r: Ring): void {
  const at = message(r, r.rg_head);
  if (INVARIANTS) {
    if (at.ms_seq != r.rg_head) panic("ipiq: message %d out of order", at.ms_seq);
  }
  const kind = at.ms_kind;
  const a = at.ms_a;
  const b = at.ms_b;
  r.rg_head++;
  gd.gd_ipi_received++;
  ipi_dispatch(gd, kind, a, b);
}

function ipi_dispatch(gd: GlobalData, kind: u32, a: u32, b: u32): void {
  const td = changetype<Thread>(a);
  switch (kind) {
    case Ipi.SCHEDULE:
      ipi_recv_schedule(gd, td);
      break;
    case Ipi.DESCHEDULE:
      if (td.td_cpu == gd.gd_cpuid) lwkt_deschedule_here(td);
      else ipi_deschedule(td.td_cpu, td);
      break;
    case Ipi.SETPRI:
      if (td.td_cpu == gd.gd_cpuid) sched_setpri_here(td, b);
      else ipi_setpri(td.td_cpu, td, b);
      break;
    case Ipi.TOKEN:
      token_request(gd, changetype<LwktToken>(a), changetype<Thread>(b));
      break;
    case Ipi.GRANT:
      if (td.td_cpu == gd.gd_cpuid) token_grant(td);
      else ipi_token_grant(td.td_cpu, td);
      break;
    case Ipi.MIGRATE:
      if (td.td_cpu == gd.gd_cpuid) ipi_recv_migrate(gd, td, b);
      else ipi_migrate(td.td_cpu, td, b);
      break;
    case Ipi.MOVE:
      ipi_recv_move(gd, td);
      break;
    default:
      interrupt_post(gd, td);
      break;
  }
}

/** Schedules the thread here, or passes the request on to the CPU or the wait structure it is at now. */
function ipi_recv_schedule(gd: GlobalData, td: Thread): void {
  if (machine().sched != Sched.LWKT) {
    sched_enqueue(gd, td);
    return;
  }
  lwkt_schedule_other(td);
  if (td.td_cpu == gd.gd_cpuid && (td.td_lwflags & TDL_RUNQ) != 0) sched_check_preempt(gd, td);
}

// ---- Moving a thread that another CPU wants moved ----
//
// A thread that runs, or is preempted, or has preempted another one, cannot be moved at once. It keeps
// where it is to go (td_migrate), and its CPU one message to itself that tries again in the next round.
// If the thread runs then, too, it moves itself when it is between two instructions (move_self).

function ipi_recv_migrate(gd: GlobalData, td: Thread, cpu: u32): void {
  const c = cold(td);
  const waits = c.td_migrate != 0;
  if (!lwkt_cannot_migrate(gd, td)) {
    c.td_migrate = 0;
    lwkt_migrate_here(td, cpu);
    return;
  }
  c.td_migrate = <u8>(cpu + 1);
  if (!waits) ipi_send(gd.gd_cpuid, Ipi.MOVE, changetype<u32>(td));
}

function ipi_recv_move(gd: GlobalData, td: Thread): void {
  const c = cold(td);
  if (c.td_migrate == 0) return;
  if (td.td_cpu != gd.gd_cpuid) {
    ipi_send(td.td_cpu, Ipi.MOVE, changetype<u32>(td));
  } else if (lwkt_cannot_migrate(gd, td)) {
    if (td == gd.gd_curthread) gd.gd_flags |= GDF_RESCHED;
    ipi_send(gd.gd_cpuid, Ipi.MOVE, changetype<u32>(td));
  } else {
    const cpu: u32 = <u32>c.td_migrate - 1;
    c.td_migrate = 0;
    lwkt_migrate_here(td, cpu);
  }
}

/** True while this CPU's thread, and not just its idle thread, is in a critical section. */
export function cpu_critical(gd: GlobalData): bool {
  return gd.gd_curthread.td_pri >= TDPRI_CRIT && gd.gd_curthread != gd.gd_idletd;
}
