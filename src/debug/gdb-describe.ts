// What gdb asks for as XML: the registers of a target, and its threads.

import type { Machine } from "../machine/machine.js";
import { registerName } from "../program/index.js";
import type { Debugger, Stop } from "./debugger.js";
import type { CsrName, GdbAbilities, GdbThread } from "./gdb-target.js";

/** The description of a machine's CPUs: RV32, 32 registers and pc, and control and status registers. */
export function targetDescription(csrs: readonly CsrName[]): string {
  const registers = Array.from({ length: 32 }, (_, number) => {
    const type = number === 1 ? "code_ptr" : number >= 2 && number <= 4 ? "data_ptr" : "int";
    const name = number === 8 ? "fp" : registerName(number);
    return `<reg name="${name}" bitsize="32" type="${type}" regnum="${number}"/>`;
  });
  const rows = csrs.map(({ name, number }) => {
    return `<reg name="${name}" bitsize="32" type="int" regnum="${number}" group="csr"/>`;
  });
  return [
    '<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd">',
    '<target version="1.0"><architecture>riscv:rv32</architecture>',
    `<feature name="org.gnu.gdb.riscv.cpu">${registers.join("")}`,
    '<reg name="pc" bitsize="32" type="code_ptr" regnum="32"/></feature>',
    csrs.length === 0 ? "" : `<feature name="org.gnu.gdb.riscv.csr">${rows.join("")}</feature>`,
    "</target>",
  ].join("");
}

/** Ids of threads of LWKT alone, which have none, begin here: behind those of all others. */
const LWKT_IDS = 0x4000_0000;

/** The id by which gdb knows a thread. */
export function idOf(thread: GdbThread): number {
  return thread.tid > 0 ? thread.tid : LWKT_IDS + thread.index;
}

/** Where a thread is, in a few words. */
export function stateOf(thread: GdbThread): string {
  const { state, waitMessage, cpu } = thread;
  if (waitMessage !== null) return `${state} on "${waitMessage}"`;
  return state === "running" ? `running on CPU ${cpu}` : state;
}

/** The list of threads. */
export function threadList(threads: readonly GdbThread[]): string {
  const rows = threads.map((thread) => {
    const id = idOf(thread).toString(16);
    const name = escapeXml(thread.name);
    return `<thread id="${id}" core="${thread.cpu}" name="${name}">${escapeXml(stateOf(thread))}</thread>`;
  });
  return `<?xml version="1.0"?><threads>${rows.join("")}</threads>`;
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
};

function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (one) => entities[one] ?? one);
}

/** Answers to gdb's `monitor` command. */
function monitor(machine: Machine, command: string): string {
  switch (command.trim()) {
    case "ps":
      return machine.ps();
    case "hash":
      return `${machine.hash}\n`;
    case "time": {
      const { instructions, switches } = machine.counters;
      return `${machine.cycles} cycles, ${instructions} instructions, ${switches} switches\n`;
    }
    default:
      return "monitor ps, monitor hash, monitor time: the threads, the run's hash, where it is\n";
  }
}

/** What a debugger of a machine can. */
export function abilitiesOf(debug: Debugger): GdbAbilities {
  return {
    past: debug as { reverse(): Promise<Stop>; reverseStep(thread: GdbThread): Promise<Stop> },
    csrs: [],
    monitor: (command) => monitor(debug.machine, command),
  };
}
