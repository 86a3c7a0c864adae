// Final report of a thread, before its structure is reused and its accounts are lost.
import { event } from "../env";
import { mycpu } from "../sys/globaldata";
import { machine } from "../sys/machine";
import { HOST_EVENT_REPORT } from "../sys/sync";
import { done } from "./cont";
import { stats_due, stats_stride, thread_stats } from "./kern_stats";
import { charge_runtime } from "./kern_switch";

/** Lets the host read the accounts of the current thread, which is about to end. */
export function thread_report(arg: u32): u32 {
  const gd = mycpu();
  const td = gd.gd_curthread;
  charge_runtime(gd);
  event(HOST_EVENT_REPORT, arg, changetype<u32>(td));
  if (machine().stats != 0) memory.fill(changetype<usize>(thread_stats(td)), 0, stats_stride());
  stats_due(td);
  return done(0);
}
