// Types of WebAssembly that hold wherever the library is imported: a project without the DOM's types does not
// know the namespace.

type Instances = typeof globalThis extends { WebAssembly: infer Namespace } ? Namespace : object;

/** A WebAssembly.Module. */
export type WasmModule = Instances extends { Module: { prototype: infer Module } }
  ? Module
  : object;

/** A WebAssembly.Memory. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
}

/** A WebAssembly.Table. */
export type WasmTable = Instances extends { Table: { prototype: infer Table } } ? Table : object;
