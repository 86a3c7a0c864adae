/** What scripts/makesyscalls.mjs exports, for the tests. */

export interface CallArgument {
  readonly name: string;
  readonly kind: string;
  readonly host: string;
  readonly register: number;
  readonly registers: number;
  readonly doc: string;
}

export interface Call {
  readonly nr: number;
  readonly name: string;
  readonly layer: string;
  readonly args: readonly CallArgument[];
  readonly result: string;
  readonly doc: string;
  readonly errors: readonly { readonly name: string; readonly when: string }[];
  readonly impl: { readonly file: string; readonly name: string; readonly gives: string };
  readonly canFail: boolean;
  readonly hasResult: boolean;
  readonly isInternal: boolean;
}

export interface Table {
  readonly calls: readonly Call[];
}

export function parseTable(text: string): Table;
export function readTable(): Table;
export function madeFiles(table?: Table): Map<string, string>;
export function makeSyscalls(): void;
