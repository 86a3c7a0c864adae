// A compiler transform (`asc --transform`): what the release build compiles into its callers.
//
// A call costs the kernel's short functions more than their work, above all on hosts that do not predict
// returns. Binaryen inlines what is small; here stand the functions that it leaves alone because they
// call others, although a profile shows them where every switch, create and exit passes.

import { DecoratorFlags, FunctionPrototype } from "assemblyscript";

const INLINED = `
  assembly/cpu/rv32_run/next_level
  assembly/kern/kern_switch/cpu_switch
  assembly/kern/kern_switch/switch_in
  assembly/kern/lwkt_thread/crit_exit
  assembly/kern/lwkt_thread/lwkt_switch
  assembly/kern/kern_thread/thread_alloc
  assembly/kern/kern_thread/thread_count_inc
  assembly/kern/thread_zone/thread_zone_alloc
  assembly/kern/kern_thread/thread_exit
  assembly/kern/kern_synch/tsleep_1
  assembly/kern/kern_synch/setrunnable
  assembly/kern/kern_synch/wakeup
  assembly/kern/sched/sched_throw
  assembly/kern/sched/mi_switch
  assembly/kern/sched/sched_add
  assembly/kern/sched/sched_enqueue
  assembly/kern/kern_kthread/kthread_exit
  assembly/run/quick_calls/quick_call
  assembly/run/arg/kobj_valid
  assembly/kern/kern_mutex/mtx_take
  assembly/kern/kern_mutex/mtx_owned
  assembly/run/trap/trap
  assembly/run/init_sysent/sysent
  assembly/kern/kern_timeout/callout_cancel_thread
  assembly/kern/kern_tid/tid_alloc
  assembly/kern/kern_tid/tid_free
  assembly/kern/kern_tid/tdfind
  assembly/run/search/settle
  assembly/run/search/settle_thread
  assembly/run/search/perform
  assembly/run/search/search_switch
  assembly/run/search_choose/search_choose
  assembly/run/search_choose/decide
  assembly/cpu/rv32_search/rv32_stops
  assembly/cpu/rv32_decode/rv_fetch
`;

export default class InlineTransform {
  afterInitialize(program) {
    for (const name of INLINED.trim().split(/\s+/)) {
      const element = program.elementsByName.get(name);
      if (!(element instanceof FunctionPrototype)) throw new Error(`inline: there is no ${name}`);
      element.decoratorFlags |= DecoratorFlags.Inline;
    }
  }
}
