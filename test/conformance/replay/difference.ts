// The first place where a replay and its recording differ.

/** What was recorded and what the replay gave instead, at the first place where they differ. */
export interface Difference {
  /** Where: `log[17]`, `final.threads.A.state`, `results[3]`. */
  readonly where: string;
  readonly expected: unknown;
  readonly got: unknown;
}

/** An invalid conformance file or case. */
export class InputError extends Error {
  override readonly name = "InputError";
}

/** The first difference between two JSON values, or null; the order of keys does not matter. */
export function firstDifference(where: string, expected: unknown, got: unknown): Difference | null {
  if (expected === got) return null;
  if (Array.isArray(expected) && Array.isArray(got)) return arrayDifference(where, expected, got);
  if (isObject(expected) && isObject(got)) return objectDifference(where, expected, got);
  return { where, expected, got };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Lists of plain values are shown whole, lists of entries by their first differing one. */
function arrayDifference(
  where: string,
  expected: readonly unknown[],
  got: readonly unknown[],
): Difference | null {
  const length = Math.max(expected.length, got.length);
  for (let i = 0; i < length; i++) {
    const inner = firstDifference(`${where}[${i}]`, expected[i], got[i]);
    if (inner === null) continue;
    const plain = typeof expected[i] !== "object" && typeof got[i] !== "object";
    return plain && length < 16 ? { where, expected, got } : inner;
  }
  return null;
}

function objectDifference(
  where: string,
  expected: Record<string, unknown>,
  got: Record<string, unknown>,
): Difference | null {
  for (const key of new Set([...Object.keys(expected), ...Object.keys(got)])) {
    const inner = firstDifference(`${where}.${key}`, expected[key], got[key]);
    if (inner !== null) return inner;
  }
  return null;
}
