// A compiler transform (`asc --transform`): the one source of struct offsets for the host.
//
// Each `@unmanaged` class, exported enum and exported integer constant of assembly/sys/*.ts is
// written to src/generated/layout.ts, so that nobody types an offset by hand. scripts/build.mjs runs
// it with the release build alone, and decides whether a difference updates the checked-in file or
// fails the build.
//
// Sizes and values are taken from the finished compilation, not worked out again here: a file that
// the kernel does not import yet is pulled in by an extra entry, which exports nothing.

import { readdirSync } from "node:fs";
import { join } from "node:path";
import {
  ClassPrototype,
  CommonFlags,
  DecoratorFlags,
  Enum,
  EnumValue,
  Global,
  PropertyPrototype,
} from "assemblyscript";
import binaryen from "assemblyscript/binaryen";

const SYS = "assembly/sys";
const OUTPUT = "src/generated/layout.ts";
const ENTRY = "assembly/layout-entry.ts";

const HEADER = `// Generated from assembly/sys by scripts/layout-transform.mjs. Do not edit: run the build instead.
//
// A struct \`S\` becomes \`S\` (its size in bytes and the byte offset of every field) and \`STypes\`
// (the type of every field; a reference to another struct is a \`usize\` address).
`;

/** Fails the build with one clear sentence. */
class LayoutError extends Error {
  constructor(message) {
    super(message);
    this.stack = `layout: ${message}`;
  }
}

/** The sys files, sorted, as paths relative to the project's folder. */
function sysFiles(baseDir) {
  const names = readdirSync(join(baseDir, SYS), { recursive: true })
    .map((name) => name.replaceAll("\\", "/"))
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"));
  return names.sort().map((name) => `${SYS}/${name}`);
}

/** What a host reads a value of this type as. */
function typeName(type) {
  return type.isReference ? "usize" : type.toString();
}

/** A struct's size, and its fields (inherited ones first) in the order of their offsets. */
function structOf(program, prototype) {
  const instance = program.resolver.resolveClass(prototype, null);
  if (!instance) throw new LayoutError(`cannot resolve the class ${prototype.name}.`);
  const fields = [];
  for (const member of instance.members?.values() ?? []) {
    const property = member instanceof PropertyPrototype ? member.instance : member;
    if (!property?.isField || property.memoryOffset < 0) continue;
    if (property.name === "size") {
      throw new LayoutError(
        `${prototype.name}.size would hide the struct's size; rename the field.`,
      );
    }
    fields.push({
      name: property.name,
      offset: property.memoryOffset,
      type: typeName(property.type),
    });
  }
  fields.sort((a, b) => a.offset - b.offset);
  return { size: instance.nextMemoryOffset, fields };
}

/** The literal that a compiled constant holds, or null when it is worked out at start-up. */
function constantOf(module, element, type) {
  const info = binaryen.getGlobalInfo(module.getGlobal(element.internalName));
  if (info.mutable) return null;
  const expression = binaryen.getExpressionInfo(info.init);
  if (expression.id !== binaryen.ExpressionIds.Const) return null;
  return literal(expression.value, type);
}

/** A constant as TypeScript text: unsigned where its type is, a BigInt where it has 64 bits. */
function literal(value, type) {
  if (type.size === 64) {
    const bits =
      typeof value === "bigint"
        ? value
        : (BigInt(value.high >>> 0) << 32n) | BigInt(value.low >>> 0);
    return `${type.isSignedIntegerValue ? BigInt.asIntN(64, bits) : BigInt.asUintN(64, bits)}n`;
  }
  return String(type.isSignedIntegerValue ? value : value >>> 0);
}

function classText(program, element) {
  const { size, fields } = structOf(program, element);
  const offsets = [`size: ${size}`, ...fields.map((field) => `${field.name}: ${field.offset}`)];
  const types = fields.map((field) => `${field.name}: "${field.type}"`);
  return object(element.name, offsets) + object(`${element.name}Types`, types);
}

function enumText(module, element) {
  const values = [...element.members.values()].filter((value) => value instanceof EnumValue);
  const lines = values.map((value) => {
    const text = inlinedOr(value, () => constantOf(module, value, value.type));
    if (text === null) throw new LayoutError(`${element.name}.${value.name} is not a constant.`);
    return `${value.name}: ${text}`;
  });
  return object(element.name, lines);
}

/** A constant's text; null for what is not an integer, and for addresses, which differ by build. */
function globalText(module, element) {
  if (!element.type.isIntegerValue) return null;
  if (element.initializerNode?.range.toString().includes("memory.data")) return null;
  const text = inlinedOr(element, () => constantOf(module, element, element.type));
  return text === null ? null : `export const ${element.name} = ${text};\n`;
}

/** An inlined constant carries its value itself; any other stands in the module. */
function inlinedOr(element, otherwise) {
  if (element.constantValueKind === 0) return otherwise();
  const value = element.constantIntegerValue;
  return literal(element.type.size === 64 ? value : value.low, element.type);
}

function object(name, lines) {
  const body = lines.map((line) => `  ${line},\n`).join("");
  return `\nexport const ${name} = {\n${body}} as const;\n`;
}

/** What one declaration adds to the generated file, or null when the host has no use for it. */
function elementText(program, module, element) {
  if (element instanceof ClassPrototype) {
    const isStruct = element.hasDecorator(DecoratorFlags.Unmanaged);
    return isStruct && !element.typeParameterNodes ? classText(program, element) : null;
  }
  if (element instanceof Enum) return isExported(element) ? enumText(module, element) : null;
  if (element instanceof Global && isExported(element) && element.is(CommonFlags.Const)) {
    return globalText(module, element);
  }
  return null;
}

function isExported(element) {
  return element.is(CommonFlags.Export);
}

export default class LayoutTransform {
  afterParse(parser) {
    const imports = sysFiles(this.baseDir).map((path) => {
      return `import "./${path.slice("assembly/".length, -".ts".length)}";\n`;
    });
    parser.parseFile(imports.join(""), ENTRY, true);
  }

  async afterCompile(module) {
    const sections = [];
    const owners = new Map();
    for (const path of sysFiles(this.baseDir)) {
      const texts = [];
      const file = this.program.filesByName.get(path.slice(0, -".ts".length));
      for (const element of file?.members?.values() ?? []) {
        if (element.parent !== file) continue; // imported from another file
        const text = elementText(this.program, module, element);
        if (text === null) continue;
        this.claim(owners, element.name, path);
        texts.push(text);
      }
      if (texts.length > 0) sections.push(`\n// ${path}\n${texts.join("")}`);
    }
    await this.writeFile(OUTPUT, HEADER + sections.join(""), this.baseDir);
  }

  /** The generated file has one name space for all of assembly/sys. */
  claim(owners, name, path) {
    const other = owners.get(name);
    if (other !== undefined) {
      throw new LayoutError(`${name} is declared in both ${other} and ${path}; rename one.`);
    }
    owners.set(name, path);
  }
}
