// The message rings between CPUs: what kern/lwkt_ipiq.ts works on, and the host looks at.
//
// Locking: the sender owns rg_tail and the slots from there on, the target the rest; the host looks between
// slices.
import { machine } from "./machine";
import { IPIQ_SLOTS } from "./param";

/** What a message asks for; `a` and `b` are its words. Threads and tokens are addresses. */
export enum Ipi {
  SCHEDULE = 1, //   a: thread
  DESCHEDULE = 2, // a: thread
  SETPRI = 3, //     a: thread, b: priority
  TOKEN = 4, //      a: token, b: thread that waits for it
  GRANT = 5, //      a: thread whose token has come to its CPU
  MIGRATE = 6, //    a: thread, b: CPU it is to go to
  MOVE = 7, //       a: thread that could not be moved yet: try again
  INTR = 8, //       a: interrupt thread
}

/**
 * The ring from one CPU to another; its slots lie behind it. Counters never go back: a message's number
 * is its place in the order of all that this CPU ever sent to that one.
 *
 *     head        seen          tail
 *  ----|-----------|-------------|----
 *      | delivered | next round  |
 *      | now       |
 */
@unmanaged
export class Ring {
  rg_head: u32; //   messages taken, ever
  rg_seen: u32; //   messages sent before this round, ever: these may be delivered in it
  rg_tail: u32; //   messages sent, ever
  rg_forced: u32; // messages taken early, because the ring was full
}

/** A slot of a ring. */
@unmanaged
export class Message {
  ms_kind: u32;
  ms_a: u32;
  ms_b: u32;
  ms_seq: u32; // number of the message in its ring
}

/** Bytes from one ring to the next. */
export const RING_STRIDE: usize = offsetof<Ring>() + <usize>IPIQ_SLOTS * offsetof<Message>();

if ((IPIQ_SLOTS & (IPIQ_SLOTS - 1)) != 0) ERROR("IPIQ_SLOTS must be a power of two");

/** Bytes of the rings of `ncpus` CPUs. */
export function ipiq_bytes(ncpus: u32): usize {
  return <usize>ncpus * ncpus * RING_STRIDE;
}

/** The ring from a CPU to another: those towards one CPU lie together. */
export function ring(from: u32, to: u32): Ring {
  const m = machine();
  return changetype<Ring>(m.ipiq_base + (<usize>to * m.ncpus + from) * RING_STRIDE);
}

/** The slot of the message with a number. */
export function message(r: Ring, seq: u32): Message {
  const slot = <usize>(seq & (IPIQ_SLOTS - 1)) * offsetof<Message>();
  return changetype<Message>(changetype<usize>(r) + offsetof<Ring>() + slot);
}
