// Prints the two numbers, passed and failed, of a vitest JSON report:
//
//   node scripts/count-tests.mjs report.json exit-status
//
// What fails outside any test (a file that does not load, an error after the last test, no report
// at all) counts as one failure, and so does a skipped test: nothing here may be skipped.

import { readFileSync } from "node:fs";

const [path, status] = process.argv.slice(2);

function counts() {
  let report;
  try {
    report = JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return [0, 1];
  }
  const unloaded = report.testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.every((t) => t.status !== "failed"),
  );
  const failed =
    report.numFailedTests + report.numPendingTests + report.numTodoTests + unloaded.length;
  return [report.numPassedTests, failed === 0 && status !== "0" ? 1 : failed];
}

console.log(counts().join(" "));
