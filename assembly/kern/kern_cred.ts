// Credentials and limits. Both are shared and reference counted: a process has the current ones, and each of
// its threads those that were current when it last looked. A change gives the process new ones and increments
// its generation; a thread whose own generation is older catches up (thread_cow_update).

import { EBUSY, EINVAL, ENOMEM } from "../sys/errno";
import { curthread } from "../sys/globaldata";
import { KASSERT, MPASS } from "../sys/kassert";
import { machine } from "../sys/machine";
import { COW_SPARE, COW_THREADS_MAX } from "../sys/param";
import { Plimit, Proc, Thread, Ucred } from "../sys/proc";
import { cold } from "../sys/thread";

/** Objects that a machine of this size can hold; when they run out, a change fails with ENOMEM. */
export function cow_count(maxthread: u32, maxproc: u32): usize {
  const spare = maxthread < COW_THREADS_MAX ? maxthread : COW_THREADS_MAX;
  return <usize>maxproc + spare + COW_SPARE;
}

/** Bytes of the credentials. */
export function cred_arena_bytes(maxthread: u32, maxproc: u32): usize {
  return cow_count(maxthread, maxproc) * offsetof<Ucred>();
}

/** Bytes of the limits. */
export function limit_arena_bytes(maxthread: u32, maxproc: u32): usize {
  return cow_count(maxthread, maxproc) * offsetof<Plimit>();
}

export function is_cred(cred: Ucred): bool {
  return changetype<usize>(cred) != 0;
}

export function is_limit(limit: Plimit): bool {
  return changetype<usize>(limit) != 0;
}

/** A credential of user `uid` with one reference, or null. */
export function crget(uid: u32): Ucred {
  const m = machine();
  let cred = m.cred_free;
  if (is_cred(cred)) {
    m.cred_free = cred.cr_next;
  } else {
    if (<usize>m.cred_next == cow_count(m.maxthread, m.maxproc)) return changetype<Ucred>(0);
    cred = changetype<Ucred>(m.cred_base + <usize>m.cred_next * offsetof<Ucred>());
    m.cred_next++;
  }
  cred.cr_ref = 1;
  cred.cr_uid = uid;
  cred.cr_next = changetype<Ucred>(0);
  cred.cr_real = changetype<Ucred>(0);
  return cred;
}

export function crhold(cred: Ucred): Ucred {
  if (INVARIANTS) KASSERT(cred.cr_ref != 0, "crhold: free credential");
  cred.cr_ref++;
  return cred;
}

export function crfree(cred: Ucred): void {
  if (INVARIANTS) KASSERT(cred.cr_ref != 0, "crfree: free credential");
  cred.cr_ref--;
  if (cred.cr_ref != 0) return;
  const m = machine();
  cred.cr_next = m.cred_free;
  m.cred_free = cred;
}

/** Limits with identity `id` and one reference, or null. */
export function lim_alloc(id: u32): Plimit {
  const m = machine();
  let limit = m.limit_free;
  if (is_limit(limit)) {
    m.limit_free = limit.pl_next;
  } else {
    if (<usize>m.limit_next == cow_count(m.maxthread, m.maxproc)) return changetype<Plimit>(0);
    limit = changetype<Plimit>(m.limit_base + <usize>m.limit_next * offsetof<Plimit>());
    m.limit_next++;
  }
  limit.pl_ref = 1;
  limit.pl_id = id;
  limit.pl_next = changetype<Plimit>(0);
  return limit;
}

export function lim_hold(limit: Plimit): Plimit {
  if (INVARIANTS) KASSERT(limit.pl_ref != 0, "lim_hold: free limit");
  limit.pl_ref++;
  return limit;
}

export function lim_free(limit: Plimit): void {
  if (INVARIANTS) KASSERT(limit.pl_ref != 0, "lim_free: free limit");
  limit.pl_ref--;
  if (limit.pl_ref != 0) return;
  const m = machine();
  limit.pl_next = m.limit_free;
  m.limit_free = limit;
}

/** The credential that a thread acts with; a thread outside any process acts as the kernel. */
export function td_cred(td: Thread): Ucred {
  const cred = cold(td).td_ucred;
  return is_cred(cred) ? cred : machine().proc0.p_ucred;
}

/**
 * The credential that a thread has from its process (td_realucred). td_ucred differs from it only between
 * td_setucred and td_restoreucred, and then refers to it, which saves a word in every thread.
 */
function td_realucred(td: Thread): Ucred {
  const cred = cold(td).td_ucred;
  return is_cred(cred) && is_cred(cred.cr_real) ? cred.cr_real : cred;
}

/** What must hold where a thread's credential is passed on, exchanged or dropped (kern_thread.c 873, 952). */
export function assert_realucred(td: Thread): void {
  MPASS(td_realucred(td) == cold(td).td_ucred, "td->td_realucred == td->td_ucred");
}

/**
 * The current thread acts as user `uid` until td_restoreucred: EBUSY if it does so already, ENOMEM if there is no
 * room for a credential.
 */
export function td_setucred(uid: u32): i32 {
  const td = curthread();
  const c = cold(td);
  if (td_realucred(td) != c.td_ucred) return EBUSY;
  const cred = crget(uid);
  if (!is_cred(cred)) return ENOMEM;
  cred.cr_real = c.td_ucred;
  c.td_ucred = cred;
  return 0;
}

/** The current thread acts with its own credential again: EINVAL if it already does. */
export function td_restoreucred(): i32 {
  const td = curthread();
  const c = cold(td);
  const real = td_realucred(td);
  if (real == c.td_ucred) return EINVAL;
  crfree(c.td_ucred);
  c.td_ucred = real;
  return 0;
}

/** True when `td` may exceed the limits of ordinary users (PRIV_MAXPROC). */
export function privileged(td: Thread): bool {
  return td_cred(td).cr_uid == 0;
}

/** Gives the current thread its process's credential (crcowsync). */
export function crcowsync(): void {
  const td = curthread();
  const c = cold(td);
  const old = c.td_ucred;
  assert_realucred(td);
  if (old == td.td_proc.p_ucred) return;
  c.td_ucred = crhold(td.td_proc.p_ucred);
  if (is_cred(old)) crfree(old);
}

/** Gives the current thread its process's limits (lim_cowsync). */
export function lim_cowsync(): void {
  const td = curthread();
  const c = cold(td);
  const old = c.td_limit;
  if (old == td.td_proc.p_limit) return;
  c.td_limit = lim_hold(td.td_proc.p_limit);
  if (is_limit(old)) lim_free(old);
}

/** Gives a process a new credential of user `uid`; its threads catch up later. False if none is left. */
export function proc_setcred(p: Proc, uid: u32): bool {
  const cred = crget(uid);
  if (!is_cred(cred)) return false;
  crfree(p.p_ucred);
  p.p_ucred = cred;
  p.p_cowgen++;
  return true;
}

/** Gives a process new limits; its threads catch up later. False if none are left. */
export function proc_setlimit(p: Proc, id: u32): bool {
  const limit = lim_alloc(id);
  if (!is_limit(limit)) return false;
  lim_free(p.p_limit);
  p.p_limit = limit;
  p.p_cowgen++;
  return true;
}
