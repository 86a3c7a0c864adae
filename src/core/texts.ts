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
  private readonly byAddress = new Map<number, string>();
  /** In the order of their addresses. Texts are only ever added: marks share the array. */
  private list: Text[] = [];

  /** The address of a text, if it has one. */
  addressOf(text: string): number | undefined {
    return this.byText.get(text);
  }

  /** The text at an address, if it is one of these. */
  at(address: number): string | undefined {
    return this.byAddress.get(address);
  }

  add(text: string, at: number): void {
    this.remember({ text, at });
    this.list.push({ text, at });
  }

  private remember({ text, at }: Text): void {
    this.byText.set(text, at);
    this.byAddress.set(at, text);
  }

  private forget({ text, at }: Text): void {
    this.byText.delete(text);
    this.byAddress.delete(at);
  }

  mark(): TextsMark {
    return { list: this.list, count: this.list.length };
  }

  /** Knows the texts of a mark, and no others. */
  restore({ list, count }: TextsMark): void {
    if (this.list === list && list.length === count) return;
    const kept = this.list === list ? count : 0;
    for (let i = kept; i < this.list.length; i++) this.forget(this.list[i] as Text);
    this.list = list.slice(0, count);
    for (let i = kept; i < count; i++) this.remember(this.list[i] as Text);
  }
}
