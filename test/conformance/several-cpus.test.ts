// The recorded cases for several CPUs: recorded from the model, and repeated by the kernel and by the model.

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { buildUnderTest } from "../support/build.js";
import { Lead } from "../support/cpus/lead.js";
import type { CpusCase } from "./replay/cpus-body.js";
import { firstDifference } from "./replay/difference.js";
import { replayCpus } from "./replay/several-cpus.js";

const FOLDER = new URL("cases/several-cpus/", import.meta.url);

/** Cases in each file: written down here, so that an emptied one fails a test. */
const recorded = [1, 2, 3, 4, 5].map((number) => ({ file: `random-${number}.json`, count: 48 }));

function casesOf(file: string): CpusCase[] {
  return JSON.parse(readFileSync(new URL(file, FOLDER), "utf8")) as CpusCase[];
}

describe("the recorded cases for several CPUs", () => {
  it("are in the files that are listed", () => {
    const found = readdirSync(FOLDER).filter((name) => name.endsWith(".json"));
    expect(found.sort()).toEqual(recorded.map(({ file }) => file));
  });

  it.each(recorded)("of $file, $count, are replayed without a difference", ({ file, count }) => {
    const cases = casesOf(file);
    expect(new Set(cases.map(({ name }) => name)).size).toBe(count);
    const failed = cases.flatMap((one) => {
      const difference = replayCpus(one, buildUnderTest);
      return difference === null ? [] : [{ name: one.name, ...difference }];
    });
    expect(failed).toEqual([]);
  });

  it.each(recorded)("of $file are what the model says", ({ file }) => {
    for (const one of casesOf(file)) {
      const lead = new Lead(one);
      expect(lead.run()).toBe(true);
      const now = { log: lead.log, final: JSON.parse(JSON.stringify(lead.final())) };
      expect(firstDifference(one.name, { log: one.log, final: one.final }, now)).toBeNull();
    }
  });

  it("are those of a model that knows nothing of the kernel", () => {
    const seen = new Set<string>();
    const visit = (url: URL) => {
      if (seen.has(url.pathname)) return;
      seen.add(url.pathname);
      const text = readFileSync(url, "utf8");
      for (const [, from = ""] of text.matchAll(/from "(\.[^"]+)\.js"/g))
        visit(new URL(`${from}.ts`, url));
    };
    visit(new URL("../support/cpus/lead.ts", import.meta.url));
    expect(seen.size).toBeGreaterThan(3);
    expect([...seen].filter((path) => !path.includes("/test/"))).toEqual([]);
  });

  it("show where a kernel does something else", () => {
    const [one] = casesOf("random-1.json") as [CpusCase];
    expect(replayCpus({ ...one, log: one.log.slice(0, -1) }, buildUnderTest)).toMatchObject({
      where: `log[${one.log.length - 1}]`,
    });
    const final = { ...(one.final as object), received: -1 };
    expect(replayCpus({ ...one, final }, buildUnderTest)).toMatchObject({
      where: "final.received",
    });
  });
});
