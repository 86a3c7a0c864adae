// Reservations of lr.w: what ends them other than their own CPU's sc.w and kernel calls.
//
// A reservation lasts until its thread is switched away from, or another CPU stores to its word. Stores are
// not checked as they are made: only one CPU runs at a time, and hardly ever with a reservation of another
// outstanding (Machine.reserved). If one is, the loop's window of stores ends below the reserved word, as if
// memory ended there, so that a store that might hit it goes through rv32_slow, which checks.
import { cpu_bit } from "../sys/cpuset";
import { GlobalData, globaldata } from "../sys/globaldata";
import { machine } from "../sys/machine";
import { Thread } from "../sys/proc";
import { rare } from "../sys/thread";
import { CpuState, cpu_state, NO_RESERVATION } from "./cpu_state";

/**
 * Address of CPU 0's reservation, for compiled code, which makes and ends some itself: `reservation`,
 * `reserved_td`, `reserved_switches`, a word each. The next CPU's is GLOBALDATA_STRIDE further on.
 */
export function rv32_reservation(): usize {
  return changetype<usize>(cpu_state(globaldata(0))) + offsetof<CpuState>("reservation");
}

/** Ends the window of stores of a CPU's loop at guest address `end`. */
export function set_store_end(cpu: CpuState, end: u32): void {
  const room = end - min<u32>(end, cpu.store_low);
  cpu.store1_end = room;
  cpu.store2_end = max<u32>(room, 1) - 1;
  cpu.store4_end = max<u32>(room, 3) - 3;
}

/** Ends the window of loads of a CPU's loop `room` bytes behind the lowest guest address of programs. */
export function set_load_room(cpu: CpuState, room: u32): void {
  cpu.load1_end = room;
  cpu.load2_end = max<u32>(room, 1) - 1;
  cpu.load4_end = max<u32>(room, 3) - 3;
}

/** Reserves a word for a thread of the CPU, at this address. */
export function reserve(gd: GlobalData, td: usize, address: u32): void {
  const cpu = cpu_state(gd);
  cpu.reservation = address;
  cpu.reserved_td = td;
  cpu.reserved_switches = switches_of(td);
}

/** True if the thread still has the word at `address` reserved. */
export function is_reserved(gd: GlobalData, td: usize, address: u32): bool {
  return cpu_state(gd).reservation == address && is_kept(cpu_state(gd), td);
}

function is_kept(cpu: CpuState, td: usize): bool {
  return cpu.reserved_td == td && cpu.reserved_switches == switches_of(td);
}

/** Number of times that a thread was switched away from. */
function switches_of(at: usize): u32 {
  const td = changetype<Thread>(at);
  return td.td_nvcsw + rare(td).td_nivcsw;
}

/** The CPU begins to run: its own reservation is no longer outstanding; those of others may be. */
export function reservation_resume(gd: GlobalData): void {
  const m = machine();
  const cpu = cpu_state(gd);
  if (cpu.reservation != NO_RESERVATION && !is_kept(cpu, changetype<usize>(gd.gd_curthread))) {
    cpu.reservation = NO_RESERVATION;
  }
  if ((m.reserved | cpu.watches) == 0) return;
  m.reserved &= ~cpu_bit(gd.gd_cpuid);
  let end = m.store_end;
  for (let left = m.reserved; left != 0; left &= left - 1) {
    end = min<u32>(end, cpu_state(globaldata(<u32>ctz<u64>(left))).reservation);
  }
  set_store_end(cpu, end);
  cpu.watches = m.reserved;
}

/** The CPU stops running: other CPUs must not touch the word it has reserved, unless its thread is ending. */
export function reservation_suspend(gd: GlobalData, ends: bool): void {
  const cpu = cpu_state(gd);
  if (ends) cpu.reservation = NO_RESERVATION;
  if (cpu.reservation != NO_RESERVATION) machine().reserved |= cpu_bit(gd.gd_cpuid);
}

/** True if a CPU other than the running one has a reservation that a store to `size` bytes at `address` ends. */
export function is_reserved_elsewhere(address: u32, size: u32): bool {
  const m = machine();
  for (let left = m.reserved & ~cpu_bit(m.curcpu.gd_cpuid); left != 0; left &= left - 1) {
    const reservation = cpu_state(globaldata(<u32>ctz<u64>(left))).reservation;
    if (address - reservation < 4 || reservation - address < size) return true;
  }
  return false;
}

/** The running CPU has stored to `size` bytes at `address`: ends other CPUs' reservations there. */
export function reservation_break(address: u32, size: u32): void {
  const m = machine();
  for (let left = m.reserved; left != 0; left &= left - 1) {
    const cpuid = <u32>ctz<u64>(left);
    const cpu = cpu_state(globaldata(cpuid));
    if (address - cpu.reservation >= 4 && cpu.reservation - address >= size) continue;
    cpu.reservation = NO_RESERVATION;
    m.reserved &= ~cpu_bit(cpuid);
  }
}
