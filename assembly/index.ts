// Every export, and nothing else. Exports pass 32-bit numbers only; threads, processes and CPUs are passed by
// address. The host reads structures through src/generated/layout.ts.

export { debug_mark, debug_unmark, debug_watch } from "./cpu/rv32_break";
export { rv32_compiled_op, rv32_mark, rv32_unmark } from "./cpu/rv32_compiled";
export {
  rv32_decode_text,
  rv32_decodes_to,
  rv32_is_jump_to_yield,
} from "./cpu/rv32_decode";
export { debug_csr, debug_set_csr } from "./cpu/rv32_machine_mode";
export { rv32_reservation } from "./cpu/rv32_reserve";
export { kobj_alloc } from "./kern/kern_kobj";
export { random_next } from "./kern/kern_random";
export { debug_step } from "./run/debug";
export {
  bare_proc,
  host_call,
  host_interrupt,
  host_place,
  host_raise,
  proc_set_stat,
} from "./run/host";
export { carve_arenas, machine_boot, machine_startup } from "./run/init_main";
export { machine_run, machine_step } from "./run/run";
export {
  search_begin,
  search_call,
  search_next,
  search_prepare,
  search_run,
  search_unchanged,
} from "./run/search";
export { search_backtrack, search_digest, search_pick } from "./run/search_choose";
export { search_about } from "./run/search_reach";
export { search_restart } from "./run/search_start";
