// Small helpers of the kernel.
import { machine } from "../sys/machine";

/**
 * At most `maxpps` events per second (ppsratecheck, at the resolution of ticks): true if this one may be
 * reported. `last` is the address of the tick of the last report, 0 at first, and of a count behind it.
 * A second starts with the first report, so that with maxpps 1 another one within it never passes.
 */
export function ppsratecheck(last: usize, maxpps: i32): bool {
  const m = machine();
  const since = <u32>(m.ticks - load<i32>(last));
  if (load<i32>(last) == 0 || since >= m.hz) {
    store<i32>(last, m.ticks);
    store<i32>(last, 1, 4);
    return true;
  }
  const count = load<i32>(last, 4) + 1;
  store<i32>(last, count, 4);
  return count <= maxpps;
}

/** Address of a static or interned string, as a number. */
export function str(text: string): u32 {
  return changetype<u32>(text);
}
