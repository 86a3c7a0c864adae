// Everything that the package exports, with arguments of every kind in the place of each argument and each
// option: it is taken, or refused by one of the library's own errors. What is exported later and is not tried
// here fails the test.

import { describe, expect, it } from "vitest";
import * as fastCheck from "../../src/fast-check.js";
import * as library from "../../src/index.js";
import { it as searches } from "../../src/vitest.js";
import { oddValues } from "../support/bad-input.js";
import { cpuMs } from "../support/cpu-time.js";
import {
  type Arguments,
  classArguments,
  functionArguments,
  privateNames,
} from "../support/exports.js";

type Callable = (...args: unknown[]) => unknown;
type Class = new (...args: unknown[]) => object;

/** Not for ever: some odd numbers ask for a few hundred runs, on a machine that may be busy. */
const MS_MAX = 10_000;

const exported = Object.entries({ ...library, ...fastCheck }).filter(
  ([, value]) => typeof value === "function",
);
const isClass = (value: unknown) => /^class\b/.test(Function.prototype.toString.call(value));
const isError = (value: unknown) => (value as Class).prototype instanceof Error;
const errors = exported.filter(([, value]) => isClass(value) && isError(value));
const classes = exported.filter(([, value]) => isClass(value) && !isError(value));
const functions = exported.filter(([, value]) => !isClass(value));
const own = errors.map(([, value]) => value as unknown as Class);

/** Functions that write to or read from a place: a text could be the name of a file. */
const takesPath = new Set(["createChromeTrace", "loadSnapshot", "readWorkload", "saveSnapshot"]);

function isPlain(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype
  );
}

/** The arguments with one of them, or one field of one, replaced. */
function* spoilt(make: Arguments, isPath: boolean): Generator<readonly [string, unknown[]]> {
  const values = oddValues.filter((value) => !isPath || typeof value !== "string");
  const count = make().length;
  for (let at = 0; at < count; at++) {
    for (const odd of values) {
      const args = [...make()];
      args[at] = odd;
      yield [`argument ${at + 1}: ${typeof odd} ${shown(odd)}`, args];
    }
    const good = make()[at];
    for (const field of isPlain(good) ? [...Object.keys(good), "nonsense"] : []) {
      for (const odd of values) {
        const args = [...make()];
        args[at] = { ...(args[at] as object), [field]: odd };
        yield [`${field}: ${typeof odd} ${shown(odd)}`, args];
      }
    }
  }
}

function shown(value: unknown): string {
  try {
    return String(value).slice(0, 20);
  } catch {
    return "?";
  }
}

/** Fails with what goes wrong when a call is tried with all that. */
async function mustPass(
  make: Arguments,
  call: (args: unknown[]) => unknown,
  isPath = false,
): Promise<void> {
  const found: string[] = [];
  for (const [what, args] of spoilt(make, isPath)) {
    const before = cpuMs();
    try {
      await call(args);
    } catch (error) {
      if (!own.some((kind) => error instanceof kind)) found.push(`${what}: ${error}`);
    }
    if (cpuMs() - before > MS_MAX) found.push(`${what}: takes too long`);
  }
  if (found.length > 0) expect.fail(found.join("\n"));
}

/** Methods of a class that users see, its getters left out. */
function methodsOf(className: string, value: unknown): string[] {
  const names: string[] = [];
  const hidden = privateNames(className);
  for (
    let prototype = (value as Class).prototype as object;
    prototype !== Object.prototype;
    prototype = Object.getPrototypeOf(prototype) as object
  ) {
    for (const [name, { value: method }] of Object.entries(
      Object.getOwnPropertyDescriptors(prototype),
    )) {
      if (typeof method === "function" && name !== "constructor" && !hidden.has(name))
        names.push(name);
    }
  }
  return [...new Set(names)].sort();
}

it("knows of everything that is exported how it is called", () => {
  expect(functions.map(([name]) => name).sort()).toEqual(Object.keys(functionArguments).sort());
  expect(classes.map(([name]) => name).sort()).toEqual(Object.keys(classArguments).sort());
  for (const [name, value] of classes) {
    const known = Object.keys(classArguments[name]?.methods ?? {}).sort();
    const missing = methodsOf(name, value).filter((method) => !known.includes(method));
    const gone = known.filter((method) => !methodsOf(name, value).includes(method));
    expect({ name, missing, gone }).toEqual({ name, missing: [], gone: [] });
  }
});

it.each(functions)("%s takes an argument of any kind, or refuses it", async (name, value) => {
  const make = functionArguments[name] as Arguments;
  const call = (args: unknown[]) => (value as Callable)(...args);
  await mustPass(make, call, takesPath.has(name));
});

describe("it.explore", () => {
  const declare = (args: unknown[]) => {
    try {
      (searches.explore as unknown as Callable)(...args);
    } catch (error) {
      const isTaken = String(error).includes("inside another test function");
      if (!isTaken) throw error; // vitest's own word: here is no place for a test
    }
  };

  it("takes an argument of any kind, or refuses it before a test is declared", async () => {
    const options = { finds: "deadlock", timeout: 5 };
    await mustPass(() => ["a test", () => {}, options], declare);
    expect(() => declare([5, () => {}])).toThrow("it.explore: name must be a text");
    expect(() => declare(["a test", () => {}, null])).toThrow("options must be an object");
  });
});

const tried = classes.filter(
  ([name]) =>
    classArguments[name]?.create !== null ||
    Object.keys(classArguments[name]?.methods ?? {}).length > 0,
);

describe.each(tried)("%s", (name, value) => {
  const {
    create,
    instance,
    methods,
    statics = {},
  } = classArguments[name] as (typeof classArguments)[string];

  if (create !== null) {
    it("is made of arguments of any kind, or refuses them", async () => {
      await mustPass(create, (args) => new (value as unknown as Class)(...args));
    });
  }

  it.each(Object.entries(statics))(
    "has %s, which refuses what it does not take",
    async (method, make) => {
      const call = (args: unknown[]) =>
        (value as unknown as Record<string, Callable>)[method]?.(...args);
      await mustPass(make, call);
    },
  );

  it.each(Object.entries(methods))(
    "has %s, which refuses what it does not take",
    async (method, make) => {
      const call = (args: unknown[]) => {
        const object = instance() as Record<string, Callable>;
        const result = object[method]?.(...args);
        return object instanceof library.ProgramBuilder ? object.build() : result;
      };
      await mustPass(make, call);
    },
  );
});
