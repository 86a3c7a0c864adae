// src/machine/generated/sys.ts: the type of \`sys\`, so that an editor shows each call's parameters by
// name, and what they are.

import { RESULT_KINDS } from "./kinds.mjs";
import { documentedErrors, HEADER, resultText } from "./table.mjs";

export const path = "src/machine/generated/sys.ts";

/** The types of arguments that are not numbers, by the host's kind. */
const ARGUMENT_TYPES = {
  thread: "Handle | number",
  proc: "Handle | number",
  wait: "Handle | number",
  token: "Handle | number",
  object: "Handle | number",
  string: "string | number",
  format: "string | number",
  format_arg: "string | Handle | number",
  channel: "string | Handle | number",
  u64: "bigint | number",
  cycles: "bigint | number",
  address: "BodyFunction | number",
};

/** The types of results that are not numbers. */
const RESULT_TYPES = {
  void: "undefined",
  never: "never",
  bool: "boolean",
  u64: "bigint",
  cycles: "bigint",
  created: "Created",
};

export function emit({ groups }) {
  return `${HEADER}
import type { BodyFunction, Created, Handle, KernelCall } from "../calls.js";

/** A function for each kernel call that makes the call. */
export interface KernelCalls {
${groups.map(groupText).join("")}}
`;
}

function groupText({ title, calls }) {
  const shown = calls.filter(({ isInternal }) => !isInternal);
  if (shown.length === 0) return "";
  return `  // ---- ${title} ----\n${shown.map(callText).join("")}`;
}

function callText(call) {
  const { name, args, result } = call;
  const parameters = args.map((argument) => {
    return `${argument.name}: ${ARGUMENT_TYPES[argument.host] ?? "number"}`;
  });
  const type = RESULT_TYPES[RESULT_KINDS[result].host] ?? "number";
  return `${docText(call)}  ${name}(${parameters.join(", ")}): KernelCall<${type}>;\n`;
}

function docText(call) {
  const lines = [call.doc];
  if (call.panics !== "") lines.push("", `Panics: ${call.panics}.`);
  for (const { name, doc } of call.args) lines.push(`@param ${name} ${doc}`);
  const errors = documentedErrors(call).map(({ name, when }) => `${name}: ${when}`);
  const result = resultText(call);
  const returned = [...(result === "" ? [] : [result]), ...errors].join("; ");
  if (returned !== "" && call.result !== "void" && call.result !== "never") {
    lines.push(`@returns ${returned}.`);
  }
  return `  /**\n${lines.map((line) => `   *${line === "" ? "" : ` ${line}`}\n`).join("")}   */\n`;
}
