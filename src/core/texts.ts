// The texts of the host's in kernel memory, and where they are.

/** A text and its address. */
export interface Text {
  readonly text: string;
  readonly at: number;
}

/** The texts that there were at a moment. */
export interface TextsMark {
  readonly list: readonly Text[];
  readonly count: number;
}

/** Texts by their address and addresses by their text. */
export class Texts {
  private readonly byText = new Map<string, number>();
  /** In the order of their addresses. Texts are only ever added: marks share the array. */
  private list: Text[] = [];

  /** The address of a text, if it has one. */
  addressOf(text: string): number | undefined {
    return this.byText.get(text);
  }

  add(text: string, at: number): void {
    this.byText.set(text, at);
    this.list.push({ text, at });
  }

  mark(): TextsMark {
    return { list: this.list, count: this.list.length };
  }

  /** Knows the texts of a mark, and no others. */
  restore({ list, count }: TextsMark): void {
    if (this.list === list && list.length === count) return;
    const kept = this.list === list ? count : 0;
    for (let i = kept; i < this.list.length; i++) this.byText.delete((this.list[i] as Text).text);
    this.list = list.slice(0, count);
    for (let i = kept; i < count; i++) {
      const { text, at } = this.list[i] as Text;
      this.byText.set(text, at);
    }
  }
}
