// Workloads under search: what is a failure, and that they are searched as everything else is.

import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type ExploreOptions, parseWorkload, workloadTest } from "../../src/index.js";
import { exploreNow } from "../../src/search/index.js";
import { buildUnderTest } from "../support/build.js";

function search(text: string, options: ExploreOptions = {}) {
  const { setup, config } = workloadTest(parseWorkload(text, "test.json"), { cpus: 2 });
  return exploreNow(setup, { build: buildUnderTest, ...options, config });
}

const task = (loop: number, events: string) => `{ "loop": ${loop}, ${events} }`;
const tasks = (parts: Readonly<Record<string, string>>) =>
  `{ "tasks": { ${Object.entries(parts).map(([name, text]) => `"${name}": ${text}`)} } }`;

/** Two locks in opposite orders, with work between. */
const crossed = tasks({
  left: task(2, '"lock": "a", "run": 10, "lock": "b", "unlock": "b", "unlock": "a"'),
  right: task(2, '"lock": "b", "run": 10, "lock": "a", "unlock": "a", "unlock": "b"'),
});

describe("a workload under search", () => {
  it("fails by a deadlock in the shortest way, and again from its tape", () => {
    for (const strategy of ["random", "pct", "exhaustive"] as const) {
      const { result, story } = search(crossed, { strategy });
      expect(result.failure).toMatchObject({ kind: "deadlock", preemptions: 1 });
      expect(result.failure?.message).toContain("left waits for mutex b, held by right");
      for (const build of ["release", "check"] as const) {
        const again = search(crossed, { replay: result.failure?.tape ?? "", build });
        expect(again.result.failure).toEqual(result.failure);
        expect(again.story).toEqual(story);
      }
    }
    const none = search(crossed, { strategy: "exhaustive", preemptions: 0 });
    expect(none.result).toMatchObject({ complete: true, failure: null });
  });

  it("fails in any schedule if it does in all", () => {
    const { result } = search(readFileSync("examples/deadlock.json", "utf8"), { schedules: 1 });
    expect(result.failure).toMatchObject({ kind: "deadlock", preemptions: 0 });
  });

  it("does not fail where servers are at rest, but where they have left a client waiting", () => {
    const client = task(2, '"sem_post": "asked"');
    const server = task(-1, '"sem_wait": "asked", "run": 5');
    const rest = search(tasks({ client, server }), { strategy: "exhaustive" });
    expect(rest.result).toMatchObject({ complete: true, failure: null });
    const waits = task(1, '"sem_post": "asked", "sem_wait": "answered"');
    const stuck = search(tasks({ client: waits, server }), {});
    expect(stuck.result.failure).toMatchObject({ kind: "deadlock" });
  });

  it("ends at the limit of steps where a task never ends, and is a livelock where all do", () => {
    const yields = '"run": 5, "yield": ""';
    const options = { steps: 60, schedules: 20 };
    const endless = search(tasks({ one: task(-1, yields), two: task(3, yields) }), options);
    expect(endless.result).toMatchObject({ schedules: 20, complete: false, failure: null });
    const long = search(tasks({ one: task(90, yields) }), options);
    expect(long.result.failure).toMatchObject({ kind: "livelock" });
  });

  it("advances time for all threads that wait for a clock", () => {
    const timed = tasks({
      sleeper: task(3, '"sleep": 1500, "lock": "m", "run": 2, "unlock": "m"'),
      ticker: task(3, '"timer": { "ref": "tick", "period": 700 }, "lock": "m", "unlock": "m"'),
    });
    const { result } = search(timed, { schedules: 300 });
    expect(result).toMatchObject({ schedules: 300, failure: null });
  });
});
