import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

/** Each takes up to a gigabyte where a test has a million threads. */
const WORKERS_MAX = 4;

// KTM_BUILD=release|check|debug chooses the kernel build under test (release when it is unset).
// Tests read it through `process.env.KTM_BUILD`; `.ci/run` runs the whole suite on release and check.
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: "test/support/suite.ts",
    pool: "forks",
    maxWorkers: Math.min(availableParallelism(), WORKERS_MAX),
    // V8 counts the memory of a machine as if all of it were in use, so that nearly each one sets off a collection of
    // garbage. By several threads in each of the workers, which use all cores anyhow, it would take twice the time.
    execArgv: ["--single-threaded-gc"],
    isolate: false, // no module keeps anything from one test to the next: files may share what is loaded
    testTimeout: 60_000,
    hookTimeout: 60_000,
    env: { KTM_BUILD: process.env.KTM_BUILD ?? "release" },
  },
});
