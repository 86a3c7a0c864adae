// Functions of a machine in files: a snapshot there has their names only, and whoever reads it gives the
// functions again.

import { SnapshotError } from "../snapshot/errors.js";
import type { BodyFunction } from "./calls.js";

/** The functions that a snapshot from a file refers to, by their names. */
export interface MachineFunctions {
  /** Bodies of threads. */
  readonly bodies?: Readonly<Record<string, BodyFunction>>;
  /** Event handlers ({@link Machine.onEvent}). */
  readonly handlers?: Readonly<Record<string, (argument: number) => void>>;
}

type Kind = keyof MachineFunctions;

/** The functions that one part of a snapshot writes into a file, each under its name. */
export class FunctionNames {
  private readonly known = new Map<string, unknown>();

  constructor(private readonly kind: Kind) {}

  /** @throws SnapshotError when the name would not tell which function it is. */
  nameOf(named: (...args: never[]) => unknown): string {
    const { name } = named;
    const other = this.known.get(name);
    if (name === "" || (other !== undefined && other !== named)) {
      throw new SnapshotError(
        name === ""
          ? `a file cannot tell ${this.kind} without a name apart: give each function a name`
          : `a file cannot tell two different ${this.kind} called "${name}" apart: give each a name of its own`,
      );
    }
    this.known.set(name, named);
    return name;
  }
}

/** The function of a name that a file has. */
export function functionOf<K extends Kind>(
  kind: K,
  name: string,
  functions: MachineFunctions = {},
): NonNullable<MachineFunctions[K]>[string] {
  const all = functions[kind];
  if (all !== undefined && Object.hasOwn(all, name)) {
    return all[name] as NonNullable<MachineFunctions[K]>[string];
  }
  throw new SnapshotError(
    `the snapshot needs the function "${name}" among the ${kind}: give it as { ${kind}: { ${name} } }`,
  );
}
