// Threads that wait in a loop of RISC-V code without a yield: they read until another thread changes what they read.
//
// If such a thread comes back to a state in which it has been, with the same pc and registers, and nothing that
// threads can see has changed in between (s_version), then all of its further rounds are the same, and what could
// follow from one of them follows as well without it: a part of a round is a part of the round before. So the thread
// is no option until something changes, and no end is lost. Without that an exhaustive search would try all numbers
// of rounds. Where all threads that can run go round like this, time advances, as it does when none can; and if there
// is nothing to wait for, they do so for ever.
//
// A change is any step but a read, and an atomic or a store that leaves what is there. Two reads are changes, too: a
// reservation that may be of use to an sc.w, and, where a scheduler places threads, a switch, which may move
// another thread. What matters of the thread's own reservation is compared; lr.w makes it anew.
//
// States are compared with one that is kept for twice as many steps each time (R. P. Brent), so that a loop of any
// length is found. Rejected: a hash of the state, which might lose an end; and a list of all states since a change.

import { cpu_state, NO_RESERVATION } from "../cpu/cpu_state";
import { has_tokens } from "../kern/lwkt_tokref";
import { GlobalData } from "../sys/globaldata";
import { Machine, machine, Sched } from "../sys/machine";
import { Plant, planted } from "../sys/plant";
import { Frame, FrameHigh, Thread } from "../sys/proc";
import { Pending, Search, SearchLoop, SearchThread, search_loop } from "../sys/search";
import { td_frame, td_frame_high, td_index } from "../sys/thread";

/** True if a step of this kind changes something whatever comes of it: it is no access to memory. */
export function search_always_changes(pending: u32): bool {
  return pending != Pending.LOOK && pending != Pending.CHANGE;
}

/** True if a switch to a thread changes something: a scheduler that places threads may move the one before. */
export function search_switch_changes(m: Machine): bool {
  return m.ncpus > 1 && (m.sched != Sched.LWKT || m.user_threads != 0);
}

/** A thread has had a step that may have changed nothing, and is before its next operation. */
export function search_note_loop(s: Search, gd: GlobalData, td: Thread, sn: SearchThread): void {
  if (has_tokens(td)) return;
  const loop = search_loop(td_index(td));
  const reservation = reservation_of(gd, sn);
  if (loop.sl_version != s.s_version) {
    loop.sl_version = s.s_version;
    loop.sl_spins = 0;
    loop.sl_limit = 1;
    keep(loop, td, reservation);
  } else if (is_back(loop, td, reservation)) {
    loop.sl_spins = 1;
    s.s_spun = s.s_version;
  } else if (++loop.sl_steps == loop.sl_limit) {
    loop.sl_limit *= 2;
    keep(loop, td, reservation);
  }
}

/** True if the next step of `td`, and all after it, would only repeat what it has done since the last change. */
export function search_spins(s: Search, td: Thread): bool {
  const loop = search_loop(td_index(td));
  return loop.sl_version == s.s_version && loop.sl_spins != 0;
}

/** True for a thread whose next step is lr.w. */
export function search_reserves_next(sn: SearchThread): bool {
  return sn.sn_reserves != 0 && sn.sn_pending == Pending.LOOK;
}

/** The reservation that may be of use to the thread's code, or none. */
function reservation_of(gd: GlobalData, sn: SearchThread): u32 {
  return search_reserves_next(sn) ? NO_RESERVATION : cpu_state(gd).reservation;
}

function keep(loop: SearchLoop, td: Thread, reservation: u32): void {
  loop.sl_steps = 0;
  loop.sl_pc = td.td_pc;
  loop.sl_reservation = reservation;
  const at = registers(loop);
  memory.copy(at, changetype<usize>(td_frame(td)), offsetof<Frame>());
  if (machine().frame_high != 0) {
    memory.copy(
      at + offsetof<Frame>(),
      changetype<usize>(td_frame_high(td)),
      offsetof<FrameHigh>(),
    );
  }
}

function is_back(loop: SearchLoop, td: Thread, reservation: u32): bool {
  if (loop.sl_pc != td.td_pc || loop.sl_reservation != reservation) return false;
  const at = registers(loop);
  const frame = changetype<usize>(td_frame(td));
  const differs = memory.compare(at, frame, offsetof<Frame>()) != 0;
  if (differs && !planted(Plant.LOOP_NO_REGISTERS)) return false;
  if (machine().frame_high == 0) return true;
  const high = changetype<usize>(td_frame_high(td));
  return memory.compare(at + offsetof<Frame>(), high, offsetof<FrameHigh>()) == 0;
}

function registers(loop: SearchLoop): usize {
  return changetype<usize>(loop) + offsetof<SearchLoop>();
}
