// What a body under search yields besides kernel calls: accesses to shared words, and choices of the test.

import type { KernelCall } from "../machine/calls.js";

/** Something that a search performs itself when a body yields it. */
export class Operation {
  constructor(
    /** What a story says about it. */
    readonly name: string,
    /** False if it changes nothing that others can see. */
    readonly isWrite: boolean,
    /** False if it is one of plain memory: others race with it unless something orders them. */
    readonly isAtomic: boolean,
    /** What it is about. */
    readonly word: SharedWord,
    /** Performs it, and gives what the word held before. */
    readonly perform: () => number,
  ) {}

  /** Performs it: for `yield*` in a body. */
  *[Symbol.iterator](): Generator<Operation, number, number> {
    return yield this;
  }
}

/** A choice that the test leaves to the search. */
export class Choice {
  constructor(readonly count: number) {}

  *[Symbol.iterator](): Generator<Choice, number, number> {
    return yield this;
  }
}

/** For bodies, which yield kernel calls as far as their type knows. */
function asCall(operation: Operation | Choice): KernelCall<number> {
  return operation as unknown as KernelCall<number>;
}

/**
 * A number that bodies share: each access of theirs is a visible operation, and one step. For a search for races, `get`
 * and `set` are accesses to plain memory, and the others are atomic ones, which order what is around them.
 */
export class SharedWord {
  /** What it holds now, for the judge at the end. */
  value: number;

  constructor(
    initial: number,
    readonly name: string,
  ) {
    this.value = initial;
  }

  /** Gives the value. */
  get(): KernelCall<number> {
    return this.look("get()", false);
  }

  /** Gives the value, atomically. */
  load(): KernelCall<number> {
    return this.look("load()", true);
  }

  /** Sets the value, and gives the old one. */
  set(value: number): KernelCall<number> {
    return this.change(`set(${value})`, () => value, false);
  }

  /** Sets the value, atomically, and gives the old one. */
  store(value: number): KernelCall<number> {
    return this.change(`store(${value})`, () => value);
  }

  /** Adds to the value, and gives the old one. */
  add(term: number): KernelCall<number> {
    return this.change(`add(${term})`, (old) => old + term);
  }

  /** Sets the value if it is `expected`; gives the old one. */
  compareAndSet(expected: number, value: number): KernelCall<number> {
    const name = `compareAndSet(${expected}, ${value})`;
    return this.change(name, (old) => (old === expected ? value : old));
  }

  private look(name: string, isAtomic: boolean): KernelCall<number> {
    const perform = () => this.value;
    return asCall(new Operation(`${this.name}.${name}`, false, isAtomic, this, perform));
  }

  private change(name: string, next: (old: number) => number, isAtomic = true): KernelCall<number> {
    const perform = () => {
      const old = this.value;
      this.value = next(old);
      return old;
    };
    return asCall(new Operation(`${this.name}.${name}`, true, isAtomic, this, perform));
  }
}

/** What a test gets besides its machine. */
export interface SearchTools {
  /** Makes a word that bodies share. */
  shared(initial: number, name?: string): SharedWord;
  /** A choice of the test itself, from 0 to `count` - 1: for `yield*` in a body. */
  choice(count: number): KernelCall<number>;
}

/** Makes the tools of one schedule. */
export function createTools(): SearchTools {
  let words = 0;
  return {
    shared: (initial, name) => new SharedWord(initial, name ?? `word${++words}`),
    choice: (count) => asCall(new Choice(count)),
  };
}
