/**
 * Searches as tests of vitest: `import { it } from "kthread-machine/vitest"`.
 *
 * @packageDocumentation
 */

import { it as base, type TestAPI } from "vitest";
import {
  ArgumentError,
  type ExploreOptions,
  explore,
  type FailureKind,
  type Setup,
} from "./index.js";

/** How a test searches. */
export interface ExploreTestOptions
  extends Omit<ExploreOptions, "throws" | "onProgress" | "isInterrupted"> {
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

/** A wrong call would otherwise show as a test that fails in a puzzling way, or not at all. */
function checkCall(name: unknown, setup: unknown, options: unknown): void {
  const refuse = (argument: string, allowed: string): never => {
    throw new ArgumentError("it.explore", argument, `${argument} must be ${allowed}`);
  };
  if (typeof name !== "string") refuse("name", "a text");
  if (typeof setup !== "function") refuse("setup", "a function");
  if (typeof options !== "object" || options === null) refuse("options", "an object");
  const { finds, timeout } = options as ExploreTestOptions;
  if (finds !== undefined && typeof finds !== "string") refuse("finds", "a kind of failure");
  if (timeout !== undefined && !(Number.isFinite(timeout) && timeout >= 0))
    refuse("timeout", "a number of milliseconds");
}

function searching(declare: typeof base.only): ExploreTest {
  return (name, setup, given = {}) => {
    checkCall(name, setup, given);
    const { finds, timeout, ...options } = given;
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
