// The schedulers' part of the interpreter's fast path for yields (cpu/rv32.ts), on one CPU.
//
// In it, threads take turns on the list of their level: the running one is at the tail, and a yield takes the
// head and appends it. Under 4bsd and ule a running thread is on no queue, so it is put on its level's list
// when the first yield begins, and taken off when the loop is left; the effect is the same as that of adding
// and choosing at each yield. The queue's count and bits remain those without the running thread. Under ule
// there are no such turns while a thread waits at a level other than its own (sched_kept). Under lwkt-modern
// the running thread is at the head of its level, and is put back there when the loop is left. Under lwkt the
// waiting user threads take turns with the holder of the slot in this way (kern/lwkt_usched.ts), by
// lwkt_yield.
import { ChunkList } from "../sys/chunklist";
import { GlobalData } from "../sys/globaldata";
import { machine, Sched } from "../sys/machine";
import { prioq_first, prioq_level } from "../sys/prioq";
import { Thread } from "../sys/proc";
import { runq_append, runq_remove } from "../sys/runq";
import { sched_cpu, TSF_SLEPT, td_sched } from "../sys/sched";
import { is_modern, modern_turns_begin, modern_turns_end } from "./lwkt_modern";
import { user_turned, user_turns_begin, user_turns_end } from "./lwkt_usched";
import { bsd4_queue_of } from "./sched_4bsd";
import { level_of } from "./sched_policy";
import { ule_level_queue, ule_turned, ule_yields } from "./sched_ule";

/** There is no queue on which the thread could take turns. */
const NO_QUEUE: u32 = u32.MAX_VALUE;

/**
 * Puts the running thread at the tail of its level's list if the next thread of this CPU, the only one, comes
 * from there; otherwise returns null, with nothing changed.
 */
export function sched_turns_begin(gd: GlobalData, td: Thread): ChunkList | null {
  const sched = machine().sched;
  if (sched == Sched.LWKT) {
    return is_modern(gd) ? modern_turns_begin(gd, td) : user_turns_begin(gd, td);
  }
  const ts = td_sched(td);
  if ((ts.ts_flags & TSF_SLEPT) != 0) return null;
  let queue = NO_QUEUE;
  if (sched == Sched.BSD4) queue = bsd4_queue_of(gd);
  else if (sched == Sched.ULE && sched_cpu(gd.gd_cpuid).sc_kept == 0)
    queue = ule_level_queue(gd, td);
  if (queue == NO_QUEUE) return null;
  const level = level_of(td);
  if (prioq_first(queue) != level) return null;
  if (sched == Sched.ULE) ule_yields(td);
  const list = prioq_level(queue, level);
  runq_append(list, td);
  ts.ts_level = <u16>level;
  ts.ts_queue = <u8>(queue + 1);
  return list;
}

/** The threads in slots `from` to `to` of their list have had their turns, and the last one is running. */
export function sched_turned(from: usize, to: usize): void {
  if (machine().sched == Sched.ULE) ule_turned(from, to);
  else if (machine().sched == Sched.LWKT && machine().lwkt_modern == 0) user_turned(from, to);
}

/** Takes the running thread off the list again. */
export function sched_turns_end(gd: GlobalData, list: ChunkList, td: Thread): void {
  if (is_modern(gd)) {
    modern_turns_end(list, td);
    return;
  }
  if (machine().sched == Sched.LWKT) {
    user_turns_end(gd, list, td);
    return;
  }
  runq_remove(list, td);
  td_sched(td).ts_queue = 0;
}
