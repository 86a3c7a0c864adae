// What the host knows of a kernel besides its memory: the addresses of texts, and the panic that killed it.

import { KernelPanic, type PostMortem } from "../core/errors.js";
import type { Kernel } from "../core/kernel.js";
import type { Text, TextsMark } from "../core/texts.js";
import type { SnapshotPart } from "./part.js";

interface Saved {
  readonly texts: TextsMark;
  readonly panic: KernelPanic | null;
}

/** The same in a file. */
interface SavedJson {
  readonly texts: readonly Text[];
  readonly panic: {
    readonly text: string;
    readonly postMortem: (Omit<PostMortem, "cycles"> & { readonly cycles: string }) | null;
  } | null;
}

/** A kernel's part of a snapshot. */
export class KernelPart implements SnapshotPart<Saved> {
  readonly name = "kernel's texts";

  constructor(private readonly kernel: Kernel) {}

  save(): Saved {
    return { texts: this.kernel.texts.mark(), panic: this.kernel.panic };
  }

  restore(saved: Saved): void {
    this.kernel.texts.restore(saved.texts);
    this.kernel.panic = saved.panic;
  }

  encode({ texts, panic }: Saved): SavedJson {
    const postMortem = panic?.postMortem ?? null;
    return {
      texts: texts.list.slice(0, texts.count),
      panic: panic && {
        text: panic.text,
        postMortem: postMortem && { ...postMortem, cycles: String(postMortem.cycles) },
      },
    };
  }

  decode(json: unknown): Saved {
    const { texts, panic: saved } = json as SavedJson;
    const panic = saved && new KernelPanic(saved.text);
    if (panic && saved?.postMortem) {
      panic.postMortem = { ...saved.postMortem, cycles: BigInt(saved.postMortem.cycles) };
    }
    return { texts: { list: texts, count: texts.length }, panic };
  }
}
