// The build that a test run is about: KTM_BUILD, or release.
import type { KernelBuild } from "../../src/core/instantiate.js";

/** The kernel build under test. */
export const buildUnderTest: KernelBuild =
  process.env.KTM_BUILD === "check" || process.env.KTM_BUILD === "debug"
    ? process.env.KTM_BUILD
    : "release";
