// src/generated/calls.ts: what the program builder and the bodies of JavaScript threads go by.

import { RESULT_KINDS } from "./kinds.mjs";
import { HEADER } from "./table.mjs";

export const path = "src/generated/calls.ts";

export function emit({ groups }) {
  return `${HEADER}
/** The kernel calls by name: number, kinds of arguments in the order of their registers, result. */
export const calls = {
${groups.map(groupText).join("")}} as const;
`;
}

function groupText({ title, calls }) {
  const shown = calls.filter(({ isInternal }) => !isInternal);
  if (shown.length === 0) return "";
  return `  // ---- ${title} ----\n${shown.map(callText).join("")}`;
}

function callText({ name, nr, args, result, doc }) {
  const kinds = args.map(({ host }) => JSON.stringify(host)).join(", ");
  return `  ${name}: {
    nr: ${nr},
    args: [${kinds}],
    returns: ${JSON.stringify(RESULT_KINDS[result].host)},
    doc: ${JSON.stringify(doc)},
  },
`;
}
