// Kernel calls about the machine itself.
import { cont_push, K, PENDING } from "../kern/cont";
import { mycpu } from "../sys/globaldata";
import { machine } from "../sys/machine";
import { Frame } from "../sys/proc";

/** The trampoline (compute_run) burns the cycles, slice by slice. */
export function sys_compute(cycles: u64): u32 {
  cont_push(K.COMPUTE, <u32>cycles, <u32>(cycles >> 32));
  return PENDING;
}

export function sys_cycles(f: Frame): u32 {
  const now = mycpu().gd_cycles;
  f.a1 = <u32>(now >> 32);
  return <u32>now;
}

export function sys_curcpu(): u32 {
  return mycpu().gd_cpuid;
}

export function sys_ticks(): i32 {
  return machine().ticks;
}
