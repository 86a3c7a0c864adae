// What RISC-V code does in a step, for the story of a schedule.

import type { ArgumentKind } from "../core/call-table.js";
import { calls } from "../core/calls.js";
import * as Layout from "../generated/layout.js";
import { instructionAt } from "../machine/backtrace.js";
import { callSpecs } from "../machine/calls.js";
import { guestReader, places } from "../machine/faults.js";
import type { Machine } from "../machine/machine.js";
import { callNames } from "../program/index.js";
import type { SearchState } from "./strategies.js";

const { Frame: F, Pending, SearchThread: N, SyncObject: S, Thread: T } = Layout;

/** What a C program adds to the number of a call that has strings or channels. */
const C_CALL = 2048;
/** A guest address to its record. */
const RECORD_SHIFT = 3;
/** Registers in the thread's frame; the others are in its second one. */
const FRAME_REGISTERS = 16;

const nameOfCall = callNames(calls);

/** What a thread of RISC-V code does next; or, with `pending`, as if that were it. */
export function describeProgramStep(
  machine: Machine,
  state: SearchState,
  td: number,
  pending?: number,
): string {
  const { kernel, programs } = machine;
  const at = state.get("s_threads") + kernel.threadIndex(td) * N.size;
  const op = kernel.read(at + N.sn_op);
  switch (pending ?? kernel.read(at + N.sn_pending)) {
    case Pending.CALL:
      return describeCall(machine, td, op) + (pending === undefined ? lineOf(machine, td) : "");
    case Pending.LOOK:
      return `reads ${programs.nameOf(op)}: ${wordAt(machine, op)}${lineOf(machine, td)}`;
    case Pending.CHANGE:
      return describeChange(machine, td, op) + lineOf(machine, td);
    default:
      return `${describeCall(machine, td, op)} goes on`;
  }
}

function wordAt({ kernel }: Machine, address: number): number {
  return kernel.view.getInt32(kernel.machine("guest_base") + (address & ~3), true);
}

/** The guest address of a thread's next instruction. */
function pcOf({ kernel }: Machine, td: number): number {
  return (kernel.read(td + T.td_pc) - kernel.machine("decoded_base")) >>> RECORD_SHIFT;
}

/** The line of the source, where it is known. */
function lineOf(machine: Machine, td: number): string {
  const line = places(machine.programs, [pcOf(machine, td)])[0]?.line ?? null;
  return line === null ? "" : ` (${line.file.split("/").at(-1)}:${line.line})`;
}

function describeChange(machine: Machine, td: number, address: number): string {
  const name = machine.programs.nameOf(address);
  const instruction = instructionAt(guestReader(machine.kernel), pcOf(machine, td))?.instruction;
  if (instruction === undefined) return `changes ${name}`;
  const value = registerOf(machine, td, instruction.rs2);
  const { op } = instruction;
  return op.startsWith("s") && !op.startsWith("sc")
    ? `writes ${name} = ${value}`
    : `${op} ${name}, ${value}: was ${wordAt(machine, address)}`;
}

function registerOf({ kernel }: Machine, td: number, number: number): number {
  if (number === 0) return 0;
  const high = td + kernel.machine("high_delta");
  return kernel.readSigned(
    number < FRAME_REGISTERS
      ? kernel.frame(td) + 4 * number
      : high + 4 * (number - FRAME_REGISTERS),
  );
}

function describeCall(machine: Machine, td: number, number: number): string {
  const nr = number % C_CALL;
  const spec = callSpecs[nr];
  const name = nameOfCall(nr) ?? `call ${nr}`;
  const frame = machine.kernel.frame(td);
  let register = 0;
  const args = (spec?.args ?? []).map((kind) => {
    const at = frame + F.a0 + 4 * register++;
    if (kind === "u64" || kind === "cycles") register++;
    return describeArgument(machine, kind, machine.kernel.readSigned(at), number >= C_CALL);
  });
  return `${name}(${args.join(", ")})`;
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
      return kernel.text(kernel.read(address + S.so_name)) || `0x${address.toString(16)}`;
    case "channel":
      if (address >= guest && address - guest < machine.config.guestMemory) {
        return programs.nameOf(address - guest); // the kernel has made it its own
      }
      if (isGuest) return programs.nameOf(address);
      return isText(machine, address)
        ? JSON.stringify(kernel.text(address))
        : `0x${address.toString(16)}`;
    case "string":
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

/** The text of a C program at a guest address. */
function guestText({ kernel, config }: Machine, address: number): string {
  const base = kernel.machine("guest_base");
  let end = address;
  while (end < config.guestMemory && kernel.u8[base + end] !== 0) end++;
  return new TextDecoder().decode(kernel.u8.slice(base + address, base + end));
}
