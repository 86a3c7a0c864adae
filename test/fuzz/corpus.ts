// Seeds to try with every change, by target: those that once failed, the first that find each planted fault, and one
// for each kind of machine or of refusal that a target makes. `npm test` tries them all. Seeds that the fuzzer finds
// belong here, with what was wrong.

/** Seeds of a target, and why they are kept. */
export interface Kept {
  readonly why: string;
  readonly seeds: readonly number[];
  /** Operations of each; by default those of the target. */
  readonly size?: number;
}

/** What is kept, by target. */
export const corpus: Readonly<Record<string, readonly Kept[]>> = {
  lwkt: [{ why: "4, 40, 150 and 600 threads, and lwkt-modern", seeds: [4, 5, 6, 1, 3, 9] }],
  freebsd: [
    { why: "4bsd", seeds: [1, 2, 3] },
    { why: "lwkt", seeds: [4, 8, 9] },
    { why: "lwkt-modern", seeds: [5, 10] },
  ],
  cpus: [
    {
      why: "went wrong: interrupts of blocked threads, letters and turns lost, the model's own faults",
      seeds: [5784, 8402, 18881, 21772, 62678, 100003068, 400139478],
    },
    {
      why: "first to find one of the planted faults",
      seeds: [1, 2, 3, 4, 5, 6, 7, 9, 12, 14, 17, 22, 25, 33, 38, 41, 46],
    },
  ],
  "freebsd-cpus": [
    {
      why: "first to find one of the planted faults, and two faults of the model",
      seeds: [1, 2, 5, 6, 8, 11, 269, 631],
    },
  ],
  processes: [
    {
      why: "went wrong: a thread on the machine's queue left the CPUs that it was bound to",
      seeds: [420720],
    },
    { why: "first to find one of the planted faults", seeds: [1, 4, 5, 7, 8, 13, 181] },
  ],
  locks: [
    { why: "1 finds each fault that is planted in lending", seeds: [1, 4, 7] },
    { why: "with lockmgr and a spin mutex, on 1, 3 and 8 CPUs", seeds: [3, 6, 18, 21] },
  ],
  waits: [
    {
      why: "went wrong: 4bsd took a thread with a deadline from the CPU that promises it",
      seeds: [619, 30428],
    },
    { why: "first to find one of the planted faults", seeds: [1, 3, 6, 15, 53] },
  ],
  events: [{ why: "each scheduler, on 1 to 8 CPUs", seeds: [1, 2, 3, 4, 5, 6, 7, 8, 9] }],
  queues: [{ why: "4bsd and ule, with 256 queues and with 64", seeds: [1, 2, 3, 4, 5, 6, 7, 8] }],
  "user-queues": [{ why: "1, 2, 3, 4, 8 and 16 CPUs", seeds: [1, 2, 3, 4, 5, 6, 7, 8], size: 100 }],
  "user-shares": [
    {
      why: "went wrong: better policies of threads that waited, and wakeups of the host's, on one CPU",
      seeds: [4],
    },
    {
      why: "the model's own fault: who runs again in the round in which its slice ended stays",
      seeds: [10121, 10163, 10186],
    },
    { why: "1, 2, 3, 4, 8 and 16 CPUs", seeds: [1, 2, 3, 5, 6, 7, 8], size: 2_000 },
  ],
  scores: [
    {
      why: "4bsd and ule, 1, 2 and 4 CPUs, with 256 queues and with 64",
      seeds: [1, 2, 3, 4, 5, 6],
    },
  ],
  tokens: [
    {
      why: "1, 2, 3, 4 and 8 CPUs, with chaos and without",
      seeds: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10],
    },
  ],
  "short-ways": [
    {
      why: "went wrong: under ule a thread whose priority got worse while it waited",
      seeds: [98, 282],
    },
    {
      why: "went wrong: ticks of lwkt-modern's that a quiet stretch had come through",
      seeds: [173],
      size: 15,
    },
    { why: "each scheduler, on 1 to 16 CPUs", seeds: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12] },
  ],
  rounds: [
    {
      why: "went wrong: the tick where a run stops within a quiet stretch",
      seeds: [10, 13, 15, 17],
    },
    { why: "first to find one of the planted faults", seeds: [1, 2, 3, 5, 22, 24, 29, 55, 64] },
  ],
  crowds: [
    {
      why: "went wrong: a thread without a budget, and then not told that its process ends",
      seeds: [1, 4, 14, 24, 30],
    },
    { why: "2 to 64 CPUs under every scheduler", seeds: [2, 3, 5, 6, 8, 9, 10, 11, 12] },
  ],
  "lwkt-storm": [{ why: "1, 2, 3, 4, 8 and 16 CPUs", seeds: [4, 2, 18, 1, 11, 8] }],
  "freebsd-storm": [
    { why: "went wrong: a thread created stopped whose creator was ended", seeds: [400000227] },
    {
      why: "each number of CPUs under each scheduler",
      seeds: [1, 2, 4, 5, 6, 7, 8, 10, 11, 12, 14, 18, 19, 20, 23, 24, 60, 65],
      size: 12,
    },
  ],
  rv32: [{ why: "plain ones", seeds: [1, 2, 3, 4] }],
  "rv32-compiled": [{ why: "plain ones", seeds: [1, 2, 3, 4] }],
  elf: [{ why: "damaged headers, segments and code", seeds: [1, 2, 3, 4, 5] }],
  snapshots: [{ why: "RV32 code, JavaScript bodies, and both", seeds: [1, 2, 8] }],
  workload: [
    {
      why: "between them a third of the 152 ways in which damaged files end",
      seeds: [1, 2, 3, 5, 6, 7, 10, 12, 13, 15, 17, 18, 24, 30],
    },
  ],
  options: [{ why: "plain ones", seeds: [1, 2] }],
  library: [{ why: "plain ones", seeds: [1, 2, 3, 4] }],
};
