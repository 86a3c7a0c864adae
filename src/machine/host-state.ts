// What a machine keeps outside the kernel's memory besides its bodies: a part of every snapshot.

import type { Printed } from "../core/format.js";
import type { TraceRecord } from "../core/kernel.js";
import type { SnapshotPart } from "../snapshot/part.js";
import { FunctionNames, functionOf, type MachineFunctions } from "./resources.js";

/** A handler of events on the host. */
export type EventFunction = (argument: number) => void;

interface Saved {
  readonly textNext: number;
  readonly dataNext: number;
  readonly nextHandler: number;
  readonly handlers: ReadonlyMap<number, EventFunction>;
  /** The console; it had the first `printedCount` of these texts. */
  readonly printed: readonly Printed[];
  readonly printedCount: number;
  readonly lastRecords: readonly TraceRecord[];
}

/** The same in a file. */
interface SavedJson extends Omit<Saved, "handlers" | "printed" | "lastRecords"> {
  readonly handlers: readonly (readonly [cookie: number, name: string])[];
  readonly printed: string;
  readonly lastRecords: readonly (Omit<TraceRecord, "time"> & { readonly time: string })[];
}

/** What a machine keeps outside the kernel's memory. */
export class HostState implements SnapshotPart<Saved, MachineFunctions> {
  readonly name = "host's state";
  /** Guest addresses behind the last program's text and data. */
  textNext: number;
  dataNext: number;
  /** Event handlers by the number that the kernel knows them by. Replaced, never changed: snapshots share it. */
  private handlers: ReadonlyMap<number, EventFunction> = new Map();
  nextHandler = 1;
  /** What the kernel has printed. Texts are only ever added: snapshots share the array. */
  printed: Printed[] = [];
  /** The last trace records that were handed over. Replaced, never changed: snapshots share them. */
  lastRecords: readonly TraceRecord[] = [];

  constructor(textNext: number, dataNext: number) {
    this.textNext = textNext;
    this.dataNext = dataNext;
  }

  /** The event handler of a number. */
  handler(cookie: number): EventFunction | undefined {
    return this.handlers.get(cookie);
  }

  setHandler(cookie: number, handler: EventFunction): void {
    this.handlers = new Map(this.handlers).set(cookie, handler);
  }

  deleteHandler(cookie: number): void {
    const handlers = new Map(this.handlers);
    handlers.delete(cookie);
    this.handlers = handlers;
  }

  save(): Saved {
    const { textNext, dataNext, nextHandler, handlers, printed, lastRecords } = this;
    const printedCount = printed.length;
    return { textNext, dataNext, nextHandler, handlers, printed, printedCount, lastRecords };
  }

  restore(saved: Saved): void {
    this.textNext = saved.textNext;
    this.dataNext = saved.dataNext;
    this.nextHandler = saved.nextHandler;
    this.handlers = saved.handlers;
    this.lastRecords = saved.lastRecords;
    if (this.printed !== saved.printed || this.printed.length !== saved.printedCount) {
      this.printed = saved.printed.slice(0, saved.printedCount);
    }
  }

  encode(saved: Saved): SavedJson {
    const names = new FunctionNames("handlers");
    return {
      ...saved,
      printed: saved.printed.slice(0, saved.printedCount).join(""),
      printedCount: 1,
      handlers: [...saved.handlers].map(([cookie, handler]) => [cookie, names.nameOf(handler)]),
      lastRecords: saved.lastRecords.map((record) => ({ ...record, time: String(record.time) })),
    };
  }

  decode(json: unknown, functions: MachineFunctions): Saved {
    const saved = json as SavedJson;
    return {
      ...saved,
      printed: [saved.printed],
      handlers: new Map(
        saved.handlers.map(([cookie, name]) => [cookie, functionOf("handlers", name, functions)]),
      ),
      lastRecords: saved.lastRecords.map((record) => ({ ...record, time: BigInt(record.time) })),
    };
  }
}
