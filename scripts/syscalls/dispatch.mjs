// assembly/run/init_sysent.ts: from a number and the caller's registers to the kernel's function.
//
// Every call becomes one case: the checks of its arguments, the call, and what it leaves in a0. A function
// that never switches leaves its result there at once; for one that may, the thread is marked (TDB_INCALL)
// and the result is moved when it is back in its body. Calls with a weight are found by comparisons,
// which the release build compiles into the loop; the others by a switch for each stretch of numbers
// of one layer. An unknown number belongs to the stretch below it: among the calls for processes it
// gives ENOSYS, elsewhere it is a panic.

import { LAYERS, RESULT_KINDS } from "./kinds.mjs";
import { HEADER } from "./table.mjs";

export const path = "assembly/run/init_sysent.ts";

const ALWAYS = {
  env: ["panic"],
  "kern/cont": ["DONE"],
  "kern/kern_fork": ["is_proc"],
  "run/arg": ["arg6", "arg7"],
  "sys/errno": ["EINVAL", "ENOSYS"],
  "sys/machine": ["machine", "Sched"],
  "sys/proc": ["Frame", "TDB_INCALL", "Thread"],
  "sys/syscall": ["Sys"],
  "sys/thread": ["td_frame"],
};

export function emit({ calls }) {
  const dispatched = calls.filter(({ isInternal }) => !isInternal);
  const stretches = stretchesOf(dispatched);
  return `${HEADER}
${importsOf(dispatched)}
/** Performs kernel call \`nr\` for \`td\`, which runs. */
export function sysent(td: Thread, nr: u32): void {
  const m = machine();
  const f = td_frame(td);
${hotCases(dispatched)}  sysent_cold(td, nr, f);
}

/** A call that may have switched is done, or goes on later: then it is in the thread's continuations. */
function leave(td: Thread, f: Frame, status: u32): void {
  if (status != DONE) return;
  td.td_body &= ~TDB_INCALL;
  f.a0 = f.retval;
}

/** The calls without a weight. */
function sysent_cold(td: Thread, nr: u32, f: Frame): void {
  ${stretches.map(choiceOf).join("\n  else ")}
}
${stretches.map(stretchText).join("")}`;
}

/** The calls without a weight in the order of their numbers, cut where the layer changes. */
function stretchesOf(calls) {
  const stretches = [];
  for (const call of [...calls].sort((a, b) => a.nr - b.nr)) {
    if (stretches.at(-1)?.layer !== call.layer) {
      stretches.push({ layer: call.layer, from: call.nr, calls: [] });
    }
    if (call.weight === 0) stretches.at(-1).calls.push(call);
  }
  return stretches;
}

function stretchName({ layer, from }) {
  return `${layer}_${from}`;
}

function choiceOf(stretch, index, all) {
  const next = all[index + 1];
  const call = `${stretchName(stretch)}(td, nr, f);`;
  return next === undefined ? call : `if (nr < ${next.from}) ${call}`;
}

function stretchText(stretch) {
  const { needs, panic } = LAYERS[stretch.layer];
  const guard =
    needs === null ? "" : `  const m = machine();\n  if (!(${needs})) panic("${panic}", nr);\n`;
  const unknown =
    stretch.layer === "process" ? "f.a0 = ENOSYS;" : 'panic("unknown kernel call %d", nr);';
  return `
function ${stretchName(stretch)}(td: Thread, nr: u32, f: Frame): void {
${guard}  switch (nr) {
${stretch.calls.map((call) => `    case Sys.${call.name}:\n${body(call, "      ")}`).join("")}    default:
      ${unknown}
  }
}
`;
}

/** The calls with a weight, the heaviest first; neighbours of one layer share its condition. */
function hotCases(calls) {
  const hot = calls.filter(({ weight }) => weight > 0).sort((a, b) => b.weight - a.weight);
  let text = "";
  let layer = null;
  for (const call of hot) {
    const { needs } = LAYERS[call.layer];
    if (call.layer !== layer) {
      if (layer !== null) text += "  }\n";
      text += needs === null ? "  {\n" : `  if (${needs}) {\n`;
      layer = call.layer;
    }
    text += `    if (nr == Sys.${call.name}) {\n${body(call, "      ")}    }\n`;
  }
  return layer === null ? text : `${text}  }\n`;
}

/** The statements of one call's case. */
function body(call, indent) {
  const statements = [];
  const checks = checksOf(call);
  if (checks.length > 0) {
    statements.push(`if (!(${checks.join(" && ")})) {`, "  f.a0 = EINVAL;", "  return;", "}");
  }
  const performed = callText(call);
  if (!call.hasResult) statements.push(`${performed};`);
  else if (call.impl.gives === "status") {
    statements.push("td.td_body |= TDB_INCALL;", `leave(td, f, ${performed});`);
  } else if (call.impl.gives === "nothing") statements.push(`${performed};`, "f.a0 = 0;");
  else statements.push(`f.a0 = ${valueText(call, performed)};`);
  statements.push("return;");
  return statements.map((statement) => `${indent}${statement}\n`).join("");
}

/** The conditions of a call that gives EINVAL where one of them does not hold. */
function checksOf(call) {
  const ofArguments = call.args
    .filter(({ check }) => check !== undefined)
    .map((argument) => fill(argument.check, argument));
  return call.needsProcess ? ["is_proc(td.td_proc)", ...ofArguments] : ofArguments;
}

function callText({ impl, args, takesFrame }) {
  const values = args.map((argument) => fill(argument.take, argument));
  return `${impl.name}(${[...(takesFrame ? ["f"] : []), ...values].join(", ")})`;
}

function valueText({ result }, performed) {
  if (result === "bool") return `${performed} ? 1 : 0`;
  const { cast } = RESULT_KINDS[result];
  return cast === undefined ? performed : `${cast}(${performed})`;
}

/** An expression with the argument's registers in the places of \`x\` and \`y\`. */
function fill(expression, { register }) {
  return expression
    .replace(/\bx\b/, registerText(register))
    .replace(/\by\b/, registerText(register + 1));
}

/** Arguments 6 and 7 lie in other registers where there are 16 only. */
function registerText(register) {
  return register < 6 ? `f.a${register}` : `arg${register}(td)`;
}

function importsOf(calls) {
  const files = new Map();
  const add = (file, name) => files.set(file, (files.get(file) ?? new Set()).add(name));
  const addAll = (imports) => {
    for (const [file, names] of Object.entries(imports)) for (const name of names) add(file, name);
  };
  addAll(ALWAYS);
  for (const { impl, args } of calls) {
    add(impl.file, impl.name);
    for (const { imports } of args) if (imports !== undefined) addAll(imports);
  }
  return [...files]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([file, names]) => {
      const from = file.startsWith("run/") ? `./${file.slice("run/".length)}` : `../${file}`;
      return `import { ${[...names].sort().join(", ")} } from "${from}";\n`;
    })
    .join("");
}
