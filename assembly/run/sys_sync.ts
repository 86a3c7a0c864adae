// Kernel calls that create synchronisation objects, and others that need more than one function of kern/
// (assembly/syscalls.master).
import { lockinit } from "../kern/kern_lock";
import { mtx_owned } from "../kern/kern_mutex";
import { rm_create, rm_owned } from "../kern/kern_rmlock";
import { rw_wowned } from "../kern/kern_rwlock";
import { sync_create } from "../kern/kern_sync";
import { sleep_until } from "../kern/kern_time";
import { ENOMEM } from "../sys/errno";
import { curthread, mycpu } from "../sys/globaldata";
import { Frame } from "../sys/proc";
import {
  KOBJ_BARRIER,
  KOBJ_CV,
  KOBJ_MTX,
  KOBJ_RW,
  KOBJ_SEMA,
  KOBJ_SX,
  KOBJ_TIMER,
  MTX_DEF,
  MTX_NOLEND,
  SyncObject,
} from "../sys/sync";

/** Returns 0 with the object's address in a1, or ENOMEM. */
function created(f: Frame, o: SyncObject): i32 {
  if (changetype<usize>(o) == 0) return ENOMEM;
  f.a1 = changetype<u32>(o);
  return 0;
}

export function sys_mtx_create(f: Frame, name: u32): i32 {
  return sys_mtx_init(f, name, MTX_DEF);
}

export function sys_mtx_init(f: Frame, name: u32, options: u32): i32 {
  const o = sync_create(KOBJ_MTX, name);
  if (changetype<usize>(o) != 0) o.so_flags = options;
  return created(f, o);
}

export function sys_mtx_recursed(mutex: SyncObject): bool {
  return mutex.so_value != 0;
}

export function sys_mtx_owned(mutex: SyncObject): bool {
  return mtx_owned(mutex, curthread());
}

export function sys_cv_create(f: Frame, name: u32): i32 {
  return created(f, sync_create(KOBJ_CV, name));
}

export function sys_rw_init(f: Frame, name: u32, options: u32): i32 {
  const o = sync_create(KOBJ_RW, name);
  if (changetype<usize>(o) != 0) o.so_flags = options;
  return created(f, o);
}

export function sys_sx_init(f: Frame, name: u32, options: u32): i32 {
  const o = sync_create(KOBJ_SX, name);
  if (changetype<usize>(o) != 0) o.so_flags = options | MTX_NOLEND;
  return created(f, o);
}

export function sys_rw_wowned(lock: SyncObject): bool {
  return rw_wowned(lock, curthread());
}

export function sys_rm_init(f: Frame, name: u32, options: u32): i32 {
  return created(f, rm_create(name, options));
}

export function sys_rm_wowned(lock: SyncObject): bool {
  return rm_owned(lock, curthread());
}

export function sys_lockinit(f: Frame, pri: u32, name: u32, timo: i32, flags: u32): i32 {
  return created(f, lockinit(pri, name, timo, flags));
}

export function sys_sema_value(sema: SyncObject): i32 {
  return sema.so_value;
}

export function sys_sema_create(f: Frame, name: u32, value: i32): i32 {
  const o = sync_create(KOBJ_SEMA, name);
  if (changetype<usize>(o) != 0) o.so_value = value;
  return created(f, o);
}

export function sys_barrier_create(f: Frame, name: u32, parties: i32): i32 {
  const o = sync_create(KOBJ_BARRIER, name);
  if (changetype<usize>(o) != 0) o.so_limit = parties;
  return created(f, o);
}

export function sys_timer_create(f: Frame, name: u32): i32 {
  return created(f, sync_create(KOBJ_TIMER, name));
}

export function sys_sleep(cycles: u64): u32 {
  return sleep_until(mycpu().gd_cycles + cycles);
}
