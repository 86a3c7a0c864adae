// Finds symbols by address and by name.

import { arrayOf, checkArgument, shaped, text, unsigned } from "../core/arguments.js";
import { hex } from "../core/hex.js";
import { ElfError } from "./errors.js";
import type { ElfSymbol } from "./sections.js";

/** A symbol, and how far behind its start an address is. */
export interface SymbolPlace {
  readonly symbol: ElfSymbol;
  readonly offset: number;
}

const symbolsRule = arrayOf(
  shaped("", { name: text, address: unsigned, size: unsigned }),
  "the symbols of a program that parseElf has read",
);

/** The symbols of a program where it is loaded. */
export class SymbolTable {
  private readonly symbols: readonly ElfSymbol[];
  private readonly base: number;
  private readonly file: string;
  private byName: Map<string, ElfSymbol> | null = null;

  /** @param symbols in the order of addresses  @param base what is added to them */
  constructor(file: string, symbols: readonly ElfSymbol[], base: number) {
    this.file = file;
    checkArgument("SymbolTable", "file", file, text);
    checkArgument("SymbolTable", "symbols", symbols, symbolsRule);
    checkArgument("SymbolTable", "base", base, unsigned);
    this.symbols = symbols;
    this.base = base;
  }

  /** Functions in the order of addresses, where they are loaded. */
  get functions(): readonly ElfSymbol[] {
    return this.symbols
      .filter(({ isFunction }) => isFunction)
      .map((symbol) => ({ ...symbol, address: (symbol.address + this.base) >>> 0 }));
  }

  /** The symbol that an address belongs to: the last one at or before it, unless that ends before it. */
  at(address: number): SymbolPlace | undefined {
    checkArgument("at", "address", address, unsigned);
    const wanted = address - this.base;
    let low = 0;
    let high = this.symbols.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.symbols[middle]?.address ?? 0) <= wanted) low = middle + 1;
      else high = middle;
    }
    const last = this.symbols[low - 1];
    if (last === undefined) return undefined;
    const best = this.preferred(low - 1, last.address);
    const offset = wanted - best.address;
    return best.size !== 0 && offset >= best.size ? undefined : { symbol: best, offset };
  }

  /** Of several symbols at one address a function, and of those the largest, which comes first. */
  private preferred(last: number, address: number): ElfSymbol {
    let best = this.symbols[last] as ElfSymbol;
    for (let index = last; index >= 0; index--) {
      const symbol = this.symbols[index] as ElfSymbol;
      if (symbol.address !== address) break;
      if (symbol.isFunction || !best.isFunction) best = symbol;
    }
    return best;
  }

  /** An address as `symbol+0x1c`, or as a number where no symbol is known. */
  describe(address: number): string {
    const place = this.at(address);
    if (place === undefined) return hex(address);
    const { symbol, offset } = place;
    return offset === 0 ? symbol.name : `${symbol.name}+${hex(offset)}`;
  }

  /**
   * The address of a function or variable.
   *
   * @throws ElfError where there is none of that name.
   */
  addressOf(name: string): number {
    const address = this.find(name);
    if (address === undefined) {
      throw new ElfError(this.file, `nothing called "${name}" is defined in it`);
    }
    return address;
  }

  /** The address of a function or variable, or undefined where there is none of that name. */
  find(name: string): number | undefined {
    checkArgument("find", "name", name, text);
    this.byName ??= new Map(this.symbols.map((symbol) => [symbol.name, symbol]));
    const symbol = this.byName.get(name);
    return symbol === undefined ? undefined : (symbol.address + this.base) >>> 0;
  }
}
