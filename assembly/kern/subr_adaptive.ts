// Adaptive spinning (kern_mutex.c, ADAPTIVE_MUTEXES), an option: a thread that finds a lock owned by a thread
// running on another CPU tries again and again, in virtual time, while the owner runs, and sleeps when it
// does not. A spinning thread is in no turnstile and lends no priority.
//
// The original also spins for a while for a shared lock, whose holders are not known; this kernel does not.
import { globaldata, mycpu } from "../sys/globaldata";
import { machine } from "../sys/machine";
import { SyncObject } from "../sys/sync";
import { cold, is_td } from "../sys/thread";
import { cont_push, K } from "./cont";

/** Cycles between two attempts at a taken lock. */
export const SPIN_CYCLES: u32 = 100;

/** True if the lock's owner is running, so that spinning is worth while. */
function owner_runs(o: SyncObject): bool {
  const td = o.so_owner;
  if (!is_td(td) || o.so_owner_tid != cold(td).td_tid) return false;
  const gd = globaldata(td.td_cpu);
  return gd != mycpu() && gd.gd_curthread == td;
}

/** True if the current thread is to spin for a lock: continuation `fn` tries again in a while. */
export function spins_for(o: SyncObject, fn: K): bool {
  if (machine().lock_adaptive == 0 || !owner_runs(o)) return false;
  cont_push(fn, changetype<u32>(o));
  cont_push(K.COMPUTE, SPIN_CYCLES);
  return true;
}
