// The conformance command as a shell sees it: what it prints, and its exit code.

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { buildUnderTest } from "../support/build.js";
import { scratchFolder } from "../support/scratch.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PROGRAM = join(ROOT, "dist/conformance.js");

const folder = scratchFolder();

beforeAll(() => {
  if (!existsSync(PROGRAM)) throw new Error("dist/conformance.js is missing: run `npm run build`");
  mkdirSync(join(folder, "deep/er"), { recursive: true });
  mkdirSync(join(folder, "hollow"));
  const good = { name: "good", tunables: {}, ops: [["tid_alloc"]], results: [100002] };
  const bad = { ...good, name: "bad", results: [7] };
  write("good.json", [good, { ...good, name: "good, too" }]);
  write("deep/er/bad.json", [good, bad]);
  write("deep/notes.txt", "not a case");
  writeFileSync(join(folder, "broken.txt"), "[{");
  write("object.txt", { name: "no list" });
  write("unnamed.txt", [{ tunables: {} }]);
  write("formless.txt", [{ name: "formless" }]);
  write("bodiless.txt", [{ name: "bodiless", max_steps: 3 }]);
  write("huge.txt", [{ ...good, tunables: { maxthread: "x" } }]);
  write("unknown.txt", [{ ...good, ops: [["fly"]] }]);
});

function write(name: string, value: unknown): void {
  writeFileSync(join(folder, name), JSON.stringify(value));
}

function run(...args: string[]): { code: number | null; out: string; err: string } {
  const all = [PROGRAM, ...args, "--build", buildUnderTest];
  const { status, stdout, stderr } = spawnSync(process.execPath, all, {
    cwd: ROOT,
    encoding: "utf8",
  });
  return { code: status, out: stdout, err: stderr };
}

describe("the conformance command", () => {
  it("counts the cases that pass, and exits with 0", () => {
    expect(run(join(folder, "good.json"))).toEqual({
      code: 0,
      out: "2 passed, 0 failed\n",
      err: "",
    });
  });

  it("replays the project's own cases when no path is given", { timeout: 300_000 }, () => {
    expect(run()).toEqual({ code: 0, out: "1417 passed, 0 failed\n", err: "" });
  });

  it("shows the difference in a failing case, continues, and exits with 1", () => {
    const { code, out } = run(folder);
    expect(code).toBe(1);
    expect(out).toBe(
      "FAILED bad: results\n  expected [7]\n  got      [100002]\n3 passed, 1 failed\n",
    );
  });

  it.each([
    ["missing.json", "there is no such file or folder"],
    ["hollow", "there is no .json file in this folder"],
    ["broken.txt", "broken.txt: "],
    ["object.txt", "it is not a list of cases"],
    ["unnamed.txt", "a case is an object with a name"],
    ["formless.txt", 'case formless: it has neither "tunables" nor "max_steps" nor "cpus"'],
    ["unknown.txt", 'unknown.txt: case good: there is no operation "fly"'],
    ["bodiless.txt", "bodiless.txt: case bodiless: a part that the format asks for is missing"],
    ["huge.txt", 'huge.txt: case good: maxthread is "x"; it must be a whole number'],
  ])("says what is wrong with %s, and exits with 2", (name, wanted) => {
    const { code, out, err } = run(join(folder, name));
    expect(code).toBe(2);
    expect(out).toBe("");
    expect(err).toContain(wanted);
    expect(err.trimEnd().split("\n")).toHaveLength(1);
  });

  it.each([
    [["--fast", "x"], "there is no option --fast; there is --build"],
    [["x", "--build"], "--build has no value; it must be one of release, check, debug"],
    [["--build=fast", "x"], '--build is "fast"; it must be one of release, check, debug'],
  ])("refuses the arguments %j", (args, wanted) => {
    const { status, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], {
      encoding: "utf8",
    });
    expect(status).toBe(2);
    expect(stderr).toBe(`${wanted}\n`);
  });
});
