// Prints the two numbers, passed and failed, of a vitest JSON report, and on the standard error what failed and how:
//
//   node scripts/count-tests.mjs report.json exit-status
//
// What fails outside any test (a file that does not load, an error after the last test, no report
// at all) counts as one failure, and so does a skipped test: nothing here may be skipped.

import { readFileSync } from "node:fs";
import { relative } from "node:path";

/** Lines of a message that are shown: the rest is where it was said first. */
const LINES_SHOWN = 12;

const [path, status] = process.argv.slice(2);

/** Says that a test failed, or what is not a test, and its first message. */
function tell(what, message = "") {
  const lines = message.split("\n").slice(0, LINES_SHOWN);
  console.error(
    [what, ...lines.filter((line) => line !== "").map((line) => `    ${line}`)].join("\n"),
  );
}

function counts() {
  let report;
  try {
    report = JSON.parse(readFileSync(path, "utf8"));
  } catch {
    tell("the suite made no report");
    return [0, 1];
  }
  const unloaded = report.testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.every((t) => t.status !== "failed"),
  );
  for (const file of report.testResults) {
    const name = relative(".", file.name);
    if (unloaded.includes(file)) tell(`${name}: does not load`, file.message);
    for (const test of file.assertionResults)
      if (test.status !== "passed")
        tell(`${name}: ${test.fullName}: ${test.status}`, test.failureMessages?.[0]);
  }
  const failed =
    report.numFailedTests + report.numPendingTests + report.numTodoTests + unloaded.length;
  if (failed > 0 || status === "0") return [report.numPassedTests, failed];
  tell(`no test failed, but the suite ended with ${status}`);
  return [report.numPassedTests, 1];
}

console.log(counts().join(" "));
