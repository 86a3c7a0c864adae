// The A extension: load-reserved and store-conditional, and atomic operations on a word of memory. An address
// that is not a multiple of 4 is a fault. The ordering bits have no effect: all accesses are in order.
import {
  RV_BREAK,
  RV_FAULT_ILLEGAL,
  RV_FAULT_LOAD,
  RV_FAULT_MISALIGNED_ATOMIC,
  RV_FAULT_STORE,
} from "../sys/fault";
import { GlobalData } from "../sys/globaldata";
import { WATCH_LOADS, WATCH_STORES } from "../sys/watch";
import { cpu_state, NO_RESERVATION } from "./cpu_state";
import { rv_can_load, rv_can_store, rv_fault, rv_get, rv_set } from "./rv32_access";
import { is_watched } from "./rv32_break";
import { rv_funct3, rv_host_address, rv_rd, rv_rs1, rv_rs2 } from "./rv32_decode";
import { is_reserved, reservation_break, reserve } from "./rv32_reserve";

const LR: u32 = 0x02;
const SC: u32 = 0x03;

/** Executes an atomic: 0, or the event of its fault. */
export function rv_atomic(gd: GlobalData, td: usize, pc: u32, word: u32): u32 {
  const operation = word >> 27;
  if (rv_funct3(word) != 2 || !is_atomic(operation, rv_rs2(word))) {
    return rv_fault(gd, RV_FAULT_ILLEGAL, pc);
  }
  const address = rv_get(td, rv_rs1(word));
  if ((address & 3) != 0) return rv_fault(gd, RV_FAULT_MISALIGNED_ATOMIC, address);
  const rd = rv_rd(word);
  const at = rv_host_address(address);
  if (operation == LR) {
    if (!rv_can_load(address, 4)) return rv_fault(gd, RV_FAULT_LOAD, address);
    if (is_watched(WATCH_LOADS, address, 4)) return RV_BREAK;
    reserve(gd, td, address);
    rv_set(td, rd, load<u32>(at));
    return 0;
  }
  if (!rv_can_store(address, 4)) return rv_fault(gd, RV_FAULT_STORE, address);
  if (is_watched(operation == SC ? WATCH_STORES : WATCH_STORES | WATCH_LOADS, address, 4)) {
    return RV_BREAK;
  }
  const value = rv_get(td, rv_rs2(word));
  if (operation == SC) {
    const succeeds = is_reserved(gd, td, address);
    cpu_state(gd).reservation = NO_RESERVATION;
    if (succeeds) {
      store<u32>(at, value);
      reservation_break(address, 4);
    }
    rv_set(td, rd, succeeds ? 0 : 1);
    return 0;
  }
  const old = load<u32>(at);
  store<u32>(at, combine(operation, old, value));
  reservation_break(address, 4);
  rv_set(td, rd, old);
  return 0;
}

function is_atomic(operation: u32, rs2: u32): bool {
  if (operation == LR) return rs2 == 0;
  return operation < 4 || ((operation & 3) == 0 && operation <= 0x1c);
}

/** The value that an amo stores. */
function combine(operation: u32, old: u32, value: u32): u32 {
  switch (operation >> 2) {
    case 0:
      return operation == 1 ? value : old + value;
    case 1:
      return old ^ value;
    case 2:
      return old | value;
    case 3:
      return old & value;
    case 4:
      return <u32>min<i32>(old, value);
    case 5:
      return <u32>max<i32>(old, value);
    case 6:
      return min<u32>(old, value);
    default:
      return max<u32>(old, value);
  }
}
