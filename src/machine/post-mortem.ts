// What a panic leaves behind, for whoever catches it.

import type { PostMortem } from "../core/errors.js";
import { hex } from "../core/hex.js";
import type { Kernel, TraceRecord } from "../core/kernel.js";
import * as Layout from "../generated/layout.js";
import { formatRecord } from "./record-text.js";

/** The post-mortem of a kernel that has just panicked, with its listing and its last trace records. */
export function postMortemOf(
  kernel: Kernel,
  ps: string,
  records: readonly TraceRecord[],
): PostMortem {
  const gd = kernel.machine("curcpu");
  const td = kernel.curthread();
  return {
    cpu: kernel.read(gd + Layout.GlobalData.gd_cpuid),
    thread: td === 0 ? null : `${kernel.nameAt(td)} (${hex(td)})`,
    cycles: kernel.read64(gd + Layout.GlobalData.gd_cycles),
    ps,
    trace: records.map((record) => formatRecord(kernel, record)),
  };
}
