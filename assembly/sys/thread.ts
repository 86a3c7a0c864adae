// Conversions between a thread and its parts.
import { curthread } from "./globaldata";
import { machine } from "./machine";
import { Frame, FrameHigh, TDB, TDB_KIND, Thread, ThreadCold, ThreadRare } from "./proc";

/** Size of the hot part, as a shift. */
const THREAD_SHIFT: usize = 6;

if (offsetof<Thread>() != (<usize>1) << THREAD_SHIFT)
  ERROR("THREAD_SHIFT: not struct thread's size");

/** td_kfn, td_kdepth, td_cpu and td_body of a thread as one word; sys/proc.ts asserts the layout. */
export const PLAIN_FIELD: usize = offsetof<Thread>("td_kfn");

/**
 * The value of that word for a thread of this CPU with a body of this kind, between two instructions or steps
 * and in no call.
 */
export function plain_word(kind: TDB, cpu: u32): u32 {
  return ((<u32>kind) << 24) | (cpu << 16);
}

/** A thread's index: its place in every thread array. */
export function td_index(td: Thread): u32 {
  return <u32>((changetype<usize>(td) - machine().td_base) >> THREAD_SHIFT);
}

/** The thread with an index. */
export function td_at(index: u32): Thread {
  return changetype<Thread>(machine().td_base + ((<usize>index) << THREAD_SHIFT));
}

/** The part that creation, sleep and exit touch. */
export function cold(td: Thread): ThreadCold {
  return changetype<ThreadCold>(changetype<usize>(td) + machine().cold_delta);
}

/** The thread that a cold part belongs to. */
export function cold_thread(part: ThreadCold): Thread {
  return changetype<Thread>(changetype<usize>(part) - machine().cold_delta);
}

/** The part that few threads need: a quarter of the size of the others, and so at a quarter of the distance. */
export function rare(td: Thread): ThreadRare {
  return changetype<ThreadRare>((changetype<usize>(td) >> 2) + machine().rare_delta);
}

export function td_frame(td: Thread): Frame {
  return changetype<Frame>(changetype<usize>(td) + machine().frame_delta);
}

export function td_frame_high(td: Thread): FrameHigh {
  return changetype<FrameHigh>(changetype<usize>(td) + machine().high_delta);
}

/** True unless it is null. */
export function is_td(td: Thread): bool {
  return changetype<usize>(td) != 0;
}

/** Null, as a thread. */
export function no_td(): Thread {
  return changetype<Thread>(0);
}

/** True for the address of a thread structure that has ever been in use. */
export function td_valid(address: u32): bool {
  const m = machine();
  const offset = address - <u32>m.td_base;
  return (
    address >= <u32>m.td_base &&
    (offset & (<u32>offsetof<Thread>() - 1)) == 0 &&
    offset >> <u32>THREAD_SHIFT < m.zone_next &&
    offset != 0
  );
}

/** True while the host makes a kernel call, as its own thread or in place of a host body. */
export function called_by_host(): bool {
  const td = curthread();
  return td == machine().host_td || (td.td_body & TDB_KIND) == TDB.HOST;
}
