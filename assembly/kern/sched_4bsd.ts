// FreeBSD's 4BSD scheduler: 256 levels, the smallest number first, first in first out within a level. A
// running thread is on no queue. Each CPU has its own queue; threads are placed when they are created.
import { GDF_INVOL, GlobalData } from "../sys/globaldata";
import { machine } from "../sys/machine";
import { RQ_NQS } from "../sys/param";
import { Thread } from "../sys/proc";
import {
  bsd4_level,
  bsd4_levels,
  bsd4_levels_bytes,
  runq_append,
  runq_init,
  runq_prepend,
  runq_remove,
  runq_take,
} from "../sys/runq";
import { cold } from "../sys/thread";

/** Words of a CPU's bits, and their bytes: a bit per level that may have threads. */
const STATUS_WORDS: u32 = RQ_NQS / 64;
const STATUS_SIZE: usize = STATUS_WORDS * sizeof<u64>();

/** Bytes of the 4bsd arena for `ncpus` CPUs: levels, then status bits. */
export function bsd4_bytes(ncpus: u32): usize {
  return bsd4_levels_bytes(ncpus) + <usize>ncpus * STATUS_SIZE;
}

/** Makes the run queues of all CPUs, which are empty already. */
export function bsd4_init(): void {
  runq_init(bsd4_levels(), machine().ncpus * RQ_NQS);
}

function status(cpu: u32): usize {
  const m = machine();
  return m.bsd4_base + bsd4_levels_bytes(m.ncpus) + <usize>cpu * STATUS_SIZE;
}

/** Queues a thread: at the tail of its level, or at the head if it loses the CPU against its will. */
export function bsd4_add(gd: GlobalData, td: Thread): void {
  const pri = <u32>cold(td).td_priority;
  const level = bsd4_level(gd.gd_cpuid, pri);
  if (td == gd.gd_curthread && (gd.gd_flags & GDF_INVOL) != 0) runq_prepend(level, td);
  else runq_append(level, td);
  const word = status(gd.gd_cpuid) + ((<usize>(pri >> 6)) << 3);
  store<u64>(word, load<u64>(word) | ((<u64>1) << (pri & 63)));
  gd.gd_nrunnable++;
}

/** Takes a queued thread off its queue; its priority must still be the one it was queued with. */
export function bsd4_rem(gd: GlobalData, td: Thread): void {
  runq_remove(bsd4_level(gd.gd_cpuid, cold(td).td_priority), td);
  gd.gd_nrunnable--;
}

/** Takes the first thread of the smallest level, or the idle thread. */
export function bsd4_choose(gd: GlobalData): Thread {
  const base = status(gd.gd_cpuid);
  for (let i: u32 = 0; i < STATUS_WORDS; i++) {
    const word = base + ((<usize>i) << 3);
    let bits = load<u64>(word);
    while (bits != 0) {
      const pri = (i << 6) + <u32>ctz<u64>(bits);
      const td = runq_take(bsd4_level(gd.gd_cpuid, pri));
      if (td !== null) {
        gd.gd_nrunnable--;
        return td;
      }
      bits &= bits - 1;
      store<u64>(word, load<u64>(word) & ~((<u64>1) << (pri & 63)));
    }
  }
  return gd.gd_idletd;
}
