// docs/kernel-calls.md: the reference for those who write bodies and programs.

import { LAYERS, RESULT_KINDS } from "./kinds.mjs";
import { documentedErrors, resultText } from "./table.mjs";

export const path = "docs/kernel-calls.md";

export function emit({ groups }) {
  const shown = groups
    .map((group) => ({ ...group, calls: group.calls.filter(({ isInternal }) => !isInternal) }))
    .filter(({ calls }) => calls.length > 0);
  return `<!-- Made from assembly/syscalls.master by scripts/makesyscalls.mjs; not kept in git. -->

# Kernel calls

A JavaScript body makes a call with \`yield* sys.NAME(...)\`, a program of the builder with
\`p.call.NAME(...)\`, RISC-V code with the instruction whose immediate is the call's number. Arguments are in
a0, a1, ... in the order in which they stand here (a \`u64\` and \`cycles\` take two registers, the low word
first); on a CPU with 16 registers the seventh and eighth are in t1 and t2. The result is left in a0; a
call without one leaves all registers alone. Errors are FreeBSD's numbers (\`EINVAL\` is 22); \`0\` is success.

${shown.map(({ title, calls }) => `- [${title}](#${anchor(title)}): ${calls.map((c) => `[\`${c.name}\`](#${c.name})`).join(", ")}`).join("\n")}
${shown.map(groupText).join("")}`;
}

/** GitHub's anchor of a heading. */
function anchor(title) {
  return title
    .toLowerCase()
    .replace(/[^\w\- ]/g, "")
    .replaceAll(" ", "-");
}

function groupText({ title, layer, calls }) {
  return `
## ${title}

${LAYERS[layer].doc}
${calls.map(callText).join("")}`;
}

function callText(call) {
  const parameters = call.args.map(({ name, host }) => `${name}: ${host}`).join(", ");
  const result = RESULT_KINDS[call.result].host;
  const parts = [
    `\n### ${call.name}\n\n\`${call.name}(${parameters}): ${result}\`, number ${call.nr}\n\n${call.doc}\n`,
  ];
  const items = [];
  for (const { name, doc, bad, panics } of call.args) {
    items.push(
      `- \`${name}\`: ${doc}${panics === undefined ? "" : `; the machine panics if it is ${bad}`}`,
    );
  }
  const returned = resultText(call);
  if (returned !== "") items.push(`- Returns ${returned}`);
  for (const { register, doc } of call.second) items.push(`- Leaves in ${register}: ${doc}`);
  for (const { name, when } of documentedErrors(call)) items.push(`- \`${name}\`: ${when}`);
  if (call.panics !== "") items.push(`- Panics: ${call.panics}`);
  if (items.length > 0) parts.push(`\n${items.join("\n")}\n`);
  return parts.join("");
}
