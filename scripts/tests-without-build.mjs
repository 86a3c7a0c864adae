// Prints the files of tests that reach no build of the kernel, in no module that they import: these tests do the
// same whichever build is under test (test/support/build.ts), and .ci/run performs them once.

import { readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))));

const tests = readdirSync("test", { recursive: true })
  .filter((path) => path.endsWith(".test.ts"))
  .map((path) => join("test", path));

const { metafile } = await build({
  entryPoints: tests,
  bundle: true,
  write: false,
  metafile: true,
  outdir: "build",
  format: "esm",
  platform: "node",
  packages: "external",
  external: ["*.mjs"],
  logLevel: "error",
});

/** A module and all that it imports. */
function reached(path, found = new Set()) {
  if (found.has(path)) return found;
  found.add(path);
  for (const { path: next, external } of metafile.inputs[path].imports) {
    if (external !== true) reached(next, found);
  }
  return found;
}

const choosesBuild = (path) => /buildUnderTest|KTM_BUILD/.test(readFileSync(path, "utf8"));

for (const test of tests.sort()) {
  if (![...reached(test)].some(choosesBuild)) console.log(test);
}
