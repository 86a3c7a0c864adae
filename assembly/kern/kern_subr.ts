// Small helpers of the kernel.
import { machine } from "../sys/machine";

/**
 * At most one event per second (ppsratecheck with a limit of 1, at the resolution of ticks): true if this one
 * may be reported. `last` is the address of the tick of the last report, 0 at first. A second starts with a
 * report, so events within it need no count.
 */
export function ppsratecheck(last: usize): bool {
  const m = machine();
  const since = <u32>(m.ticks - load<i32>(last));
  if (load<i32>(last) != 0 && since < m.hz) return false;
  store<i32>(last, m.ticks);
  return true;
}

/** Address of a static or interned string, as a number. */
export function str(text: string): u32 {
  return changetype<u32>(text);
}
