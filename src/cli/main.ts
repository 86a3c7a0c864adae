// The program `kthread-machine`: runs the command on the process's arguments and streams.

import { readFileSync } from "node:fs";
import { isMainThread } from "node:worker_threads";
import { ExitCode } from "./exit.js";
import { serve } from "./explore-thread.js";
import { complain } from "./output.js";
import { runCommand } from "./program.js";

const OUTPUT_ERRORS: Readonly<Record<string, string>> = {
  EBADF: "it is closed",
  EIO: "the device fails",
  ENOSPC: "the disk is full",
};

/** Whoever reads our output may stop, as `head` does: that is no failure, and nobody is left to tell. */
function endWithReader(stream: NodeJS.WriteStream, name: string): void {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit();
    if (stream === process.stdout) {
      complain(`cannot write to the ${name}: ${OUTPUT_ERRORS[error.code ?? ""] ?? error.message}`);
    }
    process.exit(ExitCode.FAILURE);
  });
}

endWithReader(process.stdout, "standard output");
endWithReader(process.stderr, "standard error");
if (isMainThread) {
  const { version } = JSON.parse(
    readFileSync(new URL("../package.json", import.meta.url), "utf8"),
  ) as { version: string };
  await runCommand(process.argv.slice(2), version);
} else {
  await serve(); // one that `explore` has started
}
