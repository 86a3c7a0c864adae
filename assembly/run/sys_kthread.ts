// The kernel calls that create kernel threads and processes. The other calls of kthread(9) and kproc(9) are
// dispatched directly to kern/kern_kthread.ts (assembly/syscalls.master).
import { is_proc } from "../kern/kern_fork";
import * as kthread from "../kern/kern_kthread";
import { machine } from "../sys/machine";
import { Frame, Proc } from "../sys/proc";
import { created_proc, created_thread } from "./created";

export function sys_kthread_add(
  f: Frame,
  func: u32,
  arg: u32,
  proc: Proc,
  flags: u32,
  pages: u32,
  fmt: u32,
  fmtarg: u32,
): i32 {
  const p = is_proc(proc) ? proc : machine().proc0;
  const error = kthread.kthread_add(func, arg, p, flags, pages, fmt, fmtarg);
  return created_thread(f, error, p);
}

export function sys_kthread_start(f: Frame, name: u32, func: u32, arg: u32): i32 {
  kthread.kthread_start(name, func, arg);
  return created_thread(f, 0, machine().proc0);
}

export function sys_kproc_create(
  f: Frame,
  func: u32,
  arg: u32,
  flags: u32,
  pages: u32,
  fmt: u32,
  fmtarg: u32,
): i32 {
  return created_proc(f, kthread.kproc_create(func, arg, flags, pages, fmt, fmtarg));
}

export function sys_kproc_start(f: Frame, name: u32, func: u32, arg: u32): i32 {
  kthread.kproc_start(name, func, arg);
  return created_proc(f, 0);
}

export function sys_kproc_kthread_add(
  f: Frame,
  func: u32,
  arg: u32,
  proc: Proc,
  flags: u32,
  pages: u32,
  procname: u32,
  fmt: u32,
  fmtarg: u32,
): i32 {
  const error = kthread.kproc_kthread_add(func, arg, proc, flags, pages, procname, fmt, fmtarg);
  const owner = is_proc(proc) ? proc : machine().allproc; // a new process is the first of all
  f.a2 = error == 0 ? changetype<u32>(owner) : 0;
  return created_thread(f, error, owner);
}
