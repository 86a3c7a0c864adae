// The kernel build under test: KTM_BUILD, or release.
import type { KernelBuild } from "../../src/core/instantiate.js";

const builds: readonly KernelBuild[] = ["release", "check", "debug"];

function chosenBuild(name = "release"): KernelBuild {
  const known = builds.find((build) => build === name);
  if (known !== undefined) return known;
  throw new Error(`KTM_BUILD is "${name}"; it must be one of ${builds.join(", ")}`);
}

/** The kernel build under test. */
export const buildUnderTest = chosenBuild(process.env.KTM_BUILD);
