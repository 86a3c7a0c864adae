// Adaptive spinning (kern_mutex.c, ADAPTIVE_MUTEXES), an option: who finds a lock taken by a thread that runs on another CPU
// looks again and again, in virtual time, while that one runs, and sleeps when it does not. A thread that spins is in no
// turnstile and lends nothing.
//
// The original spins for a while for a lock that is shared, too, whose holders nobody knows.
import { globaldata, mycpu } from "../sys/globaldata";
import { machine } from "../sys/machine";
import { SyncObject } from "../sys/sync";
import { cold, is_td } from "../sys/thread";
import { cont_push, K } from "./cont";

/** Cycles between two looks at a lock that is taken. */
export const SPIN_CYCLES: u32 = 100;

/** True if it is worth spinning for a lock. */
function owner_runs(o: SyncObject): bool {
  const td = o.so_owner;
  if (!is_td(td) || o.so_owner_tid != cold(td).td_tid) return false;
  const gd = globaldata(td.td_cpu);
  return gd != mycpu() && gd.gd_curthread == td;
}

/** True if the current thread is to spin for a lock: continuation `fn` of the lock looks again in a while. */
export function spins_for(o: SyncObject, fn: K): bool {
  if (machine().lock_adaptive == 0 || !owner_runs(o)) return false;
  cont_push(fn, changetype<u32>(o));
  cont_push(K.COMPUTE, SPIN_CYCLES);
  return true;
}
