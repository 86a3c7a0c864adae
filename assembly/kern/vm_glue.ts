// The stacks of threads that run C: parts of guest memory, allocated from its end downwards.
//
// A stack belongs to the thread's structure and stays with it when that is reused, so that creating a thread
// of the usual size needs no search, and no list lies where a program could overwrite it. A structure that
// needs a larger stack gets another one. Only C programs have stacks: threads get them once the host has
// loaded the first C program (Machine.stack_low).
import { curthread } from "../sys/globaldata";
import { machine } from "../sys/machine";
import { TDB, TDB_KIND, Thread } from "../sys/proc";
import { td_frame, td_index } from "../sys/thread";

/** The low bits of a stack's word are its size in pages, the others its lowest address. */
const STACK_PAGES: u32 = 0x3f;

function stack_word(td: Thread): usize {
  return machine().stack_base + <usize>td_index(td) * sizeof<u32>();
}

/** Gives a thread's structure a stack of at least `pages` pages; false if no memory is left. */
export function stack_attach(td: Thread, pages: u32): bool {
  const m = machine();
  if (m.stack_low == 0) return true;
  const at = stack_word(td);
  if ((load<u32>(at) & STACK_PAGES) >= pages) return true;
  const size = pages * m.stack_page;
  if (m.stack_low - m.brk < size) return false;
  m.stack_low -= size;
  store<u32>(at, m.stack_low | pages);
  return true;
}

/**
 * Sets the registers that the C of a new thread expects: sp to the end of its stack, gp and tp to those
 * of the thread that creates it, whose program it belongs to.
 */
export function stack_enter(td: Thread): void {
  const m = machine();
  if (m.stack_low == 0) return;
  const word = load<u32>(stack_word(td));
  const frame = td_frame(td);
  frame.sp = (word & ~STACK_PAGES) + (word & STACK_PAGES) * m.stack_page;
  const creator = curthread();
  if ((creator.td_body & TDB_KIND) != TDB.RV32) return;
  frame.gp = td_frame(creator).gp;
  frame.tp = td_frame(creator).tp;
}

/** Allocates `size` bytes of guest memory from below, at a multiple of 16; 0 if they are not available. */
export function kmem_malloc(size: u32): u32 {
  const m = machine();
  const at = (m.brk + 15) & ~15;
  if (m.stack_low == 0 || at < m.brk || at > m.stack_low || m.stack_low - at < size) return 0;
  m.brk = at + size;
  return at;
}
