// Sleeping by the clock, and periodic timers.
//
// `tsleep` and `pause` count ticks from the start of the current round, as the original's `ticks` would.
// These calls use the CPU's own clock: they end at the first tick that is not before the requested time, so
// that a machine whose quantum is no longer than its tick is exact to a tick.
import { curthread, mycpu } from "../sys/globaldata";
import { machine } from "../sys/machine";
import { TICKS_MAX } from "../sys/param";
import { Frame, Thread } from "../sys/proc";
import { SyncObject } from "../sys/sync";
import { cont_push, done, K, PENDING } from "./cont";
import { str } from "./kern_subr";
import { tsleep } from "./kern_synch";
import { dl_timer } from "./sched_deadline";

/** After a missed expiry the timer restarts from now. */
const TIMER_RELATIVE: u32 = 0;

/** A channel on which only its timeout wakes the thread. */
export function own_channel(td: Thread): u32 {
  return changetype<u32>(td) + <u32>offsetof<Thread>("td_wchan");
}

/** Ticks from the start of the round to the first tick that is not before `target`. */
export function ticks_until(target: u64): i32 {
  const m = machine();
  const tick = (target + m.cycles_per_tick - 1) / m.cycles_per_tick;
  const ticks = tick - (m.ticks64 - m.tick_epoch);
  return <i32>min<u64>(ticks, TICKS_MAX);
}

/** Sleeps until the CPU's clock has reached `target`, in cycles since boot. */
export function sleep_until(target: u64): u32 {
  if (target <= mycpu().gd_cycles) return done(0);
  const td = curthread();
  cont_push(K.NANOSLEEP_1, <u32>target, <u32>(target >> 32));
  tsleep(own_channel(td), 0, str("nanslp"), ticks_until(target));
  return PENDING;
}

/** Awake, at the end of a very long sleep or before. */
export function nanosleep_1(target: u64): u32 {
  return sleep_until(target);
}

/**
 * The next expiry of a timer that last expired at `last` (0: never, so it starts now). A result that is not
 * after `now` means that it was missed.
 */
function timer_expiry(last: u64, period: u64, mode: u32, now: u64): u64 {
  const next = (last == 0 ? now : last) + period;
  return next <= now && mode == TIMER_RELATIVE ? now : next;
}

/** Sleeps until a shared timer's next expiry; a thread that has missed it does not sleep. */
export function timer_wait(timer: SyncObject, period: u64, mode: u32): u32 {
  const next = timer_expiry(timer.so_expiry, period, mode, mycpu().gd_cycles);
  timer.so_expiry = next;
  timer.so_uses++;
  dl_timer(mycpu(), curthread(), next);
  return sleep_until(next);
}

/** The same for a timer whose last expiry the thread keeps itself: returns the new one. */
export function timer_next(f: Frame, last: u64, period: u64, mode: u32): u32 {
  const next = timer_expiry(last, period, mode, mycpu().gd_cycles);
  dl_timer(mycpu(), curthread(), next);
  f.a1 = <u32>(next >> 32);
  cont_push(K.RETURN_VALUE, <u32>next);
  sleep_until(next);
  return PENDING;
}

/** The same; a timer that has not been started begins at `start`. */
export function timer_wait_from(timer: SyncObject, period: u64, mode: u32, start: u64): u32 {
  if (timer.so_expiry == 0) timer.so_expiry = start;
  return timer_wait(timer, period, mode);
}

/** The value of the CPU's clock after an amount of time. */
export function clock_after(f: Frame, cycles: u64): u32 {
  const at = mycpu().gd_cycles + cycles;
  f.a1 = <u32>(at >> 32);
  return <u32>at;
}
