// What WITNESS remembers (kern/subr_witness.ts, after FreeBSD's subr_witness.c): types of locks, the orders
// in which they were taken, and which locks each thread holds. Allocated only on machines with that option.
//
// Locking: the original's w_mtx; a thread's list of locks is its own.

import { machine } from "./machine";
import { WITNESS_COUNT, WITNESS_ORDERS } from "./param";
import { Thread } from "./proc";
import { SyncObject } from "./sync";
import { td_index } from "./thread";

/** A lock type: all locks of one name and class. */
@unmanaged
export class Witness {
  w_name: u32; //  a string
  w_kind: u32; //  KOBJ_*, or another number for spin mutexes
  w_flags: u32; // W_*
}

/** Two locks of this type were held at once, which has been reported. */
export const W_DUPLICATE: u32 = 0x1;
/** A thread slept with one of them, which has been reported. */
export const W_SLEPT: u32 = 0x2;

/** Values of the matrix: the relation of the row's type to the column's. */
export const WITNESS_ANCESTOR: u8 = 0x1;
export const WITNESS_REVERSED: u8 = 0x2;
/** The column's was taken directly inside the row's. */
export const WITNESS_PARENT: u8 = 0x4;

/** A first time that one type was taken while another was held. */
@unmanaged
export class LockOrder {
  lo_parent: u32; // index of the Witness that was held
  lo_child: u32; //  index of the Witness that was taken
  lo_tid: i32; //    thread that did it, and its name: a format and its argument, which outlive it
  lo_namefmt: u32;
  lo_namearg: u32;
}

/** A lock that a thread holds. */
@unmanaged
export class LockInstance {
  li_lock: SyncObject;
  li_flags: u32; //        LI_*
  li_next: LockInstance; // the lock taken before it, or the next free instance
}

/** It is held exclusively. */
export const LI_EXCLUSIVE: u32 = 0x1;

/** State that belongs to no thread. */
@unmanaged
export class WitnessState {
  ws_types: u32; //     number of Witnesses
  ws_orders: u32; //    number of LockOrders
  ws_exhausted: u32; // 1 = there was no room for something, and checking has stopped
  ws_free: LockInstance;
  ws_used: u32; //      instances ever used
  ws_instances: u32; // instances available
}

export function witness_state(): WitnessState {
  return changetype<WitnessState>(machine().witness_base);
}

/** Locks that all threads together can hold: one for each thread, and for each object. */
function instances(n: u64): u64 {
  return n + machine().kobj_count;
}

const STATE_BYTES: usize = 64;
const TYPES_BYTES: usize = <usize>WITNESS_COUNT * offsetof<Witness>();
const MATRIX_BYTES: usize = <usize>WITNESS_COUNT * WITNESS_COUNT;
const ORDERS_BYTES: usize = <usize>WITNESS_ORDERS * offsetof<LockOrder>();
const FIXED_BYTES: usize = STATE_BYTES + TYPES_BYTES + MATRIX_BYTES + ORDERS_BYTES;

if (offsetof<WitnessState>() > STATE_BYTES) ERROR("WitnessState is larger than its place");

/** Bytes of the arena for `n` thread structures. */
export function witness_bytes(n: u64): u64 {
  return FIXED_BYTES + n * sizeof<u32>() + instances(n) * offsetof<LockInstance>();
}

/** Sets up what does not start as zero. */
export function witness_init(n: u32): void {
  witness_state().ws_instances = <u32>instances(n);
}

/** The lock type with an index. */
export function witness_at(index: u32): Witness {
  const at = machine().witness_base + STATE_BYTES;
  return changetype<Witness>(at + <usize>index * offsetof<Witness>());
}

/** Address of the relation of one type to another. */
export function witness_relation(from: u32, to: u32): usize {
  const at = machine().witness_base + STATE_BYTES + TYPES_BYTES;
  return at + <usize>from * WITNESS_COUNT + <usize>to;
}

export function lock_order_at(index: u32): LockOrder {
  const at = machine().witness_base + STATE_BYTES + TYPES_BYTES + MATRIX_BYTES;
  return changetype<LockOrder>(at + <usize>index * offsetof<LockOrder>());
}

/** Address of the head of a thread's list of held locks, latest first. */
function held_head(td: Thread): usize {
  return machine().witness_base + FIXED_BYTES + <usize>td_index(td) * sizeof<u32>();
}

export function locks_held(td: Thread): LockInstance {
  return changetype<LockInstance>(load<u32>(held_head(td)));
}

export function set_locks_held(td: Thread, first: LockInstance): void {
  store<u32>(held_head(td), changetype<u32>(first));
}

/** The instance with an index, for a first use. */
export function lock_instance_at(index: u32): LockInstance {
  const heads = <usize>machine().td_count * sizeof<u32>();
  const at = machine().witness_base + FIXED_BYTES + heads;
  return changetype<LockInstance>(at + <usize>index * offsetof<LockInstance>());
}
