// Assertions. KASSERT is part of the original's behaviour: it is active in every build, and prints the
// original's text. Checks of our own are guarded at the call site, `if (INVARIANTS) ...`, the only form that
// the compiler removes entirely.
import { panic } from "../env";

/** Panics with the formatted text unless `cond` holds. */
export function KASSERT(
  cond: bool,
  fmt: string,
  arg0: usize = 0,
  arg1: usize = 0,
  arg2: usize = 0,
): void {
  if (!cond) panic(fmt, arg0, arg1, arg2);
}

/** Panics with the text of the expression unless `cond` holds (the original's MPASS). */
export function MPASS(cond: bool, expression: string): void {
  if (!cond) panic("Assertion %s failed", changetype<usize>(expression));
}
