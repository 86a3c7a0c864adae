// What Node.js, Deno and Bun print of an object by console.log: a few facts, rather than all of the kernel behind it.

/** The method that they ask an object for. */
const INSPECT = Symbol.for("nodejs.util.inspect.custom");

type Inspect = (value: unknown, options: object) => string;

/** Has objects of a class printed as its name and what `facts` tells of one. */
export function showAs<T extends object>(
  made: { readonly name: string; readonly prototype: T },
  facts: (object: T) => object,
): void {
  Object.defineProperty(made.prototype, INSPECT, {
    value(this: T, depth: number, options: object, inspect: Inspect) {
      return depth < 0 ? `[${made.name}]` : `${made.name} ${inspect(facts(this), options)}`;
    },
  });
}
