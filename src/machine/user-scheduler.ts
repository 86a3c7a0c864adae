/** Puts a scheduler of the user's under a kernel (src/core/scheduler.ts), and has snapshots know what it keeps. */
import type { Kernel } from "../core/kernel.js";
import { type SavedScheduler, type SchedulerThread, schedulerHooks } from "../core/scheduler.js";
import { SnapshotError } from "../snapshot/errors.js";
import type { SnapshotPart } from "../snapshot/part.js";
import { ThreadView } from "./views.js";

/** Has a kernel ask the scheduler of its configuration, if that is a user's own; what snapshots need of it, or null. */
export function attachScheduler(kernel: Kernel): SnapshotPart<SavedScheduler> | null {
  const { scheduler } = kernel.config;
  if (typeof scheduler === "string") return null;
  const threads = new Map<number, { readonly tid: number; readonly view: ThreadView }>();
  const threadAt = (address: number): SchedulerThread => {
    const known = threads.get(address);
    const view = known?.view ?? new ThreadView(kernel, address);
    const { tid } = view;
    if (known !== undefined && known.tid === tid) return known.view;
    const fresh = known === undefined ? view : new ThreadView(kernel, address);
    threads.set(address, { tid, view: fresh });
    return fresh;
  };
  const isThread = (address: unknown): boolean => {
    const index = kernel.threadIndex(address as number);
    return Number.isInteger(index) && index >= 0 && index < kernel.machine("zone_next");
  };
  const attached = schedulerHooks(scheduler, {
    cpus: kernel.config.cpus,
    get now() {
      return Number(kernel.machine64("now"));
    },
    random: () => kernel.exports.random_next() >>> 0,
    fail: (error) => kernel.fail(error),
    thread(address) {
      if (isThread(address)) return threadAt(address);
      throw new RangeError(`thread(): ${String(address)} is the address of no thread`);
    },
  });
  kernel.scheduler = attached;
  const asked = <T>(question: () => T): T => {
    try {
      return question();
    } catch (error) {
      throw new SnapshotError((error as Error).message, { cause: error });
    }
  };
  return {
    name: "scheduler",
    save: () => asked(attached.save),
    restore: (saved) => asked(() => attached.load(saved)),
    encode: (saved) => saved,
    decode: (json) => json as SavedScheduler,
  };
}
