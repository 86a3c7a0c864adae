// What WITNESS remembers (kern/subr_witness.c; here kern/subr_witness.ts): types of locks, the orders in which they were
// taken, and which locks each thread holds. None of it exists in a machine without the option.
//
// Locking: the lock of the original's, w_mtx; threads' lists are their own.

import { machine } from "./machine";
import { WITNESS_COUNT, WITNESS_ORDERS } from "./param";
import { Thread } from "./proc";
import { SyncObject } from "./sync";
import { td_index } from "./thread";

/** A type of lock: all that have this name and are of this class. */
@unmanaged
export class Witness {
  w_name: u32; //  a string
  w_kind: u32; //  KOBJ_*
  w_flags: u32; // W_*
}

/** Two locks of this type were held at once, and that was reported. */
export const W_DUPLICATE: u32 = 0x1;
/** A thread slept with one of them, and that was reported. */
export const W_SLEPT: u32 = 0x2;

/** Values of the matrix: what the type of the row is to that of the column. */
export const WITNESS_ANCESTOR: u8 = 0x1;
export const WITNESS_REVERSED: u8 = 0x2;

/** One type was taken while another was held, for the first time. */
@unmanaged
export class LockOrder {
  lo_parent: u32; // index of a Witness, held
  lo_child: u32; //  and of the one taken
  lo_tid: i32; //    who did it, and its name: a format and its argument, which outlive the thread
  lo_namefmt: u32;
  lo_namearg: u32;
}

/** A lock that a thread holds. */
@unmanaged
export class LockInstance {
  li_lock: SyncObject;
  li_flags: u32; //        LI_*
  li_next: LockInstance; // taken before, or the next free one
}

/** It is held alone. */
export const LI_EXCLUSIVE: u32 = 0x1;

/** What belongs to no thread. */
@unmanaged
export class WitnessState {
  ws_types: u32; //     how many Witness there are,
  ws_orders: u32; //    and LockOrder
  ws_exhausted: u32; // 1 = there was no room for something, and nothing is checked any more
  ws_free: LockInstance;
  ws_used: u32; //      instances that were ever used
  ws_instances: u32; // and that there are
}

export function witness_state(): WitnessState {
  return changetype<WitnessState>(machine().witness_base);
}

/** Locks that all threads can hold together: one for each thread, and for each object. */
function instances(n: u64): u64 {
  return n + machine().kobj_count;
}

const STATE_BYTES: usize = 64;
const TYPES_BYTES: usize = <usize>WITNESS_COUNT * offsetof<Witness>();
const MATRIX_BYTES: usize = <usize>WITNESS_COUNT * WITNESS_COUNT;
const ORDERS_BYTES: usize = <usize>WITNESS_ORDERS * offsetof<LockOrder>();
const FIXED_BYTES: usize = STATE_BYTES + TYPES_BYTES + MATRIX_BYTES + ORDERS_BYTES;

if (offsetof<WitnessState>() > STATE_BYTES) ERROR("WitnessState is larger than its place");

/** Bytes of all this for `n` thread structures. */
export function witness_bytes(n: u64): u64 {
  return FIXED_BYTES + n * sizeof<u32>() + instances(n) * offsetof<LockInstance>();
}

/** Sets up what is not zero. */
export function witness_init(n: u32): void {
  witness_state().ws_instances = <u32>instances(n);
}

/** A type of lock. */
export function witness_at(index: u32): Witness {
  const at = machine().witness_base + STATE_BYTES;
  return changetype<Witness>(at + <usize>index * offsetof<Witness>());
}

/** Address of what one type is to another. */
export function witness_relation(from: u32, to: u32): usize {
  const at = machine().witness_base + STATE_BYTES + TYPES_BYTES;
  return at + <usize>from * WITNESS_COUNT + <usize>to;
}

export function lock_order_at(index: u32): LockOrder {
  const at = machine().witness_base + STATE_BYTES + TYPES_BYTES + MATRIX_BYTES;
  return changetype<LockOrder>(at + <usize>index * offsetof<LockOrder>());
}

/** Address of the first of the locks that a thread holds, the one taken last. */
function held_head(td: Thread): usize {
  return machine().witness_base + FIXED_BYTES + <usize>td_index(td) * sizeof<u32>();
}

export function locks_held(td: Thread): LockInstance {
  return changetype<LockInstance>(load<u32>(held_head(td)));
}

export function set_locks_held(td: Thread, first: LockInstance): void {
  store<u32>(held_head(td), changetype<u32>(first));
}

/** An instance that has not been used yet. */
export function lock_instance_at(index: u32): LockInstance {
  const heads = <usize>machine().td_count * sizeof<u32>();
  const at = machine().witness_base + FIXED_BYTES + heads;
  return changetype<LockInstance>(at + <usize>index * offsetof<LockInstance>());
}
