// The arguments of kernel calls: where they are, and which values are valid. scripts/syscalls/kinds.mjs says
// which check applies to which kind. An invalid argument is an error where FreeBSD has one for it, and a
// panic where it would be a wild pointer in the kernel.
import { panic } from "../env";
import { is_proc, proc_valid } from "../kern/kern_fork";
import { lc_can_sleep } from "../kern/lock_class";
import { curthread, globaldata } from "../sys/globaldata";
import { KOBJ_SIZE, KOBJ_TOKEN, KOBJ_WAIT, LwktToken, LwktWait } from "../sys/kobj";
import { machine } from "../sys/machine";
import { FUNC_HOST, PRS, Proc, Thread } from "../sys/proc";
import { SyncObject } from "../sys/sync";
import { called_by_host, no_td, td_frame, td_frame_high, td_valid } from "../sys/thread";

/** Argument 6 of the thread's call: in a6, or in t1 with 16 registers. */
export function arg6(td: Thread): u32 {
  return machine().frame_high != 0 ? td_frame_high(td).a6 : td_frame(td).t1;
}

/** Argument 7: in a7, or in t2 with 16 registers. */
export function arg7(td: Thread): u32 {
  return machine().frame_high != 0 ? td_frame_high(td).a7 : td_frame(td).t2;
}

/** Replaces argument 6 of the thread's call. */
export function set_arg6(td: Thread, value: u32): void {
  if (machine().frame_high != 0) td_frame_high(td).a6 = value;
  else td_frame(td).t1 = value;
}

/** Replaces argument 7. */
export function set_arg7(td: Thread, value: u32): void {
  if (machine().frame_high != 0) td_frame_high(td).a7 = value;
  else td_frame(td).t2 = value;
}

/** An argument in two registers. */
export function wide(low: u32, high: u32): u64 {
  return ((<u64>high) << 32) | <u64>low;
}

// ---- Invalid arguments that are errors ----

/**
 * True for an address that a body can start at. Only the host creates host bodies: a body created by machine
 * code would take over one that waits for its thread.
 */
export function func_valid(func: u32): bool {
  if (func == FUNC_HOST) return called_by_host();
  return func >= machine().guest_low && func < machine().text_size && (func & 1) == 0;
}

/** True for the address of a process that threads may be added to. */
export function proc_alive(address: u32): bool {
  return proc_valid(address) && changetype<Proc>(address).p_state != PRS.ZOMBIE;
}

/** The same, but also true for 0, which leaves the choice of the process to the call. */
export function proc_joinable(address: u32): bool {
  return !is_proc(changetype<Proc>(address)) || proc_alive(address);
}

// ---- Invalid arguments that are panics ----

export function arg_func(nr: u32, func: u32): u32 {
  if (!func_valid(func)) panic("kernel call %d: 0x%x is not the address of a function", nr, func);
  return func;
}

export function arg_thread(nr: u32, address: u32): Thread {
  if (!td_valid(address) || td_off_limits(changetype<Thread>(address))) {
    panic("kernel call %d: 0x%x is not a thread", nr, address);
  }
  return changetype<Thread>(address);
}

export function arg_thread_or_0(nr: u32, address: u32): Thread {
  return address == 0 ? no_td() : arg_thread(nr, address);
}

/** True for the host's thread and the idle threads, which are never on a queue. */
function td_off_limits(td: Thread): bool {
  return td == machine().host_td || td == globaldata(td.td_cpu).gd_idletd;
}

export function kobj_valid(address: u32): bool {
  const m = machine();
  return (
    address >= <u32>m.kobj_base &&
    address < <u32>m.kobj_next &&
    (address & (<u32>KOBJ_SIZE - 1)) == 0
  );
}

export function arg_wait(nr: u32, address: u32): LwktWait {
  if (!kobj_valid(address) || changetype<LwktToken>(address).ko_kind != KOBJ_WAIT) {
    panic("kernel call %d: 0x%x is not a wait structure", nr, address);
  }
  return changetype<LwktWait>(address);
}

/** True for the kinds of a token, and of a wait structure, which has one. */
function has_token(kind: u32): bool {
  return kind == KOBJ_TOKEN || kind == KOBJ_WAIT;
}

export function arg_token(nr: u32, address: u32): LwktToken {
  if (!kobj_valid(address) || !has_token(changetype<LwktToken>(address).ko_kind)) {
    panic("kernel call %d: 0x%x is not a token", nr, address);
  }
  return changetype<LwktToken>(address);
}

/** The same, or null. */
export function arg_object_or_0(nr: u32, address: u32, kind: u32): SyncObject {
  return address == 0 ? changetype<SyncObject>(0) : arg_object(nr, address, kind);
}

/** A synchronisation object of a kind. */
export function arg_object(nr: u32, address: u32, kind: u32): SyncObject {
  if (!kobj_valid(address) || changetype<SyncObject>(address).so_kind != kind) {
    not_object(nr, address);
  }
  return changetype<SyncObject>(address);
}

/** A lock that a thread can release while it waits for a condition. */
export function arg_sleep_lock(nr: u32, address: u32): SyncObject {
  if (!kobj_valid(address) || !lc_can_sleep(changetype<SyncObject>(address).so_kind)) {
    not_object(nr, address);
  }
  return changetype<SyncObject>(address);
}

function not_object(nr: u32, address: u32): void {
  panic(
    "kernel call %d: 0x%x is not an object of that kind, thread %N",
    nr,
    address,
    changetype<usize>(curthread()),
  );
}
