// An expectation for code that runs in tests and outside of them, such as the fuzzer's.

/** Throws unless a value is what it must be. */
export function mustBe(got: unknown, wanted: unknown, what: string): void {
  if (!Object.is(got, wanted)) throw new Error(`${what}: ${String(got)}, not ${String(wanted)}`);
}
