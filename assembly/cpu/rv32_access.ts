// Registers, memory and faults, for instructions that are executed from their words (rv32_slow.ts).
import { GlobalData } from "../sys/globaldata";
import { machine } from "../sys/machine";
import { cpu_state } from "./cpu_state";
import { rv_register_offset } from "./rv32_decode";

/** Event of the inner loop, low byte of rv32_run's result: a fault, with its kind (sys/fault.ts) above. */
export const RV_FAULT: u32 = 2;

/** The address of this CPU's last fault. */
export function rv32_fault_address(gd: GlobalData): u32 {
  return cpu_state(gd).fault_address;
}

/** The event of a fault at this address. */
export function rv_fault(gd: GlobalData, kind: u32, address: u32): u32 {
  cpu_state(gd).fault_address = address;
  return RV_FAULT | (kind << 8);
}

export function rv_get(td: usize, r: u32): u32 {
  return r == 0 ? 0 : load<u32>(td + rv_register_offset(r));
}

export function rv_set(td: usize, r: u32, value: u32): void {
  if (r != 0) store<u32>(td + rv_register_offset(r), value);
}

/** True if `size` bytes at `address` are in guest memory, and not below what programs may touch. */
export function rv_can_load(address: u32, size: u32): bool {
  const m = machine();
  const end = m.guest_size - size; // memory has at least a page
  return address - m.guest_origin <= end && address >= m.guest_low;
}

/** True when they may be written, too. */
export function rv_can_store(address: u32, size: u32): bool {
  const m = machine();
  return rv_can_load(address, size) && (m.metal != 0 || address >= m.text_size);
}
