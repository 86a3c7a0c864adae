// Results that creating calls leave in the caller's registers.
import { machine } from "../sys/machine";
import { Frame, Proc } from "../sys/proc";

/** The result of a call that creates a thread, which is then the last one of process `p`. */
export function created_thread(f: Frame, error: i32, p: Proc): i32 {
  f.a1 = error == 0 ? changetype<u32>(p.p_threads_last) : 0;
  return error;
}

/** The result of a call that creates a process, which is then the first of all. */
export function created_proc(f: Frame, error: i32): i32 {
  const p = machine().allproc;
  f.a1 = error == 0 ? changetype<u32>(p) : 0;
  f.a2 = error == 0 ? changetype<u32>(p.p_threads) : 0;
  return error;
}
