// Reads assembly/syscalls.master, whose first lines say how it is written, and checks it.

import { ARGUMENT_KINDS, LAYERS, RESULT_KINDS } from "./kinds.mjs";

const GROUP = /^group (\w+) (\w+) (\S.*)$/;
const ROW = /^(\d+) (\w+)\(([^)]*)\): (\w+)$/;
const ARGUMENT = /^(\w+): (\w+)$/;
const FUNCTION =
  /^= (\S+) (\w+) (status|value|nothing)( caller process)?(?: weight (\d+))?( internal)?$/;
const KEY = /^(\w+): (\S.*)$/;

const NUMBER_MAX = 0x7ff; // the immediate of the call's instruction has 12 bits, one is C_CALL's
const REGISTERS_MAX = 8;

/** What a C program adds to the number of a call with strings or channels (c-arguments.mjs). */
export const C_CALL = 2048;

const POINTERS = ["string", "format", "channel"];

/** True for a call that has arguments which are pointers in C. */
export function isConverted({ args, isInternal }) {
  return (
    !isInternal && args.some(({ host, kind }) => POINTERS.includes(host) || kind === "address")
  );
}

/** The first line of what is made from the table. */
export const HEADER = `// Made from assembly/syscalls.master by scripts/makesyscalls.mjs; not kept in git.
`;

/** A mistake in the table, with its line. */
export class TableError extends Error {
  constructor(line, message) {
    super(`assembly/syscalls.master, line ${line}: ${message}`);
    this.stack = this.message;
  }
}

/**
 * The table as data: `{ groups, calls }`. A group has its name, layer, title and calls; a call has
 * everything that its row says, and what follows from it (registers, hasResult, takesFrame).
 */
export function parseTable(text) {
  const groups = [];
  const calls = [];
  for (const { line, words, isItem } of statements(text)) {
    const group = GROUP.exec(words);
    if (!isItem && group !== null) {
      groups.push(groupOf(line, group, groups));
      continue;
    }
    if (!isItem) {
      const call = callOf(line, words, groups.at(-1));
      groups.at(-1).calls.push(call);
      calls.push(call);
      continue;
    }
    if (calls.length === 0) throw new TableError(line, "this line belongs to no call.");
    addItem(line, words, calls.at(-1));
  }
  for (const call of calls) finish(call);
  checkUnique(calls);
  return { groups, calls };
}

/** What a call returns, in words: its own, or what its kind says; empty where it returns nothing. */
export function resultText({ result, resultDoc }) {
  if (resultDoc !== "") return resultDoc;
  if (result === "created") return "0 and the address of what was created, or an error";
  return result === "i32" ? "0 or an error" : "";
}

/** The errors of a call: those of its row, and EINVAL for what its checks find. */
export function documentedErrors({ errors, args, needsProcess }) {
  const found = args
    .filter(({ check }) => check !== undefined)
    .map(({ name, bad }) => `\`${name}\` is ${bad}`);
  if (needsProcess) found.push("the caller belongs to no process");
  const known = errors.filter(({ name }) => name === "EINVAL").map(({ when }) => when);
  const others = errors.filter(({ name }) => name !== "EINVAL");
  const all = [...known, ...found];
  return all.length === 0 ? others : [...others, { name: "EINVAL", when: all.join("; or ") }];
}

/** Lines without comments, with what goes on with them: items of a row are indented by 4. */
function* statements(text) {
  let current = null;
  for (const [index, raw] of text.split("\n").entries()) {
    const words = raw.trim();
    if (words === "" || raw.startsWith("#")) continue;
    const indent = raw.length - raw.trimStart().length;
    if (indent === 8 && current !== null) {
      current.words += ` ${words}`;
      continue;
    }
    if (indent !== 0 && indent !== 4) {
      throw new TableError(index + 1, `indented by ${indent}; rows stand at 0, their items at 4.`);
    }
    if (current !== null) yield current;
    current = { line: index + 1, words, isItem: indent === 4 };
  }
  if (current !== null) yield current;
}

function groupOf(line, [, name, layer, title], groups) {
  if (!Object.hasOwn(LAYERS, layer)) {
    throw new TableError(line, `${layer} is no layer: ${Object.keys(LAYERS).join(", ")}.`);
  }
  if (groups.some((group) => group.name === name)) {
    throw new TableError(line, `there is a group ${name} already.`);
  }
  return { name, layer, title, calls: [] };
}

function callOf(line, words, group) {
  const row = ROW.exec(words);
  if (row === null) {
    throw new TableError(line, "expected `group NAME LAYER Title` or `NUMBER NAME(...): RESULT`.");
  }
  if (group === undefined) throw new TableError(line, "this call belongs to no group.");
  const [, number, name, list, result] = row;
  if (!Object.hasOwn(RESULT_KINDS, result)) {
    throw new TableError(line, `${result} is no kind of result.`);
  }
  const args = list === "" ? [] : list.split(/, */).map((text) => argumentOf(line, text));
  return {
    line,
    nr: Number(number),
    name,
    group: group.name,
    layer: group.layer,
    args,
    result,
    doc: "",
    resultDoc: "",
    panics: "",
    errors: [],
    second: [],
    impl: null,
  };
}

function argumentOf(line, text) {
  const argument = ARGUMENT.exec(text);
  if (argument === null) throw new TableError(line, `\`${text}\` is not \`name: kind\`.`);
  const [, name, kind] = argument;
  if (!Object.hasOwn(ARGUMENT_KINDS, kind)) {
    throw new TableError(line, `${kind} is no kind of argument.`);
  }
  return {
    name,
    kind,
    ...ARGUMENT_KINDS[kind],
    registers: ARGUMENT_KINDS[kind].registers ?? 1,
    doc: "",
  };
}

function addItem(line, words, call) {
  if (words.startsWith("=")) {
    setFunction(line, words, call);
    return;
  }
  const key = KEY.exec(words);
  const argument = call.args.find(({ name }) => name === key?.[1]);
  if (argument !== undefined) setOnce(line, argument, "doc", key[2]);
  else if (/^E[A-Z]+:/.test(words)) call.errors.push({ name: key[1], when: key[2] });
  else if (/^a[12]:/.test(words)) call.second.push({ register: key[1], doc: key[2] });
  else if (/^result:/.test(words)) setOnce(line, call, "resultDoc", key[2]);
  else if (/^panics:/.test(words)) setOnce(line, call, "panics", key[2]);
  else if (/^\w+:/.test(words)) throw new TableError(line, `${call.name} has no \`${key[1]}\`.`);
  else setOnce(line, call, "doc", words);
}

function setOnce(line, owner, key, text) {
  if (owner[key] !== "") throw new TableError(line, `a second text for ${owner.name}.`);
  owner[key] = text;
}

function setFunction(line, words, call) {
  const match = FUNCTION.exec(words);
  if (match === null || call.impl !== null) {
    throw new TableError(
      line,
      `${call.name}: expected one \`= FILE FUNCTION status|value|nothing [caller process] [weight N] [internal]\`.`,
    );
  }
  const [, file, name, gives, caller, weight, internal] = match;
  call.impl = { file, name, gives };
  call.needsProcess = caller !== undefined;
  call.weight = Number(weight ?? 0);
  call.isInternal = internal !== undefined;
}

/** Sets what follows from a row, once it is whole. */
function finish(call) {
  const { line, name, args, result } = call;
  if (call.impl === null) throw new TableError(line, `${name} names no function.`);
  if (call.nr > NUMBER_MAX)
    throw new TableError(line, `${name}: the number is above ${NUMBER_MAX}.`);
  let register = 0;
  for (const argument of args) {
    argument.register = register;
    register += argument.registers;
  }
  if (register > REGISTERS_MAX) {
    throw new TableError(
      line,
      `${name} needs ${register} argument registers, more than ${REGISTERS_MAX}.`,
    );
  }
  call.canFail =
    call.needsProcess || call.errors.length > 0 || args.some(({ check }) => check !== undefined);
  call.hasResult = result !== "nothing" && (result !== "never" || call.canFail);
  if (!call.hasResult && call.canFail) {
    throw new TableError(line, `${name} can fail, so its result must not be \`nothing\`.`);
  }
  call.takesFrame = result === "created" || result === "u64" || call.second.length > 0;
  for (const [what, text] of [["the call", call.doc], ...args.map((a) => [a.name, a.doc])]) {
    if (text === "") throw new TableError(line, `${name}: ${what} is not described.`);
  }
}

function checkUnique(calls) {
  const names = new Set();
  const numbers = new Map();
  for (const { line, name, nr } of calls) {
    if (names.has(name)) throw new TableError(line, `there are two calls ${name}.`);
    names.add(name);
    const other = numbers.get(nr);
    if (other !== undefined) {
      const free = 1 + Math.max(...calls.map((call) => call.nr));
      const advice = `A new call takes the number behind all others, ${free}.`;
      throw new TableError(line, `${name} has the number of ${other}, ${nr}. ${advice}`);
    }
    numbers.set(nr, name);
  }
}
