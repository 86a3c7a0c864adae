// Sets of CPUs: one bit per CPU, bit 0 for CPU 0.
import { Machine } from "./machine";

/** The set that holds only `cpu`. */
export function cpu_bit(cpu: u32): u64 {
  return (<u64>1) << (<u64>cpu);
}

/** All CPUs of the machine. */
export function all_cpus(m: Machine): u64 {
  return ~(<u64>0) >> (64 - m.ncpus);
}
