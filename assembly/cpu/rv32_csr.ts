// Zicsr: control and status registers. Kernel programs have read-only access to the counters of the CPU that
// executes the instruction, and to its number. `cycle` and `time` are the CPU's virtual time in cycles,
// including halted time; `instret` is the number of instructions that it has executed.
import { GlobalData } from "../sys/globaldata";
import { machine } from "../sys/machine";
import { cpu_state } from "./cpu_state";
import { rv_set } from "./rv32_access";
import { rv_funct3, rv_rd, rv_rs1 } from "./rv32_decode";

const CYCLE: u32 = 0xc00;
const TIME: u32 = 0xc01;
const INSTRET: u32 = 0xc02;
const CYCLEH: u32 = 0xc80;
const TIMEH: u32 = 0xc81;
const INSTRETH: u32 = 0xc82;
const MHARTID: u32 = 0xf14;

/** Executes a csr instruction; false if it is not one, or not allowed. */
export function rv_csr(gd: GlobalData, td: usize, word: u32): bool {
  const funct3 = rv_funct3(word);
  if ((funct3 & 3) == 0) return false;
  // csrrw always writes; csrrs and csrrc do unless rs1 is x0, or the constant 0.
  if ((funct3 & 3) == 1 || rv_rs1(word) != 0) return false;
  const csr = word >> 20;
  if (!is_readable(csr)) return false;
  rv_set(td, rv_rd(word), read(gd, csr));
  return true;
}

function is_readable(csr: u32): bool {
  return (csr >= CYCLE && csr <= INSTRET) || (csr >= CYCLEH && csr <= INSTRETH) || csr == MHARTID;
}

function read(gd: GlobalData, csr: u32): u32 {
  switch (csr) {
    case CYCLE:
    case TIME:
      return <u32>cycles(gd);
    case CYCLEH:
    case TIMEH:
      return <u32>(cycles(gd) >> 32);
    case INSTRET:
      return <u32>instructions(gd);
    case INSTRETH:
      return <u32>(instructions(gd) >> 32);
    default:
      return gd.gd_cpuid;
  }
}

/** The CPU's time in cycles, at the instruction that rv32_slow executes. */
function cycles(gd: GlobalData): u64 {
  return gd.gd_cycles + (machine().cycle_cost != 0 ? cpu_state(gd).elapsed : 0);
}

/** How many instructions the CPU has executed before it. */
function instructions(gd: GlobalData): u64 {
  return gd.gd_instructions + cpu_state(gd).elapsed;
}
