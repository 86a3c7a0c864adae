// `kthread-machine exec FILE.elf`: runs a C program as kernel threads.

import { type Command, Option } from "commander";
import { ConfigError } from "../core/errors.js";
import { type ElfImage, parseElf } from "../elf/index.js";
import { formatFault } from "../machine/faults.js";
import { disassembleElf } from "./disassembly.js";
import { DEFAULT_LIMIT, execBare } from "./exec-bare.js";
import { type ExecReport, type ExecThread, exitCodeOf, runProgram } from "./exec-run.js";
import { ExitCode } from "./exit.js";
import { checkOutputPath, readInput } from "./files.js";
import { invitation } from "./gdb.js";
import { listenForSignals } from "./interrupt.js";
import { lockOptions, lockSection } from "./lock-text.js";
import { type MachineFlags, machineOptions } from "./machine-options.js";
import { terminalColumns } from "./output.js";
import { formatTable, left, right } from "./table.js";
import { formatCount, formatTime, formatVirtualTime, parseDuration, wholeNumber } from "./units.js";

const DEFAULT_MEMORY_MIB = 256;
const DEFAULT_THREADS = 100_000;
const THREADS_MAX = 10_000_000;
const MEMORY_MAX_MIB = 2048;
/** Groups of threads that the report shows. */
const ROWS_MAX = 30;

const HELP = `
What the program prints goes to the standard output as it comes; a report goes to the standard error.

Exit codes:
  main's status, or that of exit()
  0    all threads have ended, or the time of --for was over
  2    wrong options, or a file that is no program for the machine: the message says why
  3    deadlock: threads wait, and nothing will ever wake them
  70   a fault of the program, or a panic of the kernel: the report says where
  1    the trace of --trace could not be written, and the program ended with 0
  129, 130, 143  ended by SIGHUP, Ctrl-C or SIGTERM: the report shows the run so far
  with --bare, 0 when the program stores 1 to tohost, and 1 when it fails, traps without a handler, or
  reaches its limit

Examples:
  kthread-machine cc hello.c -o hello.elf && kthread-machine exec hello.elf
  kthread-machine exec pool.elf --cpus 8 --seed 7
  kthread-machine exec app.elf --json -- --an-option-of-main
  kthread-machine exec app.elf --disassemble
  kthread-machine exec app.elf --gdb 1234
  kthread-machine exec rv32ui-p-add --bare --limit 1000000
`;

interface Flags extends MachineFlags {
  readonly faults: "panic" | "thread";
  readonly memory: number;
  readonly threads: number;
  readonly for?: number;
  readonly witness?: true;
  readonly lockProfile?: true;
  readonly adaptiveLocks?: true;
  readonly jit: boolean;
  readonly trace?: string;
  readonly gdb?: number;
  readonly json?: true;
  readonly disassemble?: true;
  readonly bare?: true;
  readonly limit?: number;
}

/** Adds the command `exec` to a program. */
export function registerExec(program: Command): void {
  const command = program
    .command("exec")
    .summary("run a C program whose threads are kernel threads")
    .description(
      "Runs an ELF file for 32-bit RISC-V, such as kthread-machine cc makes: main is a kernel thread, and so " +
        "is every function that it hands to kthread_add(). The same file with the same options is always " +
        "the same run: its hash tells.",
    )
    .argument("<file>", "program in an ELF file")
    .argument("[args...]", "arguments of main; those that look like options after --");
  machineOptions(command, 1)
    .addOption(
      new Option("--for <time>", "virtual time to run, such as 2s or 500ms").argParser(
        parseDuration,
      ),
    )
    .addOption(
      new Option("--faults <what>", "what a fault ends: all, by a panic, or the thread alone")
        .choices(["panic", "thread"])
        .default("panic"),
    )
    .option(
      "--memory <mib>",
      "memory of the program, its stacks included",
      wholeNumber(1, MEMORY_MAX_MIB),
      DEFAULT_MEMORY_MIB,
    )
    .option(
      "--threads <n>",
      "threads that can exist at a time",
      wholeNumber(16, THREADS_MAX),
      DEFAULT_THREADS,
    )
    .option("--no-jit", "interpret the program only: slower, and the same run")
    .option("--trace <path>", "write the schedule as a Chrome trace, for ui.perfetto.dev")
    .addOption(
      new Option(
        "--gdb <port>",
        "wait for gdb at a port of this machine, and have it debug the program",
      )
        .argParser(wholeNumber(0, 65_535))
        .conflicts(["trace", "disassemble"]),
    )
    .option("--json", "print one JSON object, the program's output in it")
    .addOption(
      new Option("--disassemble", "show the program's instructions and do not run it").conflicts([
        ...["trace", "json", "for", "limit", "witness", "lockProfile", "adaptiveLocks"],
      ]),
    )
    .addHelpText("after", HELP)
    .action(exec);
  bareOptions(lockOptions(command));
}

/** The options of a program that runs without a kernel. */
function bareOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--bare", "run it without a kernel, in RISC-V's machine mode").conflicts([
        ...["cpus", "topology", "scheduler", "seed", "for", "faults", "threads", "trace"],
        ...["witness", "lockProfile", "adaptiveLocks"],
      ]),
    )
    .option(
      "--limit <cycles>",
      `cycles after which a program on bare metal is stopped (default: ${formatCount(DEFAULT_LIMIT)})`,
      wholeNumber(1, Number.MAX_SAFE_INTEGER),
    );
}

/** Runs a program in machine mode. */
async function runBare(
  image: ElfImage,
  args: readonly string[],
  flags: Flags,
  command: Command,
): Promise<void> {
  if (args.length > 0) {
    throw new ConfigError(
      "a program on bare metal has no arguments; leave out what is behind FILE",
    );
  }
  const isGiven = command.getOptionValueSource("memory") === "cli";
  await execBare(image, {
    limit: flags.limit ?? DEFAULT_LIMIT,
    memory: isGiven ? flags.memory : undefined,
    json: flags.json === true,
    jit: flags.jit,
    gdb: flags.gdb ?? null,
  });
}

async function exec(
  file: string,
  args: readonly string[],
  flags: Flags,
  command: Command,
): Promise<void> {
  const bytes = readInput(file);
  if (flags.disassemble === true) {
    process.stdout.write(disassembleElf(parseElf(bytes, file)));
    return;
  }
  if (flags.bare === true) {
    await runBare(parseElf(bytes, file), args, flags, command);
    return;
  }
  if (flags.limit !== undefined) {
    throw new ConfigError(
      "--limit is for programs on bare metal (--bare); --for bounds the others",
    );
  }
  if (flags.trace !== undefined) checkOutputPath("--trace", flags.trace, file, "program's");
  const output: Buffer[] = [];
  const interrupt = listenForSignals();
  const report = await runProgram({
    ...flags,
    file,
    bytes,
    args,
    for: flags.for ?? null,
    trace: flags.trace ?? null,
    gdb: flags.gdb ?? null,
    onListening: (port) => process.stderr.write(invitation(file, port)),
    onOutput: (text) => {
      if (flags.json === true) output.push(Buffer.from(text));
      else process.stdout.write(Buffer.from(text));
    },
    onPrint: (text) => process.stderr.write(text),
    isInterrupted: () => interrupt.exitCode !== null,
  });
  interrupt.stop();
  if (flags.json === true) {
    process.stdout.write(`${JSON.stringify(jsonOf(report, Buffer.concat(output)), null, 2)}\n`);
  } else {
    process.stderr.write(describe(report, terminalColumns(process.stderr)));
  }
  const code = report.reason === "interrupted" ? interrupt.exitCode : exitCodeOf(report);
  process.exitCode = code === 0 ? (process.exitCode ?? 0) : (code ?? ExitCode.INTERRUPTED);
}

/** The report as `--json` prints it. */
function jsonOf(report: ExecReport, output: Buffer): object {
  const { status, reason, instructions, switches, cycles, host_seconds, hash, threads } = report;
  return {
    status,
    output: output.toString("utf8"),
    reason,
    instructions,
    switches,
    cycles,
    host_seconds,
    hash,
    threads,
    ...(report.locks === null ? {} : { locks: report.locks }),
    ...(report.faults.length > 0 ? { faults: report.faults } : {}),
    ...(report.panic === null ? {} : { panic: report.panic.text.trimEnd() }),
  };
}

// ---- The report as text ----

const threadColumns = [
  left("THREAD"),
  right("COUNT"),
  left("STATE"),
  right("CPU TIME"),
  right("SWITCHES"),
];

interface Group {
  readonly name: string;
  readonly state: string;
  count: number;
  cycles: number;
  switches: number;
}

/** Threads by name and state; names that differ by numbers only are one row where there are many. */
function groups(threads: readonly ExecThread[]): Group[] {
  const isLong = threads.length > ROWS_MAX;
  const found = new Map<string, Group>();
  for (const { name, state, waitMessage, cycles, switches } of threads) {
    const shown = isLong ? name.replace(/\d+/g, "#") : name;
    const where = waitMessage === null ? state : `${state} (${waitMessage})`;
    const key = JSON.stringify([shown, where]);
    const group = found.get(key) ?? { name: shown, state: where, count: 0, cycles: 0, switches: 0 };
    group.count++;
    group.cycles += cycles;
    group.switches += switches;
    found.set(key, group);
  }
  return [...found.values()];
}

/** The report as text, for a terminal of this width. */
export function describe(report: ExecReport, columns?: number): string {
  const all = groups(report.threads);
  const rows = all
    .slice(0, ROWS_MAX)
    .map(({ name, state, count, cycles, switches }) => [
      name,
      formatCount(count),
      state,
      formatTime(cycles),
      formatCount(switches),
    ]);
  const more = all.length > ROWS_MAX ? `and ${all.length - ROWS_MAX} more kinds of threads\n` : "";
  const faults = report.faults.map((fault) => `${formatFault(fault)}\n`).join("");
  const names = new Map(report.threads.map(({ tid, name }) => [tid, name]));
  const locks = lockSection(report.locks, (tid) => names.get(tid) ?? `tid ${tid}`, columns);
  return `${faults}${headline(report)}\n${formatTable(threadColumns, rows, columns)}${more}${locks}${figures(report)}\n`;
}

function headline({ reason, status, panic, faults }: ExecReport): string {
  switch (reason) {
    case "exit":
      return `exit with status ${status}`;
    case "idle":
      return "all threads have ended";
    case "deadlock":
      return "deadlock: threads wait, and nothing will ever wake them";
    case "time":
      return "the time is over";
    case "fault":
      return panic === null ? `${faults.length} threads ended by a fault` : panic.message;
    case "panic":
      return panic?.message ?? "panic";
    case "interrupted":
      return "interrupted";
  }
}

function figures(report: ExecReport): string {
  const { instructions, switches, cycles, host_seconds, hash } = report;
  return `${formatCount(instructions)} instructions, ${formatCount(switches)} switches, ${formatVirtualTime(cycles)} in ${formatTime(host_seconds * 1e9)}, hash ${hash}`;
}
