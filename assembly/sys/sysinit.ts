// Subsystems of system start-up in their order (SYSINIT(9)): a start function must be in a later subsystem
// than what it depends on. The kernel itself acts at two of them; the others are the host's.

export const SI_SUB_TUNABLES: u32 = 0x700000;
export const SI_SUB_VM: u32 = 0x1000000;
export const SI_SUB_KMEM: u32 = 0x1800000;
export const SI_SUB_EVENTHANDLER: u32 = 0x1c00000;
/** From here on proc0 and thread0 exist: kernel threads and processes can be created. */
export const SI_SUB_INTRINSIC: u32 = 0x2200000;
/** From here on init exists. */
export const SI_SUB_CREATE_INIT: u32 = 0x2500000;
export const SI_SUB_DRIVERS: u32 = 0x3100000;
export const SI_SUB_KTHREAD_INIT: u32 = 0xe000000;
export const SI_SUB_KTHREAD_PAGE: u32 = 0xe400000;
export const SI_SUB_KTHREAD_VM: u32 = 0xe800000;
export const SI_SUB_KTHREAD_BUF: u32 = 0xea00000;
export const SI_SUB_KTHREAD_UPDATE: u32 = 0xec00000;
export const SI_SUB_KTHREAD_IDLE: u32 = 0xee00000;
export const SI_SUB_SMP: u32 = 0xf000000;
export const SI_SUB_LAST: u32 = 0xfffffff;

// Order within a subsystem.
export const SI_ORDER_FIRST: u32 = 0;
export const SI_ORDER_SECOND: u32 = 1;
export const SI_ORDER_THIRD: u32 = 2;
export const SI_ORDER_FOURTH: u32 = 3;
export const SI_ORDER_MIDDLE: u32 = 0x1000000;
export const SI_ORDER_ANY: u32 = 0xfffffff;
