// The examples of docs/explore.md, each form of them: each broken one fails in the shortest way under every strategy,
// and again from its tape wherever that is performed; no right one fails.

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { loadTest } from "../../src/cli/explore-module.js";
import type { ExploreOptions, FailureKind } from "../../src/index.js";
import { exploreNow } from "../../src/search/index.js";
import { buildUnderTest } from "../support/build.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const strategies = ["random", "pct", "exhaustive"] as const;

/** The build in the command: a fresh process performs a tape on it, whichever build found the tape. */
const COMMANDS = "release";

/** How each mistake fails, and in which forms besides JavaScript it is there. */
const examples: readonly (readonly [name: string, FailureKind, preemptions: number, string[]])[] = [
  ["counter", "assertion", 1, ["counter-code.mjs", "counter.elf"]],
  ["lost-wakeup", "lost-wakeup", 1, ["lost-wakeup-code.mjs", "lost-wakeup.elf"]],
  ["circle", "deadlock", 1, ["circle.elf"]],
  ["one-condition", "deadlock", 0, ["one-condition.elf"]],
  ["double-checked", "assertion", 1, ["double-checked.elf"]],
  ["token", "assertion", 0, ["token.elf"]],
  ["suspend", "deadlock", 1, ["suspend.elf"]],
];

/** The schedules that docs/explore.md says a strategy takes: rows of JavaScript have the name, those of C follow. */
const documented = (() => {
  const text = readFileSync(join(root, "docs/explore.md"), "utf8");
  const found = new Map<string, number>();
  let name = "";
  for (const line of text.split("\n")) {
    const cells = line.split("|").map((cell) => cell.trim().replaceAll(/[`,]/g, ""));
    const [, first = "", , , form = "", ...counts] = cells;
    if (form !== "JavaScript" && form !== "C") continue;
    if (first !== "") name = first;
    for (const [i, strategy] of strategies.entries()) {
      found.set(`${name} ${form} ${strategy}`, Number(counts[i]));
    }
  }
  return found;
})();

/** A search of an example. */
async function search(file: string, options: ExploreOptions) {
  const { setup, config } = await loadTest(file);
  return exploreNow(setup, { build: buildUnderTest, ...options, config });
}

/** The hash at the end of a schedule that another process performs. */
function hashOfProcess(file: string, tape: string): string | undefined {
  const args = [join(root, "dist/cli.js"), "explore", file, "--replay", tape];
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: "utf8" });
  expect(status).toBe(1);
  return /hash ([\da-f]{16})/.exec(stdout)?.[1];
}

for (const [name, kind, preemptions, others] of examples) {
  for (const form of [`${name}.mjs`, ...others]) {
    const file = join(root, "examples/explore", form);

    describe(form, () => {
      it.each(strategies)("fails in the shortest way, wherever (%s)", async (strategy) => {
        const { result, story } = await search(file, { strategy });
        expect(result.failure).toMatchObject({ kind, preemptions });
        const language = form.endsWith(".elf") ? "C" : "JavaScript";
        expect(result.schedules).toBe(documented.get(`${name} ${language} ${strategy}`));
        const tape = result.failure?.tape ?? "";
        for (const build of ["release", "check"] as const) {
          const again = await search(file, { replay: tape, build });
          expect(again.result.failure).toEqual(result.failure);
          expect(again.story?.hash).toBe(story?.hash);
        }
        if (buildUnderTest === COMMANDS) expect(hashOfProcess(file, tape)).toBe(story?.hash);
      });

      it("cannot fail with fewer preemptions", async () => {
        for (let fewer = 0; fewer < preemptions; fewer++) {
          const { result } = await search(file, { strategy: "exhaustive", preemptions: fewer });
          expect(result).toMatchObject({ complete: true, failure: null });
        }
      });

      it("does not fail in its right form", async () => {
        const right = file.replace(/(?=\.\w+$)/, "-right");
        const all = await search(right, { strategy: "exhaustive", preemptions: 1 });
        expect(all.result).toMatchObject({ complete: true, failure: null });
        expect((await search(right, { schedules: 1_000 })).result.failure).toBeNull();
      });
    });
  }
}
