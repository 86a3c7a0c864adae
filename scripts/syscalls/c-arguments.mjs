// assembly/run/c_arguments.ts: what C programs hand to kernel calls, made into what the kernel works with.
//
// In a program of C a string or a channel is an address in its own memory. It makes a call that has one
// with a number that is larger by C_CALL, and the kernel converts these arguments in their registers
// before it performs the call.

import { C_CALL, HEADER, isConverted } from "./table.mjs";

export const path = "assembly/run/c_arguments.ts";

export function emit({ calls }) {
  const converted = calls.filter(isConverted);
  return `${HEADER}
import { copyin_channel, copyin_check, copyin_fmtarg, copyinstr } from "../kern/subr_copyin";
import { Thread } from "../sys/proc";
import { Sys } from "../sys/syscall";
import { td_frame } from "../sys/thread";
import { arg6, arg7, set_arg6, set_arg7 } from "./arg";

/** What is added to the number of a call whose pointers are those of a C program. */
export const C_CALL: u32 = ${C_CALL};

/** Converts the pointers of a C program's call \`nr\` in the registers of the caller. */
export function c_arguments(td: Thread, nr: u32): void {
  const f = td_frame(td);
  switch (nr) {
${converted.map(caseText).join("")}    default:
  }
}
`;
}

function caseText({ name, args }) {
  const statements = args.map(conversion).filter((text) => text !== null);
  return `    case Sys.${name}:\n${statements.map((text) => `      ${text}\n`).join("")}      break;\n`;
}

/** The statement that converts an argument, or null. */
function conversion({ kind, host, register }, index, args) {
  if (kind === "address") return `copyin_check(${read(register)}, ${read(register + 1)});`;
  if (host === "string" || host === "format")
    return store(register, `copyinstr(${read(register)})`);
  if (host === "channel") return store(register, `copyin_channel(${read(register)})`);
  if (host !== "format_arg") return null;
  const format = args[index - 1].register;
  return store(register, `copyin_fmtarg(${read(format)}, ${read(register)})`);
}

function read(register) {
  return register < 6 ? `f.a${register}` : `arg${register}(td)`;
}

function store(register, value) {
  return register < 6 ? `f.a${register} = ${value};` : `set_arg${register}(td, ${value});`;
}
