// include/kthread_machine/syscalls.h: every kernel call as an inline function of C. The header that
// programs include, include/kthread_machine.h, gives the calls of the manual pages their signatures there.

import { RESULT_KINDS } from "./kinds.mjs";
import { C_CALL, documentedErrors, HEADER, isConverted, resultText } from "./table.mjs";

export const path = "include/kthread_machine/syscalls.h";

/** The types of C for the host's kinds of arguments and results. */
const TYPES = {
  i32: "int32_t ",
  u32: "uint32_t ",
  pri: "int ",
  ticks: "int ",
  bool: "int ",
  u64: "uint64_t ",
  cycles: "uint64_t ",
  thread: "struct thread *",
  proc: "struct proc *",
  wait: "struct lwkt_wait *",
  token: "struct lwkt_token *",
  object: "void *",
  string: "const char *",
  format: "const char *",
  format_arg: "uintptr_t ",
  channel: "const volatile void *",
  created: "int ",
  void: "int ",
};

export function emit({ groups }) {
  return `${HEADER.replace("//", "/*").replace("\n", " */\n")}
#ifndef KTHREAD_MACHINE_SYSCALLS_H
#define KTHREAD_MACHINE_SYSCALLS_H

#include <stdint.h>

struct thread;
struct proc;
struct lwkt_wait;
struct lwkt_token;

/* A call belongs to the line that makes it: reports name that one, and debuggers do not step into the call. */
#ifdef __clang__
#define KTM_INLINE static inline __attribute__((__always_inline__, __nodebug__))
#else
#define KTM_INLINE static inline __attribute__((__always_inline__, __artificial__))
#endif

/* The one instruction that a call is. */
#define KTM_CALL(number) ".insn i 0x0b, 0, x0, x0, " #number
${groups.map(groupText).join("")}
#endif
`;
}

function groupText({ title, calls }) {
  const shown = calls.filter(({ isInternal }) => !isInternal);
  if (shown.length === 0) return "";
  return `\n/* ---- ${title} ---- */\n${shown.map(callText).join("")}`;
}

function callText(call) {
  const parameters = [...call.args.map(parameterText), ...call.second.map(secondText)];
  const host = RESULT_KINDS[call.result].host;
  const type = call.hasResult && host !== "never" ? TYPES[host] : "void ";
  const never = host === "never" ? "_Noreturn " : "";
  return `
${docText(call)}
KTM_INLINE ${never}${type}sys_${call.name}(${parameters.join(", ") || "void"}) {
${bodyText(call, host)}}
`;
}

function docText(call) {
  const lines = [call.doc];
  for (const { name, doc } of call.args) lines.push(`${name}: ${doc}`);
  for (const { register, doc } of call.second) lines.push(`${register}: ${doc}`);
  const errors = documentedErrors(call).map(({ name, when }) => `${name}: ${when}`);
  const returned = [resultText(call), ...errors].filter((text) => text !== "");
  if (call.hasResult && returned.length > 0) lines.push(`Returns ${returned.join("; ")}`);
  if (call.panics !== "") lines.push(`Panics: ${call.panics}`);
  return `/*\n${lines.map((line) => ` * ${line}\n`).join("")} */`;
}

function typeOf({ name, kind, host }) {
  if (name === "arg") return "void *";
  return kind === "address" ? "const void *" : TYPES[host];
}

function parameterText(argument) {
  if (argument.host === "address") return `void (*${argument.name})(void *)`;
  return `${typeOf(argument)}${argument.name}`;
}

/** The type of a second result, which its description begins with. */
function secondType({ doc }) {
  if (/thread\b/.test(doc)) return "struct thread *";
  if (/process\b/.test(doc)) return "struct proc *";
  if (/token\b/.test(doc)) return "struct lwkt_token *";
  if (/wait structure\b/.test(doc)) return "struct lwkt_wait *";
  return /pages\b/.test(doc) ? "uint32_t " : "void *";
}

function secondText(second) {
  return `${secondType(second)}*${second.register}_out`;
}

function bodyText(call, host) {
  const values = registerValues(call, host);
  const number = isConverted(call) ? call.nr + C_CALL - 4096 : call.nr;
  const declared = values.map((value, index) => {
    return `  register uint32_t a${index} __asm__("a${index}")${value === null ? "" : ` = ${value}`};\n`;
  });
  const outputs = values.map((value, index) => `"${value === null ? "=" : "+"}r"(a${index})`);
  return `${declared.join("")}  __asm__ volatile(KTM_CALL(${number}) : ${outputs.join(", ")} : : "memory");
${endText(call, host)}`;
}

/** What goes into each register from a0 on; null for one that only comes back. */
function registerValues(call, host) {
  const values = [];
  for (const { name, registers } of call.args) {
    if (registers === 2) values.push(`(uint32_t)${name}`, `(uint32_t)(${name} >> 32)`);
    else values.push(`(uint32_t)${name}`);
  }
  const results = host === "u64" ? 2 : call.hasResult ? 1 + call.second.length : 0;
  while (values.length < results) values.push(null);
  return values;
}

function endText(call, host) {
  if (host === "never") return "  __builtin_trap();\n";
  const seconds = call.second.map((second) => {
    return `  *${second.register}_out = (${secondType(second).trim()})${second.register};\n`;
  });
  if (!call.hasResult) return seconds.join("");
  const value = host === "u64" ? "(uint64_t)a1 << 32 | a0" : `(${TYPES[host].trim()})a0`;
  return `${seconds.join("")}  return ${value};\n`;
}
