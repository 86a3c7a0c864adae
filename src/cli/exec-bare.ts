// `kthread-machine exec FILE.elf --bare`: runs a program in machine mode, without a kernel.

import { setImmediate } from "node:timers/promises";
import { hex } from "../core/hex.js";
import { BareDebugger } from "../debug/bare-debugger.js";
import { ElfError } from "../elf/errors.js";
import { type ElfImage, SymbolTable } from "../elf/index.js";
import { type BareEnd, BareMetal } from "../machine/bare-metal.js";
import { ExitCode } from "./exit.js";
import { debugWithGdb, invitation } from "./gdb.js";
import { type Interrupt, listenForSignals } from "./interrupt.js";
import { formatCount, formatTime } from "./units.js";

/** Cycles after which a program is stopped. */
export const DEFAULT_LIMIT = 1_000_000_000;
/** Rounds between two looks at whether a signal has come: some tens of milliseconds. */
const ROUNDS_AT_ONCE = 2_000;

export interface BareFlags {
  /** Cycles. */
  readonly limit: number;
  /** MiB of memory; undefined for what the machine gives by itself. */
  readonly memory: number | undefined;
  readonly json: boolean;
  /** False: the program is interpreted only. */
  readonly jit: boolean;
  /** Port at which gdb may debug the program, 0 for any; null for none. */
  readonly gdb: number | null;
}

/** How the run of the command ended. */
type End = BareEnd | { readonly reason: "interrupted" };

interface Report {
  readonly status: number;
  /** What has happened, in one line. */
  readonly text: string;
}

/** Names of the causes of exceptions, by mcause. */
const causes: Readonly<Record<number, string>> = {
  1: "instruction access fault",
  2: "illegal instruction",
  3: "breakpoint",
  4: "misaligned load",
  5: "load access fault",
  6: "misaligned store",
  7: "store access fault",
  11: "environment call",
};

/** Runs the program, prints what it says and how it ends, and sets the exit code: 0 if it is content, else 1. */
export async function execBare(image: ElfImage, flags: BareFlags): Promise<void> {
  const symbols = new SymbolTable(image.file, image.sections.symbols, 0);
  const output: Uint8Array[] = [];
  const machine = new BareMetal(
    { ...programOf(image, symbols) },
    {
      jit: flags.jit && flags.gdb === null,
      memory: flags.memory === undefined ? undefined : flags.memory << 20,
      onOutput: (bytes) => {
        if (flags.json) output.push(bytes);
        else process.stdout.write(bytes);
      },
    },
  );
  const started = performance.now();
  const interrupt = listenForSignals();
  const end =
    (await debug(image.file, machine, flags, interrupt)) ??
    (await runToEnd(machine, BigInt(flags.limit), interrupt));
  interrupt.stop();
  const seconds = (performance.now() - started) / 1000;
  const told = describe(end, machine, symbols, flags.limit);
  const status = (end.reason === "interrupted" ? interrupt.exitCode : null) ?? told.status;
  if (flags.json) {
    const object = {
      status,
      ...end,
      output: Buffer.concat(output).toString("utf8"),
      pc: machine.pc,
      instructions: Number(machine.instructions),
      cycles: Number(machine.cycles),
      host_seconds: seconds,
    };
    process.stdout.write(`${JSON.stringify(object, null, 2)}\n`);
  } else {
    const instructions = formatCount(Number(machine.instructions));
    const figures = `${instructions} instructions in ${formatTime(seconds * 1e9)}`;
    process.stderr.write(`${told.text}\n${figures}\n`);
  }
  process.exitCode = status;
}

/** Runs round by round, so that signals are heard: a limit that is not the last one would move the rounds. */
async function runToEnd(machine: BareMetal, limit: bigint, interrupt: Interrupt): Promise<End> {
  for (;;) {
    for (let round = 0; round < ROUNDS_AT_ONCE; round++) {
      const end = machine.runPiece(limit, false);
      if (end !== null && end !== "broken") return end;
    }
    await setImmediate();
    if (interrupt.exitCode !== null) return { reason: "interrupted" };
  }
}

/** Has gdb debug the program, if it is asked for; null when the program is to run, or to run on. */
async function debug(
  file: string,
  machine: BareMetal,
  { gdb, limit }: BareFlags,
  interrupt: Interrupt,
): Promise<End | null> {
  if (gdb === null) return null;
  let debug: BareDebugger | null = null;
  const endOf = () => (debug as BareDebugger | null)?.end ?? null;
  const { how } = await debugWithGdb({
    debug: (isInterrupted) => {
      debug = new BareDebugger(machine, { limit: BigInt(limit), isInterrupted });
      return debug;
    },
    base: 0,
    port: gdb,
    exitCode: () => (isPass(endOf()) ? 0 : ExitCode.FAILURE),
    onListening: (port) => process.stderr.write(invitation(file, port)),
    isInterrupted: () => interrupt.exitCode !== null,
  });
  return how === "killed" ? { reason: "interrupted" } : endOf();
}

function isPass(end: BareEnd | null): boolean {
  return end?.reason === "exit" && end.code === 0;
}

function programOf(image: ElfImage, symbols: SymbolTable) {
  if (image.isRelocatable) {
    throw new ElfError(
      image.file,
      "it may be loaded anywhere, and bare metal has fixed addresses; link it with -no-pie",
    );
  }
  const tohost = symbols.find("tohost");
  if (tohost === undefined) {
    throw new ElfError(
      image.file,
      "it has no symbol tohost, the 8 bytes where a program on bare metal tells that it is done; define it, or run it without --bare",
    );
  }
  const { entry, segments } = image;
  return { entry, segments, tohost, fromhost: symbols.find("fromhost") };
}

function describe(end: End, machine: BareMetal, symbols: SymbolTable, limit: number): Report {
  switch (end.reason) {
    case "exit":
      return end.code === 0
        ? { status: 0, text: "passed" }
        : { status: ExitCode.FAILURE, text: `failed: test ${end.code}` };
    case "interrupted":
      return {
        status: ExitCode.INTERRUPTED,
        text: `interrupted at ${symbols.describe(machine.pc)}`,
      };
    case "trap": {
      const cause = causes[end.cause] ?? `cause ${end.cause}`;
      const where = symbols.describe(end.epc);
      const text = `${cause} at ${where} (mepc ${hex(end.epc)}, mtval ${hex(end.value)}), and mtvec points to no handler in memory`;
      return { status: ExitCode.FAILURE, text };
    }
    case "limit": {
      const text = `stopped at ${symbols.describe(machine.pc)}: it has reached the limit of ${formatCount(limit)} cycles; --limit sets another one`;
      return { status: ExitCode.FAILURE, text };
    }
  }
}
