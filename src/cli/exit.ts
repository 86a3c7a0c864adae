// What the command's exit codes mean.

/** Exit codes other than 0. */
export const ExitCode = Object.freeze({
  /** The kernel panicked, or the command itself has failed. */
  FAILURE: 1,
  /** The user asked for something impossible. */
  USAGE: 2,
  /** The workload has deadlocked. */
  DEADLOCK: 3,
  /** A program has faulted, or the kernel has panicked under it (EX_SOFTWARE of sysexits(3)). */
  FAULT: 70,
  /** Ctrl-C. */
  INTERRUPTED: 130,
  /** SIGTERM. */
  TERMINATED: 143,
  /** SIGHUP: the terminal is gone. */
  HUNG_UP: 129,
});
