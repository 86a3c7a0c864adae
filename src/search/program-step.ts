// What RISC-V code does in a step, for the story of a schedule.

import type { ArgumentKind } from "../core/call-table.js";
import { nameOfCall } from "../core/calls.js";
import { hex } from "../core/hex.js";
import { pcOf, registerAt } from "../core/rv32-frame.js";
import * as Layout from "../generated/layout.js";
import { instructionAt } from "../machine/backtrace.js";
import { callSpecs } from "../machine/calls.js";
import { guestReader, ownLine } from "../machine/faults.js";
import type { Machine } from "../machine/machine.js";
import { lockRequest, nameOfAddress, objectName } from "./names.js";
import type { SearchState } from "./strategies.js";

const { Pending, Search: S, SearchThread: N } = Layout;

/** What a C program adds to the number of a call that has strings or channels. */
const C_CALL = 2048;
/** Characters that are shown of what a program prints. */
const PRINTED_MAX = 24;
/** The register of a call's first argument. */
const A0 = 10;

/** What a thread of RISC-V code does next; or, with `pending`, as if that were it. */
export function describeProgramStep(
  machine: Machine,
  state: SearchState,
  td: number,
  pending?: number,
): string {
  const { kernel, programs } = machine;
  const at = state.get(S.s_threads) + kernel.threadIndex(td) * N.size;
  const op = kernel.read(at + N.sn_op);
  switch (pending ?? kernel.read(at + N.sn_pending)) {
    case Pending.CALL:
      return describeCall(machine, td, op);
    case Pending.LOOK:
      return `reads ${programs.nameOf(op)}: ${valueText(machine, wordAt(machine, op))}`;
    case Pending.CHANGE:
      return describeChange(machine, td, op);
    default:
      return `${describeCall(machine, td, op)} goes on`;
  }
}

/** The line of its source that a thread of RISC-V code has come to, such as "pool.c:14"; null where none is known. */
export function lineOfProgram(machine: Machine, td: number): string | null {
  const line = ownLine(machine.kernel, machine.programs, td, pcOf(machine.kernel, td));
  return line === null ? null : `${line.file.split("/").at(-1)}:${line.line}`;
}

/** The word of guest memory that an address lies in. */
export function wordAt({ kernel }: Machine, address: number): number {
  return kernel.view.getInt32(kernel.machine("guest_base") + (address & ~3), true);
}

/** The value of a word: that of a handle is the object's name. */
function valueText(machine: Machine, value: number): string {
  const isGuest = value >>> 0 < machine.config.guestMemory;
  return (isGuest ? null : objectName(machine, value >>> 0, true)) ?? String(value);
}

function describeChange(machine: Machine, td: number, address: number): string {
  const name = machine.programs.nameOf(address);
  const instruction = instructionAt(
    guestReader(machine.kernel),
    pcOf(machine.kernel, td),
  )?.instruction;
  if (instruction === undefined) return `changes ${name}`;
  const value = registerOf(machine, td, instruction.rs2);
  const { op } = instruction;
  return op.startsWith("s") && !op.startsWith("sc")
    ? `writes ${name} = ${valueText(machine, value)}`
    : `${op} ${name}, ${value}: was ${wordAt(machine, address)}`;
}

function registerOf({ kernel }: Machine, td: number, number: number): number {
  return number === 0 ? 0 : kernel.readSigned(registerAt(kernel, td, number));
}

function describeCall(machine: Machine, td: number, number: number): string {
  const nr = number % C_CALL;
  const name = nameOfCall(nr) ?? `call ${nr}`;
  const values: [kind: ArgumentKind, value: number][] = [];
  let register = A0;
  for (const kind of callSpecs[nr]?.args ?? []) {
    values.push([kind, registerOf(machine, td, register)]);
    register += kind === "u64" || kind === "cycles" ? 2 : 1;
  }
  const args = values.map(([kind, value]) => {
    return describeArgument(machine, kind, value, number >= C_CALL);
  });
  if (nr === Layout.Sys.lockmgr) args[1] = lockRequest(values[1]?.[1] ?? 0);
  if (nr === Layout.Sys.cnputsn) args[0] = JSON.stringify(printed(machine, values));
  return `${name}(${args.join(", ")})`;
}

/** The beginning of what cnputsn(text, length) prints. */
function printed(machine: Machine, values: readonly (readonly [unknown, number])[]): string {
  const [start, length] = values.map(([, value]) => value >>> 0);
  const text = guestText(machine, start as number, length);
  return text.length <= PRINTED_MAX ? text : `${text.slice(0, PRINTED_MAX)}...`;
}

function describeArgument(
  machine: Machine,
  kind: ArgumentKind,
  value: number,
  isC: boolean,
): string {
  const { kernel, programs } = machine;
  const address = value >>> 0;
  const guest = kernel.machine("guest_base");
  const isGuest = isC && address < machine.config.guestMemory;
  switch (kind) {
    case "object":
    case "token":
    case "wait":
      return nameOfAddress(machine, address);
    case "channel":
      if (address >= guest && address - guest < machine.config.guestMemory) {
        return programs.nameOf(address - guest); // the kernel has made it its own
      }
      if (isGuest) return programs.nameOf(address);
      return isText(machine, address) ? JSON.stringify(kernel.text(address)) : hex(address);
    case "string":
    case "format":
      if (isGuest) return JSON.stringify(guestText(machine, address));
      return isText(machine, address) ? JSON.stringify(kernel.text(address)) : String(value);
    case "thread":
    case "proc":
      return address === 0 ? "0" : JSON.stringify(kernel.nameAt(address));
    case "address":
      return programs.nameOf(address);
    default:
      return String(value);
  }
}

/** True for the address of a text in the kernel. */
function isText({ kernel }: Machine, address: number): boolean {
  return address >= kernel.machine("string_base") && address < kernel.machine("string_next");
}

/** The text of a C program at a guest address, up to its final zero or so many bytes long. */
function guestText({ kernel, config }: Machine, address: number, length?: number): string {
  const base = kernel.machine("guest_base");
  let end = length === undefined ? address : Math.min(address + length, config.guestMemory);
  if (length === undefined) {
    while (end < config.guestMemory && kernel.u8[base + end] !== 0) end++;
  }
  return new TextDecoder().decode(kernel.u8.slice(base + address, base + end));
}
