// Messages between CPUs: the one way in which a CPU acts on what another one owns.
//
// Each ordered pair of CPUs has a ring of its own, first in first out, delivered at the start of the
// target's next slice while its thread is in no critical section, otherwise when that section is left
// (gd_reqpri, splz). A message about a thread that has moved on is forwarded to where it is now.
//
// A ring is bounded. When it is full the target takes its interrupt at once: the sender has it drain that
// ring, as DragonFly's sender drains while it waits, so no message is lost and none overtakes another of
// its pair. Rejected: a list of allocated messages (unbounded), and blocking the sender (every function
// that wakes a thread would have to be able to switch).
import { panic } from "../env";
import { globaldata, GlobalData } from "../sys/globaldata";
import { LwktToken } from "../sys/kobj";
import { machine } from "../sys/machine";
import { IPIQ_SLOTS } from "../sys/param";
import { TDF_PREEMPT_LOCK, TDF_RUNQ, Thread } from "../sys/proc";
import { sched_enqueue } from "./sched";
import {
  _lwkt_dequeue,
  lwkt_schedule_other,
  lwkt_setpri_locked,
} from "./lwkt_thread";
import { interrupt_post } from "./lwkt_intr";

/** What a message asks for; `a` and `b` are its words. */
enum Ipi {
  SCHEDULE = 1, //   a: thread
  DESCHEDULE = 2, // a: thread
  SETPRI = 3, //     a: thread, b: priority
  TOKEN = 4, //      a: token, b: thread that waits for it
  MIGRATE = 5, //    a: thread, b: CPU it is to go to
  INTR = 6, //       a: interrupt thread
}

/** A ring from one CPU to another: 16 bytes, then the slots. */
@unmanaged
class Ring {
  head: u32; // messages taken, ever
  tail: u32; // messages sent, ever
  high: u32; // most that ever waited
  drains: u32; // times that it was full
}

@unmanaged
class Message {
  kind: u32;
  a: u32;
  b: u32;
  seq: u32; // number of the message in its ring, checked on delivery
}

const RING_SIZE: usize = 16 + <usize>IPIQ_SLOTS * 16;

/** Bytes of the rings of `ncpus` CPUs. */
export function ipiq_bytes(ncpus: u32): usize {
  return <usize>ncpus * ncpus * RING_SIZE;
}

/** True if the machine has this CPU. */
export function cpu_exists(cpu: i32): bool {
  return <u32>cpu < machine().ncpus;
}

function ring(from: u32, to: u32): Ring {
  const m = machine();
  return changetype<Ring>(m.ipiq_base + (<usize>to * m.ncpus + from) * RING_SIZE);
}

function message(r: Ring, seq: u32): Message {
  return changetype<Message>(
    changetype<usize>(r) + 16 + (<usize>(seq & (IPIQ_SLOTS - 1)) << 4),
  );
}

function ipi_send(to: u32, kind: Ipi, a: u32, b: u32): void {
  const m = machine();
  const gd = m.curcpu;
  const r = ring(gd.gd_cpuid, to);
  if (r.tail - r.head == <u32>IPIQ_SLOTS) {
    r.drains++;
    ipi_drain_for(globaldata(to), r);
  }
  const at = message(r, r.tail);
  at.kind = kind;
  at.a = a;
  at.b = b;
  at.seq = r.tail;
  r.tail++;
  if (r.tail - r.head > r.high) r.high = r.tail - r.head;
  gd.gd_ipi_sent++;
  m.ipi_cpus |= <u64>1 << to;
  m.busy |= <u64>1 << to;
}

/** Has the target take all messages of one ring now. */
function ipi_drain_for(target: GlobalData, r: Ring): void {
  const m = machine();
  const sender = m.curcpu;
  m.curcpu = target;
  while (r.head != r.tail) ipi_take(target, r);
  m.curcpu = sender;
}

/** Takes the oldest message of a ring. */
function ipi_take(gd: GlobalData, r: Ring): void {
  const at = message(r, r.head);
  if (INVARIANTS) {
    if (at.seq != r.head) panic("ipiq: message %d out of order", at.seq);
  }
  const kind = at.kind;
  const a = at.a;
  const b = at.b;
  r.head++;
  gd.gd_ipi_received++;
  ipi_dispatch(gd, kind, a, b);
}

/**
 * Delivers all messages that wait for this CPU, of the lowest-numbered sender first, those that arrive
 * meanwhile included only up to what was there at the start (a message to oneself waits for the next
 * slice).
 */
export function lwkt_process_ipiq(gd: GlobalData): void {
  const m = machine();
  m.ipi_cpus &= ~(<u64>1 << gd.gd_cpuid);
  for (let from: u32 = 0; from < m.ncpus; from++) {
    const r = ring(from, gd.gd_cpuid);
    const end = r.tail;
    while (<i32>(end - r.head) > 0) ipi_take(gd, r);
  }
}

/** True while messages wait for this CPU. */
export function ipi_waiting(gd: GlobalData): bool {
  return (machine().ipi_cpus & (<u64>1 << gd.gd_cpuid)) != 0;
}

function ipi_dispatch(gd: GlobalData, kind: u32, a: u32, b: u32): void {
  const td = changetype<Thread>(a);
  switch (kind) {
    case Ipi.SCHEDULE:
      ipi_recv_schedule(gd, td);
      break;
    case Ipi.DESCHEDULE:
      if (td.td_cpu == gd.gd_cpuid) _lwkt_dequeue(td);
      else ipi_deschedule(td.td_cpu, td);
      break;
    case Ipi.SETPRI:
      if (td.td_cpu == gd.gd_cpuid) lwkt_setpri_locked(td, b);
      else ipi_setpri(td.td_cpu, td, b);
      break;
    case Ipi.TOKEN:
      ipi_recv_token(gd, changetype<LwktToken>(a), changetype<Thread>(b));
      break;
    case Ipi.MIGRATE:
      ipi_recv_migrate(gd, td, b);
      break;
    default:
      interrupt_post(gd, td);
      break;
  }
}

/** Schedules the thread here, or passes the request on to the CPU or wait structure it is at now. */
function ipi_recv_schedule(gd: GlobalData, td: Thread): void {
  if (td.td_cpu == gd.gd_cpuid && td.td_wait == 0) sched_enqueue(gd, td);
  else lwkt_schedule_other(td);
}

/** Hands the token over and lets the requester look again; or passes the request on. */
function ipi_recv_token(gd: GlobalData, tok: LwktToken, td: Thread): void {
  if (tok.t_cpu == gd.gd_cpuid) tok.t_cpu = td.td_cpu;
  else if (tok.t_cpu != td.td_cpu && cpu_exists(tok.t_cpu)) {
    ipi_send(tok.t_cpu, Ipi.TOKEN, changetype<u32>(tok), changetype<u32>(td));
    return;
  }
  if (td.td_cpu == gd.gd_cpuid) sched_enqueue(gd, td);
  else ipi_send(td.td_cpu, Ipi.SCHEDULE, changetype<u32>(td), 0);
}

/** Moves a thread of this CPU that does not run; one that runs is asked again in the next slice. */
function ipi_recv_migrate(gd: GlobalData, td: Thread, cpu: u32): void {
  if (td.td_cpu != gd.gd_cpuid || lwkt_cannot_migrate(gd, td)) {
    ipi_send(td.td_cpu, Ipi.MIGRATE, changetype<u32>(td), cpu);
    return;
  }
  lwkt_migrate_local(td, cpu);
}

/** A thread that runs, or that another one has preempted, stays where it is. */
export function lwkt_cannot_migrate(gd: GlobalData, td: Thread): bool {
  return td == gd.gd_curthread || (td.td_lwflags & TDF_PREEMPT_LOCK) != 0;
}

/** Moves a thread of this CPU that does not run to another CPU, on its run queue if it is on ours. */
export function lwkt_migrate_local(td: Thread, cpu: u32): void {
  const queued = (td.td_lwflags & TDF_RUNQ) != 0;
  _lwkt_dequeue(td);
  td.td_cpu = <u8>cpu;
  if (queued) ipi_schedule(cpu, td);
}

// ---- Senders ----

/** Asks `cpu` to schedule a thread. */
export function ipi_schedule(cpu: u32, td: Thread): void {
  ipi_send(cpu, Ipi.SCHEDULE, changetype<u32>(td), 0);
}

export function ipi_deschedule(cpu: u32, td: Thread): void {
  ipi_send(cpu, Ipi.DESCHEDULE, changetype<u32>(td), 0);
}

export function ipi_setpri(cpu: u32, td: Thread, pri: u32): void {
  ipi_send(cpu, Ipi.SETPRI, changetype<u32>(td), pri);
}

/** Asks the token's owner for it, on behalf of `td`, which sleeps until it comes. */
export function ipi_token_request(tok: LwktToken, td: Thread): void {
  ipi_send(tok.t_cpu, Ipi.TOKEN, changetype<u32>(tok), changetype<u32>(td));
}

export function ipi_migrate(cpu: u32, td: Thread, to: u32): void {
  ipi_send(cpu, Ipi.MIGRATE, changetype<u32>(td), to);
}

export function ipi_interrupt(cpu: u32, td: Thread): void {
  ipi_send(cpu, Ipi.INTR, changetype<u32>(td), 0);
}
