// The marks of compiled code in a machine's snapshots: those that come back with the memory lead to functions
// that may not be there any more, so they are taken off and those of now are put in their place.

import type { Kernel } from "../core/kernel.js";
import type { SnapshotPart } from "../snapshot/part.js";
import type { Compiler } from "./compiler.js";

interface Saved {
  /** Guest addresses of all marks. */
  readonly marks: readonly number[];
  /** Stands for the text as it was. */
  readonly text: object;
}

/** A machine's compiled code, as a part of its snapshots; the machine may have no compiler. */
export class CompiledPart implements SnapshotPart<Saved> {
  readonly name = "compiled code";

  constructor(
    private readonly kernel: Kernel,
    private readonly compiler: Compiler | null,
  ) {}

  save(): Saved {
    return { marks: this.compiler?.marked ?? [], text: this.compiler?.textId ?? {} };
  }

  restore({ marks, text }: Saved): void {
    for (const pc of marks) this.kernel.exports.rv32_unmark(pc);
    if (this.compiler === null) this.kernel.setMachine("jit_period", 0);
    else this.compiler.restore(text);
  }

  encode({ marks }: Saved): unknown {
    return { marks };
  }

  decode(json: unknown): Saved {
    return { marks: (json as { marks: number[] }).marks, text: {} };
  }
}
