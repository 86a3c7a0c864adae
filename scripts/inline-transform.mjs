// A compiler transform (`asc --transform`): what the release build compiles into its callers, and what not.
//
// A call costs the kernel's short functions more than their work, above all on hosts that do not predict
// returns. Binaryen inlines what is small; in INLINED stand the functions that it leaves alone because they
// call others, although a profile shows them where every switch, create and exit passes. What the build's
// training hardly enters stays a call (scripts/rare.mjs), and so does what stands in COLD, which is entered, but not
// always: Binaryen would put a long function that is called from one place into a short one that is called
// everywhere, and then leave that one alone.

import { DecoratorFlags, FunctionPrototype } from "assemblyscript";
import binaryen from "binaryen";

const INLINED = namesOf(`
  assembly/cpu/rv32_run/next_level
  assembly/kern/kern_switch/cpu_switch
  assembly/kern/kern_switch/switch_in
  assembly/kern/lwkt_thread/_lwkt_dequeue
  assembly/kern/lwkt_thread/_lwkt_dequeue_of
  assembly/kern/lwkt_thread/crit_exit
  assembly/kern/lwkt_thread/lwkt_switch
  assembly/kern/lwkt_thread/lwkt_switch_of
  assembly/kern/kern_thread/thread_alloc
  assembly/kern/kern_thread/thread_count_inc
  assembly/kern/thread_zone/thread_zone_alloc
  assembly/kern/kern_thread/thread_exit
  assembly/kern/thread_gone/thread_gone
  assembly/kern/subr_turnstile/turnstile_forget
  assembly/kern/subr_turnstile/turnstile_block
  assembly/kern/subr_turnstile/turnstile_own
  assembly/kern/subr_turnstile/turnstile_unclaim
  assembly/kern/subr_turnstile/turnstile_wake
  assembly/kern/kern_synch/sleep_checked
  assembly/kern/kern_synch/sleepq_enter
  assembly/kern/kern_synch/sleepq_wait
  assembly/kern/kern_synch/sleepq_wake
  assembly/kern/kern_synch/tsleep_1
  assembly/kern/kern_synch/setrunnable
  assembly/kern/kern_synch/wakeup
  assembly/kern/lwkt_ipiq/carry_out
  assembly/kern/lwkt_ipiq/deliver
  assembly/kern/lwkt_ipiq/ipi_boundary
  assembly/kern/lwkt_ipiq/letters_due
  assembly/kern/lwkt_ipiq/letters_new
  assembly/kern/lwkt_ipiq/receive_run
  assembly/kern/lwkt_thread/lwkt_choose
  assembly/kern/lwkt_token/line_look
  assembly/kern/lwkt_token/lwkt_reltoken
  assembly/kern/lwkt_token/token_lines
  assembly/kern/sched/sched_check_preempt
  assembly/kern/sched/sched_sleep
  assembly/kern/sched/sched_gone
  assembly/kern/sched/sched_throw
  assembly/kern/sched/mi_switch
  assembly/kern/sched/mi_switch_out
  assembly/kern/sched/sched_add
  assembly/kern/sched/sched_enqueue
  assembly/kern/kern_kthread/kthread_exit
  assembly/run/quick_calls/quick_call
  assembly/run/arg/kobj_valid
  assembly/kern/kern_mutex/mtx_take
  assembly/kern/kern_mutex/mtx_owned
  assembly/run/cont_table/cont_run
  assembly/run/run/round_begin
  assembly/run/run/slice_begin
  assembly/run/run/slice_run
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
`);

export const COLD = namesOf(`
  assembly/cpu/rv32_run/begin_again
  assembly/cpu/rv32_run/is_over
  assembly/cpu/rv32_run/level_goes_on
  assembly/cpu/rv32_slow/rv32_slow
  assembly/cpu/rv32_yield/shared_level
  assembly/cpu/rv32_yield/touch_ahead
  assembly/cpu/rv32_yield/users_level
  assembly/kern/kern_switch/count_involuntary
  assembly/kern/kern_switch/note_running
  assembly/kern/kern_stats/note_wakeup
  assembly/kern/kern_stats/stats_running
  assembly/kern/kern_timeout/callout_bound
  assembly/kern/kern_timeout/softclock
  assembly/kern/kern_single/thread_suspend_check
  assembly/kern/lwkt_ipiq/carry_out_all
  assembly/kern/lwkt_modern/modern_turn_over
  assembly/kern/lwkt_thread/lwkt_yield_invol
  assembly/kern/lwkt_usched/user_better
  assembly/kern/lwkt_usched/user_dequeue
  assembly/kern/lwkt_usched/user_enqueue
  assembly/kern/lwkt_usched/user_holds
  assembly/kern/lwkt_usched/user_requeue
  assembly/kern/lwkt_usched/user_switch
  assembly/kern/sched/enqueue
  assembly/kern/sched/note_runnable
  assembly/kern/sched/sched_boundary
  assembly/kern/sched/sched_prio
  assembly/kern/sched/sched_lend_here
  assembly/kern/sched/share_gone
  assembly/kern/sched/share_switch
  assembly/kern/sched/takes_cpu
  assembly/kern/sched_clock/sched_clock
  assembly/kern/sched_clock/sched_seconds
  assembly/kern/sched_turn/sched_turned
  assembly/kern/sched_turn/sched_turns_begin
  assembly/kern/sched_turn/sched_turns_end
  assembly/kern/sched_ule/should_preempt
  assembly/kern/sched_ule/ule_sleep
  assembly/kern/subr_turnstile/turnstile_hand_over
  assembly/run/quiet/quiet_until
  assembly/run/run/reschedule
  assembly/sys/chunklist/list_grow
`);

/** Keeps Binaryen from compiling these functions into others, in a module that has their names; "*" are all. */
export function keepCalls(module, names) {
  for (const name of names) {
    for (const pattern of [name, `${name}<*`]) {
      // a generic function has its types behind its name
      binaryen.setPassArgument("no-inline", pattern);
      module.runPasses(["no-inline"]);
    }
  }
  binaryen.clearPassArguments();
}

function namesOf(list) {
  return list.trim().split(/\s+/);
}

function functionOf(program, name) {
  const element = program.elementsByName.get(name);
  if (element instanceof FunctionPrototype) return element;
  throw new Error(`inline: there is no ${name}`);
}

export default class InlineTransform {
  afterInitialize(program) {
    for (const name of INLINED) {
      functionOf(program, name).decoratorFlags |= DecoratorFlags.Inline;
    }
    for (const name of COLD) functionOf(program, name);
  }

  afterCompile(module) {
    keepCalls(module, ["*"]); // inlining comes when it is known which functions are rare
  }
}
