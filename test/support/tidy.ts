// What keeps the sources tidy, as functions from texts to complaints of one sentence each. The test runs
// them on the project and, with faults planted, on texts of its own.

import { exportsOf, importsOf, resolveImport, type Sources } from "./sources.js";

const COUNTED = /\w+/g;

/** How often each word occurs in all sources together. */
function countWords(texts: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) {
    for (const [word] of text.matchAll(COUNTED)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
}

// ---- Exports ----

/** What the check of exports must know about a tree. */
export interface ExportRules {
  /** Files whose exports are for the world outside. */
  readonly entries: readonly string[];
  /** Files that are compiled to WebAssembly: their exports are named by the host, in no import. */
  readonly wasmEntries: readonly string[];
  /** The folder of structures and constants, which the host sees through `layout`. */
  readonly shared: string;
  readonly layout: string;
  /** A text that names constants which are looked up by those names. */
  readonly lookedUp: string;
}

const ALL = "*";

/** The names that are taken from each file; {@link ALL} among them where no name is spelt out. */
function takenNames(sources: Sources): Map<string, Set<string>> {
  const taken = new Map<string, Set<string>>();
  for (const [path, text] of sources) {
    for (const { specifier, names, namespace } of importsOf(text)) {
      const target = resolveImport(path, specifier, sources);
      if (target === null) continue;
      const set = taken.get(target) ?? new Set();
      taken.set(target, set);
      for (const name of names) set.add(name);
      if (namespace === ALL) set.add(ALL);
      else if (namespace !== null) {
        for (const [, name = ""] of text.matchAll(new RegExp(`\\b${namespace}\\.(\\w+)`, "g"))) {
          set.add(name);
        }
        const unpacked = new RegExp(`\\{([^{}]*)\\} = ${namespace}\\b`, "g");
        for (const [, list = ""] of text.matchAll(unpacked)) {
          for (const one of list.split(",")) set.add(one.trim().split(":")[0] ?? "");
        }
      }
    }
  }
  return taken;
}

function isMentionedTwice(text: string, name: string): boolean {
  return (countWords([text]).get(name) ?? 0) > 1;
}

/** Exports of the files at `checked` that no other file takes. */
export function deadExports(
  sources: Sources,
  rules: ExportRules,
  checked: Iterable<string> = sources.keys(),
): string[] {
  const taken = takenNames(sources);
  const inLayout = taken.get(rules.layout) ?? new Set();
  const lookedUp = countWords([rules.lookedUp]);
  const found: string[] = [];
  for (const path of checked) {
    const text = sources.get(path) ?? "";
    if (!path.endsWith(".ts") || rules.entries.includes(path)) continue;
    const own = taken.get(path) ?? new Set();
    if (own.has(ALL)) continue;
    const isShared = path.startsWith(rules.shared);
    const hosts = rules.wasmEntries.includes(path) ? wordsOutside(sources, path) : null;
    for (const name of exportsOf(path, text)) {
      if (own.has(name) || hosts?.has(name)) continue;
      if (isShared && (inLayout.has(name) || lookedUp.has(name))) continue;
      if (isNamedByItsFile(text, name, isShared)) continue;
      found.push(`${path} exports ${name}, which no other file imports.`);
    }
  }
  return found;
}

/** Words of the host's files beside a WebAssembly entry: its calls of what the entry exports. */
function wordsOutside(sources: Sources, path: string): Map<string, number> {
  const top = path.slice(0, path.indexOf("/") + 1);
  const isHost = (other: string) => other.startsWith(top) && !other.includes("assembly/");
  return countWords([...sources].filter(([other]) => isHost(other)).map(([, text]) => text));
}

/**
 * A type that another export of its file speaks of may be exported, so that a caller can name it; a
 * structure, so that the layout has it.
 */
function isNamedByItsFile(text: string, name: string, isShared: boolean): boolean {
  const kinds = isShared ? "class" : "interface|type";
  const declaration = new RegExp(`^export (?:abstract )?(?:${kinds}) ${name}\\b`, "m");
  return declaration.test(text) && isMentionedTwice(text, name);
}

// ---- Members ----

/** Members of the kernel's enumerations, and fields of its structures, that nothing else names. */
export function deadMembers(
  sources: Sources,
  folder: string,
  layout: string,
  allowed: ReadonlyMap<string, string>,
): string[] {
  const texts = [...sources].filter(([path]) => path !== layout).map(([, text]) => text);
  const all = texts.join("\n");
  const words = countWords(texts);
  const found: string[] = [];
  for (const [path, text] of sources) {
    if (!path.startsWith(folder)) continue;
    const code = text.replace(/\/\/.*|\/\*[\s\S]*?\*\//g, "");
    for (const [, type = "", body = ""] of code.matchAll(/\benum (\w+) \{([^}]*)\}/g)) {
      for (const [, name = ""] of body.matchAll(/^\s*(\w+)\s*(?:=|,)/gm)) {
        // What 0 stands for need not be said.
        if (name === "NONE" || new RegExp(`\\b${type}\\.${name}\\b`).test(all)) continue;
        found.push(`${path}: nothing names ${type}.${name}.`);
      }
    }
    for (const [, type = "", body = ""] of code.matchAll(/\bclass (\w+)[^{]*\{([\s\S]*?)^\}/gm)) {
      for (const [, name = ""] of body.matchAll(/^ {2}(\w+): \w+/gm)) {
        if ((words.get(name) ?? 0) > 1 || allowed.has(`${type}.${name}`)) continue;
        found.push(`${path}: nothing reads or writes ${type}.${name}.`);
      }
    }
  }
  return found;
}

// ---- Circles ----

/** Sets of files that import one another, directly or around corners; each sorted. */
export function importCircles(sources: Sources): string[][] {
  const order = new Map<string, number>();
  const open: string[] = [];
  const circles: string[][] = [];

  // Tarjan's algorithm: a file is the first of its circle when no later one leads back before it.
  const visit = (path: string): number => {
    let low = order.size;
    order.set(path, low);
    open.push(path);
    for (const { specifier } of importsOf(sources.get(path) ?? "")) {
      const target = resolveImport(path, specifier, sources);
      if (target === null) continue;
      if (!order.has(target)) low = Math.min(low, visit(target));
      else if (open.includes(target)) low = Math.min(low, order.get(target) ?? low);
    }
    if (low === order.get(path)) {
      const circle = open.splice(open.indexOf(path));
      if (circle.length > 1) circles.push(circle.sort());
    }
    return low;
  };
  for (const path of sources.keys()) if (!order.has(path)) visit(path);
  return circles;
}

/** A circle that is meant, and why. */
export interface Circle {
  readonly files: readonly string[];
  readonly why: string;
}

/** Circles with a file that no meant one has. */
export function circleFaults(sources: Sources, meant: readonly Circle[]): string[] {
  const isMeant = (circle: readonly string[]) =>
    meant.some(({ files }) => circle.every((path) => files.includes(path)));
  return importCircles(sources)
    .filter((circle) => !isMeant(circle))
    .map((circle) => `These import one another: ${circle.join(", ")}.`);
}

// ---- Sizes ----

export const FILE_LINES_MAX = 800;
export const FUNCTION_LINES_MAX = 70;

/** Files that are longer than one can keep in mind. */
export function longFiles(sources: Sources, allowed: ReadonlyMap<string, string>): string[] {
  return [...sources]
    .map(([path, text]) => ({ path, lines: text.split("\n").length - 1 }))
    .filter(({ path, lines }) => lines > FILE_LINES_MAX && !allowed.has(path))
    .map(({ path, lines }) => `${path} has ${lines} lines; ${FILE_LINES_MAX} are the most.`);
}

const FUNCTION =
  /^(\s*)(?:export )?(?:default )?(?:(?:private|public|protected|static|override|async|get|set) )*(?:function\*? ?(\w+)|\*?(?!(?:if|for|while|switch|catch|return|describe|it)\b)(\w+)(?:<[^>]*>)?\((?!.*=>)|const (\w+) = (?:async )?(?:\(|function))/;

/** Functions that do not fit on a screen; the formatter puts their end under their beginning. */
export function longFunctions(sources: Sources, allowed: ReadonlyMap<string, string>): string[] {
  const found: string[] = [];
  for (const [path, text] of sources) {
    const lines = text.split("\n");
    for (const [start, line] of lines.entries()) {
      const [, indent = "", ...names] = FUNCTION.exec(line) ?? [];
      const name = names.find((one) => one !== undefined);
      if (name === undefined || !opensBody(lines, start, indent)) continue;
      const length = lengthFrom(lines, start, `${indent}}`);
      if (length <= FUNCTION_LINES_MAX || allowed.has(`${path} ${name}`)) continue;
      found.push(`${path}: ${name} has ${length} lines; ${FUNCTION_LINES_MAX} are the most.`);
    }
  }
  return found;
}

/** True when the parameters, on one line or many, are followed by a body: it is no call. */
function opensBody(lines: readonly string[], start: number, indent: string): boolean {
  if (!/[(<]$/.test(lines[start] ?? "")) return /\{$/.test(lines[start] ?? "");
  const last = lines[start + lengthFrom(lines, start, `${indent})`) - 1] ?? "";
  return last.endsWith("{");
}

/** Lines from one to the next that starts with an end. */
function lengthFrom(lines: readonly string[], start: number, end: string): number {
  let at = start + 1;
  while (at < lines.length && !lines[at]?.startsWith(end)) at++;
  return at - start + 1;
}

// ---- What does not belong here ----

const MARKS = new RegExp(
  `\\b(?:${["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"].join("|")})\\b`,
);

/** Notes to oneself. */
export function marks(sources: Sources): string[] {
  return [...sources].flatMap(([path, text]) =>
    text.split("\n").flatMap((line, index) => {
      const [mark] = MARKS.exec(line) ?? [];
      return mark === undefined ? [] : [`${path}:${index + 1} says ${mark}.`];
    }),
  );
}

/** True for what a build made, by what its first lines say. */
export function isGenerated(text: string): boolean {
  const head = text.split("\n", 3).join("\n");
  return /\bgenerated (?:by|from)\b|\bmade (?:by|from) [\w/.]+\/|\bdo not edit\b/i.test(head);
}

/** Files that have no place in the tree: each must match one of the patterns. */
export function strayFiles(paths: readonly string[], places: readonly RegExp[]): string[] {
  return paths
    .filter((path) => !places.some((place) => place.test(path)))
    .map((path) => `${path} has no place here.`);
}
