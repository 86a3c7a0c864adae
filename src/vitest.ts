/**
 * Searches as tests of vitest: `import { it } from "kthread-machine/vitest"`.
 *
 * @packageDocumentation
 */

import { it as base, type TestAPI } from "vitest";
import { type ExploreOptions, explore, type FailureKind, type Setup } from "./index.js";

/** How a test searches. */
export interface ExploreTestOptions extends Omit<ExploreOptions, "throws" | "onProgress"> {
  /** The test passes only if a schedule fails in this way. Default: only if none fails. */
  readonly finds?: FailureKind;
  /** Host time that the test may take, in milliseconds. Default: that of vitest. */
  readonly timeout?: number;
}

/** Declares a test that searches for a schedule in which `setup` fails. */
export type ExploreTest = (name: string, setup: Setup, options?: ExploreTestOptions) => void;

/** {@link ExploreTest}, and the same for a test that is the only one, is left out, or is to fail. */
export type ExploreTestApi = ExploreTest & {
  readonly only: ExploreTest;
  readonly skip: ExploreTest;
  readonly fails: ExploreTest;
};

function searching(declare: typeof base.only): ExploreTest {
  return (name, setup, { finds, timeout, ...options } = {}) => {
    declare(name, timeout === undefined ? {} : { timeout }, () => check(setup, options, finds));
  };
}

async function check(setup: Setup, options: ExploreOptions, finds: FailureKind | undefined) {
  if (finds === undefined) {
    await explore(setup, { ...options, throws: true });
    return;
  }
  const { failure, schedules } = await explore(setup, options);
  if (failure?.kind === finds) return;
  const found = failure === null ? "none has failed" : `one fails by ${failure.kind}`;
  const text = failure === null ? "" : `: ${failure.message} (replay: ${failure.tape})`;
  throw new Error(`of ${schedules} schedules one should fail by ${finds}; ${found}${text}`);
}

/** vitest's `it`, with `it.explore(name, setup, options)`. */
export const it: TestAPI & { readonly explore: ExploreTestApi } = Object.assign(base.extend({}), {
  explore: Object.assign(searching(base), {
    only: searching(base.only),
    skip: searching(base.skip),
    fails: searching(base.fails),
  }),
});
