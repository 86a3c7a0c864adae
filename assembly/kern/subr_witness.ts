// WITNESS (witness(4), subr_witness.c), an option: finds locks that are taken in inconsistent orders before
// they deadlock.
//
// Locks of one name and class are of one type. When a thread takes a lock while it holds another, the type of
// the one that it took last becomes a parent of the new one's type. A reversal is taking a lock while holding
// one that was below it, directly or indirectly; it is reported with both orders, once per pair of types.
// Also reported: two locks of one type held at once, and sleeping with a lock that does not allow it. The
// original's panics: a thread that exits with a lock, a blocking lock wanted with a spin mutex held, a shared
// lock wanted exclusively or vice versa, and a mutex whose owner sleeps, unless that waits only for its
// budget.
//
// Where the original prints a source line, this kernel names the thread. The locks that a thread may hold
// while it sleeps are sx locks and mutexes with MTX_NOLEND, which are those of user programs; such a lock
// must not be taken while holding one that forbids sleeping.
//
// Nothing here is called in a machine without the option.

import { panic, printf } from "../env";
import { is_throttled } from "../sys/deadline";
import { machine } from "../sys/machine";
import { WITNESS_COUNT, WITNESS_ORDERS } from "../sys/param";
import { Plant, planted } from "../sys/plant";
import { TDI_SLEEPING, TDPRI_CRIT, Thread } from "../sys/proc";
import {
  KOBJ_LOCKMGR,
  KOBJ_MTX,
  KOBJ_RM,
  KOBJ_RW,
  KOBJ_SX,
  LK_NODUP,
  LockMgr,
  MTX_NOLEND,
  MTX_SPIN,
  RM_SLEEPABLE,
  SyncObject,
  td_locks,
} from "../sys/sync";
import { cold, is_td } from "../sys/thread";
import {
  LI_EXCLUSIVE,
  LockInstance,
  LockOrder,
  lock_instance_at,
  lock_order_at,
  locks_held,
  set_locks_held,
  W_DUPLICATE,
  W_SLEPT,
  WITNESS_ANCESTOR,
  WITNESS_PARENT,
  WITNESS_REVERSED,
  witness_at,
  witness_relation,
  witness_state,
} from "../sys/witness";
import { str } from "./kern_subr";

/** w_kind of spin mutexes, which are no type with others of their name. */
const KIND_SPIN: u32 = ~KOBJ_MTX;

function is_instance(held: LockInstance): bool {
  return changetype<usize>(held) != 0;
}

function is_spin(o: SyncObject): bool {
  return o.so_kind == KOBJ_MTX && (o.so_flags & MTX_SPIN) != 0;
}

/** True for a lock that may be held while sleeping; for an rmlock, by its writer. */
function is_sleepable(o: SyncObject): bool {
  switch (o.so_kind) {
    case KOBJ_SX:
    case KOBJ_LOCKMGR:
      return true;
    case KOBJ_MTX:
      return (o.so_flags & MTX_NOLEND) != 0;
    case KOBJ_RM:
      return (o.so_flags & RM_SLEEPABLE) != 0;
    default:
      return false;
  }
}

/** True for a lock of which a thread may hold several of one type. */
function may_be_two(o: SyncObject): bool {
  return o.so_kind == KOBJ_LOCKMGR && (changetype<LockMgr>(o).lk_flags & LK_NODUP) == 0;
}

/** The name of a lock's class. */
function class_name(o: SyncObject): u32 {
  if (o.so_kind == KOBJ_RW) return str("rw");
  if (o.so_kind == KOBJ_SX) return str("sx");
  if (o.so_kind == KOBJ_RM) return is_sleepable(o) ? str("sleepable rm") : str("rm");
  if (o.so_kind == KOBJ_LOCKMGR) return str("lockmgr");
  return is_spin(o) ? str("spin mutex") : str("sleep mutex");
}

/** Out of room: as in the original, nothing is checked from now on. */
function exhausted(): void {
  witness_state().ws_exhausted = 1;
  printf("witness: out of room, and off\n");
}

// ---- Types and their orders ----

/** The index of a lock's type; WITNESS_COUNT if there is no room for it. */
function type_of(o: SyncObject): u32 {
  if (o.so_witness != 0) return o.so_witness - 1;
  const ws = witness_state();
  const kind = is_spin(o) && !planted(Plant.WITNESS_SPIN_TYPE) ? KIND_SPIN : o.so_kind;
  let index: u32 = 0;
  while (index < ws.ws_types) {
    const w = witness_at(index);
    if (w.w_name == o.so_name && w.w_kind == kind) break;
    index++;
  }
  if (index == WITNESS_COUNT) {
    exhausted();
    return index;
  }
  if (index == ws.ws_types) {
    witness_at(index).w_name = o.so_name;
    witness_at(index).w_kind = kind;
    ws.ws_types++;
  }
  o.so_witness = index + 1;
  return index;
}

/** True if `to` was taken while `from` was held, directly or through others. */
function is_ancestor(from: u32, to: u32): bool {
  return (load<u8>(witness_relation(from, to)) & WITNESS_ANCESTOR) != 0;
}

/** True if `from` was the lock taken last when `to` was taken. */
function is_parent(from: u32, to: u32): bool {
  if (planted(Plant.WITNESS_ALL_HELD)) return false;
  return (load<u8>(witness_relation(from, to)) & WITNESS_PARENT) != 0;
}

function relate(from: u32, to: u32, relation: u8): void {
  const at = witness_relation(from, to);
  store<u8>(at, load<u8>(at) | relation);
}

/** A type was taken while another was held: everything above the one is now above everything below the other. */
function add_order(td: Thread, parent: u32, child: u32): void {
  const ws = witness_state();
  if (ws.ws_orders == WITNESS_ORDERS) {
    exhausted();
    return;
  }
  const order = lock_order_at(ws.ws_orders++);
  order.lo_parent = parent;
  order.lo_child = child;
  const c = cold(td);
  order.lo_tid = c.td_tid;
  order.lo_namefmt = c.td_namefmt;
  order.lo_namearg = c.td_namearg;
  for (let above: u32 = 0; above < ws.ws_types; above++) {
    if (above != parent && !is_ancestor(above, parent)) continue;
    for (let below: u32 = 0; below < ws.ws_types; below++) {
      if (below != child && !is_ancestor(child, below)) continue;
      if (planted(Plant.WITNESS_DIRECT) && (above != parent || below != child)) continue;
      relate(above, below, WITNESS_ANCESTOR);
    }
  }
  relate(parent, child, WITNESS_PARENT);
}

/** The first step of the recorded order from one type to another below it. */
function step_between(from: u32, to: u32): LockOrder {
  const count = witness_state().ws_orders;
  let found = changetype<LockOrder>(0);
  for (let i: u32 = 0; i < count; i++) {
    const order = lock_order_at(i);
    if (order.lo_parent != from) continue;
    if (order.lo_child == to) return order;
    if (changetype<usize>(found) == 0 && is_ancestor(order.lo_child, to)) found = order;
  }
  return found;
}

// ---- Reports ----

function print_order(order: LockOrder): void {
  printf(
    "lock order %s -> %s established by thread %n (tid %d)\n",
    witness_at(order.lo_parent).w_name,
    witness_at(order.lo_child).w_name,
    changetype<usize>(order) + offsetof<LockOrder>("lo_namefmt"),
    order.lo_tid,
  );
}

/**
 * Reports a lock that is wanted while another is held; `why` says what is wrong. If a lock of the wanted one's
 * type is held as well, taken before the other one, it is named first.
 */
function report_reversal(
  td: Thread,
  instance: LockInstance,
  wanted: SyncObject,
  why: string,
): void {
  const held = instance.li_lock;
  const first = type_of(held);
  const second = type_of(wanted);
  if ((load<u8>(witness_relation(first, second)) & WITNESS_REVERSED) != 0) return;
  relate(first, second, WITNESS_REVERSED);
  relate(second, first, WITNESS_REVERSED);
  printf("lock order reversal:%s\n", changetype<usize>(why));
  let earlier = instance.li_next;
  while (is_instance(earlier) && type_of(earlier.li_lock) != second) earlier = earlier.li_next;
  const third = is_instance(earlier);
  if (third) print_lock(str("1st"), earlier.li_lock);
  print_lock(third ? str("2nd") : str("1st"), held);
  print_lock(third ? str("3rd") : str("2nd"), wanted);
  if (is_ancestor(second, first)) {
    let from = second;
    while (from != first) {
      const order = step_between(from, first);
      print_order(order);
      from = order.lo_child;
    }
  }
  printf(
    "lock order %s -> %s attempted by thread %N (tid %d)\n",
    held.so_name,
    wanted.so_name,
    changetype<usize>(td),
    cold(td).td_tid,
  );
}

function print_lock(place: u32, o: SyncObject): void {
  printf(
    " %s 0x%x %s (%s, %s)\n",
    place,
    changetype<usize>(o),
    o.so_name,
    o.so_name,
    class_name(o),
  );
}

/** Reports two locks of one type held at once: their names give no order. */
function report_duplicate(td: Thread, held: SyncObject, wanted: SyncObject): void {
  const w = witness_at(type_of(held));
  if ((w.w_flags & W_DUPLICATE) != 0) return;
  w.w_flags |= W_DUPLICATE;
  printf(
    'acquiring duplicate lock of same type: "%s"\n 1st 0x%x\n 2nd 0x%x, by thread %N (tid %d)\n',
    w.w_name,
    changetype<usize>(held),
    changetype<usize>(wanted),
    changetype<usize>(td),
    cold(td).td_tid,
  );
}

/** Lists a lock that a thread holds, with how often it has recursed (witness_list_lock). */
function print_held(held: LockInstance): void {
  const o = held.li_lock;
  const exclusive = (held.li_flags & LI_EXCLUSIVE) != 0;
  printf(
    "%s %s %s r = %d (0x%x)\n",
    exclusive ? str("exclusive") : str("shared"),
    class_name(o),
    o.so_name,
    exclusive ? recursions(o) : more_shares(held),
    changetype<usize>(o),
  );
}

/** How often the exclusive owner of a lock has taken it again. */
function recursions(o: SyncObject): i32 {
  return o.so_kind == KOBJ_LOCKMGR ? changetype<LockMgr>(o).lk_recurse : o.so_value;
}

/** How often a thread has shared the lock before: it has one instance each time. */
function more_shares(held: LockInstance): i32 {
  let count = 0;
  for (let before = held.li_next; is_instance(before); before = before.li_next) {
    if (before.li_lock == held.li_lock) count++;
  }
  return count;
}

/** True if a lock is not in the thread's list a second time, between `first` and `held`. */
function is_latest(first: LockInstance, held: LockInstance): bool {
  let later = first;
  while (later.li_lock != held.li_lock) later = later.li_next;
  return later == held;
}

// ---- Taking and releasing ----

/**
 * `td` is about to take a lock and may wait for it: panics, or reports, if it should not
 * (witness_checkorder). `but`, which it holds and releases before it waits, does not count.
 */
export function witness_checkorder(
  o: SyncObject,
  td: Thread,
  exclusive: bool,
  but: SyncObject,
): void {
  if (witness_state().ws_exhausted != 0 || td == machine().host_td) return;
  if (!is_spin(o) && td.td_pri >= TDPRI_CRIT) blockable_with_spin(o);
  const first = locks_held(td);
  for (let held = first; is_instance(held); held = held.li_next) {
    if (held.li_lock == o) {
      again(o, held, exclusive);
      return;
    }
  }
  const latest = next_checked(first, o, but);
  const wanted = type_of(o);
  if (!is_instance(latest) || wanted == WITNESS_COUNT) return;
  const parent = type_of(latest.li_lock);
  if (parent == wanted) {
    if (!may_be_two(o)) report_duplicate(td, latest.li_lock, o);
    return;
  }
  // What was taken directly inside the latest one before was compared with the others then.
  if (is_parent(parent, wanted) || is_reversed(td, latest, o, wanted, but)) return;
  add_order(td, parent, wanted);
}

/**
 * The first lock of a list, from `held` on, with which WITNESS compares a lock: spin mutexes and the others
 * are kept apart, since any lock may be taken before a spin mutex.
 */
function next_checked(held: LockInstance, o: SyncObject, but: SyncObject): LockInstance {
  let at = held;
  while (is_instance(at) && (at.li_lock == but || is_spin(at.li_lock) != is_spin(o))) {
    at = at.li_next;
  }
  return at;
}

/** True if a lock may not be taken inside one of those from `latest` on, which is reported if it is new. */
function is_reversed(
  td: Thread,
  latest: LockInstance,
  o: SyncObject,
  wanted: u32,
  but: SyncObject,
): bool {
  let held = latest;
  while (is_instance(held)) {
    const other = held.li_lock;
    const sleeps = is_sleepable(o) && !is_sleepable(other);
    if (sleeps || is_ancestor(wanted, type_of(other))) {
      report_reversal(td, held, o, sleeps ? " (sleepable after non-sleepable)" : "");
      return true;
    }
    held = next_checked(held.li_next, o, but);
  }
  return false;
}

/** A thread wants a lock that it holds already; invalid recursion panics elsewhere. */
function again(o: SyncObject, held: LockInstance, exclusive: bool): void {
  const has_alone = (held.li_flags & LI_EXCLUSIVE) != 0;
  if (has_alone && !exclusive) {
    printf("shared lock of (%s) %s\nwhile exclusively locked\n", class_name(o), o.so_name);
    panic("excl->share");
  }
  if (has_alone || !exclusive) return;
  printf("exclusive lock of (%s) %s\nwhile share locked\n", class_name(o), o.so_name);
  panic("share->excl");
}

function blockable_with_spin(o: SyncObject): void {
  panic(
    "acquiring blockable sleep lock with spinlock or critical section held (%s) %s",
    class_name(o),
    o.so_name,
  );
}

/** `td` has taken a lock (witness_lock). */
export function witness_lock(o: SyncObject, td: Thread, exclusive: bool): void {
  const ws = witness_state();
  if (ws.ws_exhausted != 0) return;
  let held = ws.ws_free;
  if (is_instance(held)) ws.ws_free = held.li_next;
  else if (ws.ws_used < ws.ws_instances) held = lock_instance_at(ws.ws_used++);
  else {
    exhausted();
    return;
  }
  held.li_lock = o;
  held.li_flags = exclusive ? LI_EXCLUSIVE : 0;
  held.li_next = locks_held(td);
  set_locks_held(td, held);
}

/** `td` has released a lock without recursion (witness_unlock). */
export function witness_unlock(o: SyncObject, td: Thread): void {
  const ws = witness_state();
  let before = changetype<LockInstance>(0);
  let held = locks_held(td);
  while (is_instance(held) && held.li_lock != o) {
    before = held;
    held = held.li_next;
  }
  if (!is_instance(held)) return; // it was taken when there was no room
  if (is_instance(before)) before.li_next = held.li_next;
  else set_locks_held(td, held.li_next);
  held.li_next = ws.ws_free;
  ws.ws_free = held;
}

/** `td` waits for a lock whose owner is asleep: a fault if the lock forbids sleeping (propagate_priority). */
export function witness_blocked(o: SyncObject): void {
  const owner = o.so_owner;
  if (!is_sleepable(o) && is_td(owner)) witness_owner(owner);
}

/** A thread is waited for that has a lock with which it may not sleep. */
export function witness_owner(owner: Thread): void {
  if ((owner.td_inhib & TDI_SLEEPING) == 0 || td_locks(owner).tl_blocked != 0) return;
  if (is_throttled(owner)) return;
  printf(
    "Sleeping thread %N (tid %d) owns a non-sleepable lock\n",
    changetype<usize>(owner),
    cold(owner).td_tid,
  );
  panic("sleeping thread");
}

// ---- Sleeping, and the end ----

/** True for a lock that may be held while sleeping. */
function may_sleep(held: LockInstance): bool {
  const o = held.li_lock;
  return is_sleepable(o) && (o.so_kind != KOBJ_RM || (held.li_flags & LI_EXCLUSIVE) != 0);
}

/** `td` goes to sleep and releases `but` before; `text` is the original's message (witness_warn). */
export function witness_sleep(td: Thread, but: SyncObject, text: string, wmesg: u32): void {
  const first = locks_held(td);
  let told = false;
  let spins = false;
  for (let held = first; is_instance(held); held = held.li_next) {
    const o = held.li_lock;
    if (o == but || may_sleep(held) || !is_latest(first, held)) continue;
    if (is_spin(o)) spins = true;
    const type = type_of(o);
    if (type == WITNESS_COUNT) return;
    const w = witness_at(type);
    if ((w.w_flags & W_SLEPT) != 0 && !is_spin(o)) continue;
    w.w_flags |= W_SLEPT;
    if (!told) {
      printf(text, wmesg, changetype<usize>(td), cold(td).td_tid);
      told = true;
    }
    print_held(held);
  }
  if (spins) panic("mi_switch: switch in a critical section");
}

/** A thread exits. Panics if it holds a lock (witness_thread_exit). */
export function witness_thread_exit(td: Thread): void {
  const first = locks_held(td);
  if (!is_instance(first)) return;
  printf(
    "Thread %N (tid %d) exiting with the following locks held:\n",
    changetype<usize>(td),
    cold(td).td_tid,
  );
  for (let held = first; is_instance(held); held = held.li_next) {
    if (is_latest(first, held)) print_held(held);
  }
  panic("Thread %N cannot exit while holding sleeplocks\n", changetype<usize>(td));
}
