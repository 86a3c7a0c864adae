/** Puts a scheduler of the user's under a kernel (src/core/scheduler.ts). */
import type { Kernel } from "../core/kernel.js";
import { schedulerHooks } from "../core/scheduler.js";
import { ThreadView } from "./views.js";

/** Has a kernel ask the scheduler of its configuration, if that is a user's own. */
export function attachScheduler(kernel: Kernel): void {
  const { scheduler } = kernel.config;
  if (typeof scheduler === "string") return;
  const threads = new Map<number, { readonly tid: number; readonly view: ThreadView }>();
  kernel.scheduler = schedulerHooks(scheduler, {
    cpus: kernel.config.cpus,
    get now() {
      return Number(kernel.machine64("now"));
    },
    random: () => kernel.exports.random_next() >>> 0,
    fail: (error) => kernel.fail(error),
    thread(address) {
      const known = threads.get(address);
      const view = known?.view ?? new ThreadView(kernel, address);
      const { tid } = view;
      if (known !== undefined && known.tid === tid) return known.view;
      const fresh = known === undefined ? view : new ThreadView(kernel, address);
      threads.set(address, { tid, view: fresh });
      return fresh;
    },
  });
}
