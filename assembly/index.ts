// Every export, and nothing else. Exports pass 32-bit numbers only; addresses are the identities of
// threads, processes and CPUs. The host reads structures through src/generated/layout.ts.
export { carve_arenas, machine_boot, machine_startup } from "./kern/init_main";
export { bare_proc, host_call, host_interrupt, host_raise, proc_set_stat } from "./kern/kern_host";
export { machine_run, machine_step } from "./kern/kern_run";
export { rv32_decode_text } from "./machine/rv32_decode";
