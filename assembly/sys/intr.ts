// Interrupt lines: the state that kern/lwkt_intr.ts keeps for each.
//
// Locking: shared by all CPUs and the host, as under a lock of the original: free today (sys/proc.ts).
import { machine } from "./machine";
import { Thread } from "./proc";

/** A device's line: the host raises it, its interrupt thread serves it. */
@unmanaged
export class IntrLine {
  il_thread: Thread; // null = no thread serves it
  il_count: u32; //     times raised since its thread last asked
}

/** A pended interrupt thread beyond MAXPENDING, in a cell of the kernel object arena. */
@unmanaged
export class PendCell {
  pc_kind: u32; // KOBJ_PEND
  pc_next: PendCell;
  pc_td: Thread;
}

/** Interrupt line `line`. */
export function intr_line(line: u32): IntrLine {
  return changetype<IntrLine>(machine().intr_base + <usize>line * offsetof<IntrLine>());
}
