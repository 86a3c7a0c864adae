// Kernel calls on thread structures and ids that need more than one function of kern/ (assembly/syscalls.master).

import { panic } from "../env";
import { done } from "../kern/cont";
import { crcowsync, lim_cowsync } from "../kern/kern_cred";
import { is_proc } from "../kern/kern_fork";
import { thread_check_susp, thread_suspend_check_needed } from "../kern/kern_single";
import * as thread from "../kern/kern_thread";
import { tid_free, tidhash_add, tidhash_contains, tidhash_remove } from "../kern/kern_tid";
import { EBUSY, EINVAL } from "../sys/errno";
import { curthread } from "../sys/globaldata";
import { machine } from "../sys/machine";
import { Frame, Thread } from "../sys/proc";
import { cold, is_td } from "../sys/thread";

/** The structure belongs to the kernel's own process, but is not one of its threads. */
export function sys_thread_alloc(pages: u32): Thread {
  const td = thread.thread_alloc(pages);
  if (is_td(td)) td.td_proc = machine().proc0;
  return td;
}

/** A thread that can be found by its id is not free (kern_thread.c 420-429). */
export function sys_thread_free(td: Thread): i32 {
  if (tidhash_contains(td)) panic("bad state for thread unlinking");
  thread.thread_free(td);
  return 0;
}

/** A thread that ends without leaving the hash of ids is found there until it is freed, and not afterwards. */
export function sys_thread_exit(): u32 {
  if (tidhash_contains(curthread())) machine().tid_care++;
  return thread.thread_exit();
}

export function sys_thread_recycle(f: Frame, td: Thread, pages: u32): i32 {
  const error = thread.thread_recycle(td, pages);
  f.a1 = cold(td).td_kstack_pages;
  return error;
}

export function sys_thread_suspend_check_needed(): bool {
  return is_proc(curthread().td_proc) && thread_suspend_check_needed();
}

export function sys_thread_check_susp(sleep: u32): u32 {
  if (is_proc(curthread().td_proc)) return thread_check_susp(sleep != 0);
  return done(0);
}

export function sys_thread_cow_update(): void {
  thread.thread_cow_update(curthread());
}

export function sys_thread_cow_synced(): void {
  thread.thread_cow_synced(curthread());
}

export function sys_cow_sync_creds(): void {
  crcowsync();
  lim_cowsync();
}

export function sys_tid_free(tid: i32): void {
  tid_free(tid);
  machine().tid_care++; // it may still be a thread's
}

export function sys_tidhash_add(td: Thread): i32 {
  if (tidhash_contains(td)) return EBUSY;
  tidhash_add(td);
  return 0;
}

export function sys_tidhash_remove(td: Thread): i32 {
  if (!tidhash_contains(td)) return EINVAL;
  tidhash_remove(td);
  return 0;
}

export function sys_kstack_fail(count: u32): void {
  machine().kstack_fail = count;
}
