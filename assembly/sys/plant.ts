// Faults that can be planted in the check build, to see that the tests find them: Machine.plant is the number
// of the planted one. The release build contains none of this, not even the test for it.
import { machine } from "./machine";

/** What each fault breaks. docs/reliability.md says which suite finds which. */
export enum Plant {
  NONE = 0,
  // Messages (kern/lwkt_ipiq.ts).
  ASK_RUN_LOST = 1, //       a thread with another pending request is not asked to run
  RUN_NEVER_LAST = 2, //     deschedule wins over a later schedule
  STOP_NEVER_LAST = 3, //    schedule wins over a later deschedule
  SETPRI_NEVER_LAST = 4, //  sched_prio wins over a later lwkt_setpri
  CLOSED_OWNER = 5, //       letters are carried out in critical sections
  CLOSED_WAIT = 6, //        a thread is taken off a wait structure whose token's owner is in a critical section
  DUE_OUTLIVES = 7, //       requests that are due for a thread outlive it
  NEW_OUTLIVES = 8, //       requests made for a thread in this round outlive it
  DUE_LOST = 9, //           a letter that could not be carried out is forgotten
  MOVE_WORD = 10, //         a thread that is to be moved always goes to CPU 0
  SHIFT_LOST = 11, //        of the requests made between two rounds the last one is forgotten
  NO_WAKE = 12, //           a halted CPU is not woken
  PRIO_NO_BASE = 13, //      a base priority set by message is not set
  PRIO_NO_LEVEL = 14, //     a priority set by message does not change the level
  PRIO_AT_ONCE = 15, //      a priority of another CPU's thread is set at once, its level by message
  // Tokens (kern/lwkt_token.ts).
  TOKEN_LATE = 16, //        a token waits for ever for the thread that it was granted to
  TOKEN_CLOSED = 17, //      a token is taken from a CPU in a critical section
  GRANT_KEEPS = 18, //       a thread that has its token stays on a run queue that it was not on before
  LINE_LIFO = 19, //         the last to arrive is first in line
  TAKE_CLOSED = 135, //      a token is taken at once from a CPU in a critical section
  TAKE_LINE = 136, //        a token is taken past those that wait for it
  TAKE_GRANTED = 137, //     a token is taken although it is kept for a thread that has not run yet
  UNINIT_BLIND = 143, //     tokens and wait structures are freed although a thread will come back to them
  NO_FORGO = 20, //          a token is kept for a thread that was moved or descheduled
  // Moving (kern/lwkt_migrate.ts).
  RETRY_EXCLUDED = 173, //   a move that was put off is made although the thread's set excludes its CPU now
  SET_PINS = 176, //         a thread whose set excludes its CPU stays on the first one of the set
  ARRIVE_LOSES_TURN = 21, // a thread that moved itself while it was off the run queue does not continue
  MOVE_WAKES = 22, //        moving wakes a thread that is about to block
  TRANSIT_MINE = 23, //      a CPU acts at once on a thread that is still on its way to it
  MOVE_LOSES_RUN = 24, //    a thread that is moved is not runnable afterwards
  AFFINITY_OUTLIVES = 25, // a thread's set of excluded CPUs outlives it
  AFFINITY_IGNORED = 26, //  threads are moved to CPUs that they must not run on
  AFFINITY_FORGOTTEN = 27, // new threads do not inherit the CPU set of their creator
  // Suspension (kern/kern_ast.ts, kern_single.ts, sched.ts).
  AST_UNTOLD = 28, //        threads of other CPUs are not told to handle their ASTs
  AST_FORGOTTEN = 29, //     a thread in a kernel call does not handle its ASTs when it returns
  UNSUSPEND_COUNT = 30, //   a resumed thread is still counted as suspended at the boundary
  ADD_RUNNING = 31, //       sched_add of a thread that is running elsewhere changes its state
  // History of threads (kern/sched_4bsd.ts, sched_ule.ts): test/property/sched-scores.test.ts finds these.
  SCORE_NO_DECAY = 60, //    ule: run time and sleep time grow for ever
  SCORE_SLEEP_LOST = 61, //  ule: sleep does not count
  SCORE_WINDOW = 62, //      ule: CPU use is never forgotten
  SCORE_SLICE_LOAD = 63, //  ule: the length of a slice does not depend on how many threads share the CPU
  SCORE_NICE_LOST = 64, //   nice values make no difference
  SCORE_FORK_SLICE = 65, //  a new thread gets a whole slice
  SCORE_EXIT_FREE = 66, //   a thread that exits charges its CPU use to nobody
  SCORE_NO_LIMIT = 67, //    4bsd: the estimate of CPU use has no limit
  SCORE_SLEEPER = 68, //     4bsd: a sleeper's CPU use does not decay when it wakes up
  SCORE_SECOND = 69, //      4bsd: a sleeper's CPU use decays every second
  SCORE_LOCK_SLEPT = 191, // 4bsd: CPU use does not decay for the time that a thread waited for a mutex
  SCORE_SX_AWAKE = 192, //   waiting for an sx does not count as sleep
  SCORE_FORK_STALE = 193, // ule: a thread that makes a process keeps its priority until its next tick
  SCORE_LOAD = 70, //        4bsd: the load average omits waiting threads
  SCORE_IDLE_UNTOLD = 71, // 4bsd: idle CPUs are not interrupted
  SCORE_NO_STEAL = 72, //    ule: idle CPUs steal nothing
  SCORE_NO_BALANCE = 73, //  ule: the balancer moves nothing
  IDLE_LEFT = 74, //         4bsd: idle CPUs do not look at the machine's queue on their own
  // lwkt-modern (kern/lwkt_modern.ts, lwkt_tokref.ts).
  MODERN_NO_TAIL = 75, //    a thread that yields stays in front of its equals
  MODERN_NO_TICK = 76, //    a tick does not end a turn
  MODERN_LOSES_TURN = 77, // a thread preempted by a better one goes behind its equals
  TOKEN_KEPT = 78, //        a thread that leaves its CPU keeps its tokens
  TOKEN_NOT_HAD = 79, //     a thread runs again without its tokens
  TOKEN_PARTLY = 80, //      a thread that cannot have all its tokens keeps those that it could get
  TOKEN_SHARED_ALONE = 81, // readers exclude each other
  TOKEN_NO_REQUEST = 82, //  new readers pass a thread that waits for exclusive ownership
  TOKEN_IN_TURN = 195, //    the CPUs whose readers pass a thread that waits for exclusive ownership take turns
  TOKEN_PREEMPTS = 83, //    a thread that waits for tokens preempts
  TOKEN_OUTLIVES = 84, //    a thread's tokens outlive it
  // Deadlines (kern/sched_deadline.ts) and groups of CPUs (kern/sched_group.ts, sched_ule.ts).
  DL_ORDER = 85, //          a thread with an earlier deadline does not preempt one with a later deadline
  DL_BUDGET = 86, //         a budget never runs out
  DL_REPLENISH = 87, //      a budget is replenished as soon as it is used up
  DL_ADMISSION = 88, //      CPUs admit every request
  DL_WAKE = 89, //           a thread that wakes up gets a whole budget and a new deadline
  DL_ASKS_AGAIN = 187, //    a thread that asks for a deadline again gets a new budget
  DL_EARLY = 188, //         a thread that wakes after its deadline begins a period, though the last one is not over
  GROUP_FLAT = 90, //        the least loaded CPU is taken, whatever the load of its group
  GROUP_COLD = 91, //        caches are never warm
  GROUP_CORE = 92, //        a thread goes back to its CPU although the core's other CPUs are busy
  GROUP_FAR = 93, //         idle CPUs steal from anywhere at once
  GROUP_BALANCE = 94, //     the balancer does not move a thread that is alone on its CPU
  // Reaping (kern/thread_gone.ts, thread_zone.ts).
  PEND_OUTLIVES = 32, //     a pended interrupt outlives its thread
  LINE_OUTLIVES = 33, //     an interrupt line outlives its thread
  PREEMPTED_LOOKS = 34, //   a preempted thread refers to the thread that preempted it, which is gone
  NO_RECLAIM = 35, //        structures cached by CPUs cannot be reclaimed
  // Lending (kern/subr_turnstile.ts).
  LEND_ONE_STEP = 36, //     a waiter lends to the owner of its lock, but not along the chain of owners
  LEND_OUTLIVES = 37, //     a lent priority is kept when the lock is released
  LEND_ALL_UNDONE = 38, //   releasing a lock also undoes what waiters for another lock lend
  LEND_NOT_HEIR = 39, //     the next owner of a lock borrows nothing from the remaining waiters
  LEND_KEEPS_PLACE = 40, //  a waiter that borrows keeps its place in the queue
  LEND_NOT_SHARED = 41, //   those that wait to share a lock lend nothing
  LEND_ONLY_BETTER = 42, //  a lent priority does not drop when the lender's priority does
  LEND_UNTOLD = 43, //       a thread of another CPU is not requeued by its borrowed priority
  // Lending of deadlines (kern/subr_turnstile.ts); test/unit/deadline-lending.test.ts finds the last two.
  LEND_NO_DEADLINE = 180, // the owner of a lock borrows the priority of deadlines, but no deadline
  LEND_DEADLINE_ARRIVAL = 181, // waiters with deadlines stand in the order of arrival
  LENT_UNTOLD = 182, //      a runnable thread whose deadline changes does not preempt, nor is it preempted
  LENT_SLEEPS = 183, //      a thread without budget sleeps on while it borrows a priority
  // WITNESS (kern/subr_witness.ts): test/property/witness.test.ts finds these.
  WITNESS_DIRECT = 184, //   orders through other locks are not known
  WITNESS_SPIN_TYPE = 185, // a spin mutex and a mutex of one name are of one type
  WITNESS_ALL_HELD = 186, // all locks held are compared, though the order from the latest one is known
  // User threads under lwkt (kern/lwkt_usched.ts).
  USER_STAYS = 44, //        idle CPUs pull nothing
  USER_SET_IGNORED = 45, //  user threads are placed on CPUs that they must not run on
  USER_LOAD_STAYS = 46, //   a thread that leaves a CPU still counts in that CPU's load
  USER_LEVEL_STALE = 47, //  a queued thread keeps its place when its priority changes
  USER_SLOT_KEPT = 48, //    a holder that does not run keeps the slot from a better thread
  USER_NO_ACCOUNT = 49, //   queued threads are left out of the accounting at the end of a second
  USER_LOSES_TURN = 107, //  a thread that loses the slot to a better one goes behind its equals
  USER_PULL_ANY = 108, //    idle CPUs pull from any CPU, not from the one with the highest load
  // These need another order of CPUs, other slices, or delayed messages: storms of ordinary rounds miss them.
  RUN_AHEAD = 50, //         a thread whose CPU, with a higher number, has had its turn is not asked to run
  LINE_AHEAD = 51, //        a thread does not get a token owned by such a CPU
  LATE_FORGOTTEN = 52, //    a letter that is delayed twice is forgotten
  SHORT_FORGOTTEN = 53, //   a thread is not made runnable at the start of a round of only a few cycles
  // Read-mostly locks (kern/kern_rmlock.ts) and the lock manager (kern/kern_lock.ts): test/property/lock-rules.test.ts.
  RM_READER_PASSES = 99, //  readers enter while a writer waits
  RM_WRITER_EARLY = 100, //  a writer waits for one of several readers only
  RM_AGAIN_WAITS = 101, //   a reader that may recurse waits for a writer that waits for it
  RM_SLEEP_SHARES = 102, //  a writer that slept with the lock shares it afterwards
  LK_SHARER_PASSES = 103, // sharers enter while a thread waits for exclusive ownership
  LK_DOWNGRADE_WAKES = 105, // a downgrade wakes waiters
  LK_DRAIN_FIRST = 106, //   a drain does not wait for earlier waiters
  // Waits (kern/kern_sema.ts, kern_condvar.ts, kern_lock.ts, kern_cpuset.ts): storms of waits find these.
  SEMA_ONE_WAKE = 114, //    a second unit of a semaphore wakes no waiter
  SEMA_SHORT = 115, //       a waiter that wakes up and finds no unit does not wait for the rest of its time
  CV_BROADCAST_ONE = 116, // cv_broadcast wakes only the first waiter
  BARRIER_EARLY = 117, //    waking a waiter of a barrier opens the barrier
  LK_NO_REWAKE = 118, //     a woken waiter that gives up leaves the other waiters asleep
  LK_FAIL_COUNTS = 119, //   a lock is reserved for waiters that give up after waiting
  WAKE_FIRST = 130, //       wakeup_one wakes the first sleeper instead of the best one
  WAKE_RANK_UNSEEN = 131, // unequal ranks among the sleepers of a channel go unnoticed
  SPIN_RETURNS = 174, //     a thread that spins for a lock counts as back in its body
  SET_ASLEEP = 120, //       a sleeping thread of another CPU stays on a CPU that it must not run on
  // Tries for tokens, and pool tokens (kern/lwkt_tokref.ts, lwkt_token.ts, lwkt_pool.ts).
  TOKEN_TRY_MARKS = 109, //  a failed try for a token makes new readers wait
  TRY_AWAY = 110, //         lwkt: a try for a token succeeds whichever CPU owns it
  POOL_ONE = 111, //         all addresses share one token
  // Priorities (kern/sched.ts).
  RANK_WAITS = 112, //       a waiting thread whose priority improves does not preempt
  // What lets idle and quiet CPUs cost nothing in a round (run/run.ts, quiet.ts): storms of rounds find these.
  CALLOUT_UNBOUND = 121, //  a new earliest callout is not taken into account
  ARRIVAL_LOST = 122, //     threads that are to be placed are not placed
  ENOUGH_MORE = 123, //      ule: idle CPUs look for a CPU with one more thread than they need
  COMPUTE_TOLD = 124, //     a CPU that computes throughout a round ignores its messages
  COMPUTE_TICKS = 125, //    a CPU that computes throughout a round ignores its scheduler's clock
  PASS_PENDED = 138, //      an idle CPU halts although interrupt threads are pended on it
  PASS_MESSAGE = 126, //     an idle CPU halts although it has a message
  TICKS_SHORT = 127, //      lwkt-modern: the last tick of a quiet stretch may be lost
  QUIET_BUDGET = 128, //     a quiet stretch continues past the end of a budget
  TURN_LOST = 129, //        a halted CPU that should look at its queues gets no turn
  // Event handlers (kern/subr_eventhandler.ts): test/property/event-handlers.test.ts finds these.
  EVENT_DEAD_GONE = 132, //  a deregistered handler is removed at once, even if a thread is at it
  EVENT_NO_DRAIN = 133, //   deregistering a handler does not wait
  EVENT_DEAD_RANKS = 134, // a deregistered handler keeps its rank
  EVENT_WAKES_DEAD = 140, // the end of a run in which no handler died wakes no thread
  // More of the scheduler of user threads (kern/lwkt_usched.ts): user-queues and user-shares find these.
  USER_SHUT_OUT = 141, //    threads go to CPUs that one of a better class keeps
  USER_SHUT_IN = 142, //     threads stay on CPUs that one of a better class keeps
  USER_REAL_LOAD = 175, //   real-time threads go by load, whatever runs on a CPU
  // Schedulers in JavaScript: test/unit/sched-host.test.ts finds this.
  HOST_NICE_STALE = 194, //  a scheduler is not told that a waiting thread has lost its nice value
  // How a search judges the reach of a step (run/search_reach.ts): test/property/search-reach.test.ts finds
  // these.
  REACH_NO_CHAIN = 96, //    what the owner of a lock waits for is ignored
  REACH_NO_PROMISE = 97, //  CPU shares reserved for deadlines are ignored
  REACH_NO_CRITICAL = 98, // critical sections are ignored
  // The same: test/property/search-reduction.test.ts finds these.
  REACH_NO_YIELD = 163, //   yields are ignored
  REACH_NO_RESERVE = 164, // reservations are ignored
  REACH_NO_CPUS = 165, //    that the CPUs of threads matter is not learned
  REACH_NO_WAKE = 166, //    nothing is tried again where a thread is held back
  // Which threads a search knows to spin (run/search_loop.ts): test/property/search-loops.test.ts finds these.
  LOOP_NO_REGISTERS = 151, // the lower registers are not compared
  LOOP_NO_STORES = 152, //  a store changes nothing
  LOOP_UNSEEN = 153, //     what a thread waits for that has no end of steps stays unknown
  // A search for races: test/unit/search-choices.test.ts and search-fences.test.ts find these.
  RACE_NO_FENCES = 144, //   fences order nothing
  RACE_NO_CRITICAL = 190, // critical sections order nothing
  REACH_NOBODY = 4096, //    plus the number of a kernel call: that call is taken to concern no other thread
}

/** True if the planted fault is `plant`, one that there is for each kernel call, for call `nr`. */
export function planted_call(plant: Plant, nr: u32): bool {
  if (INVARIANTS) return machine().plant == <u32>plant + nr;
  return false;
}

/** True if this fault is planted: never in the release build. */
export function planted(plant: Plant): bool {
  if (INVARIANTS) return machine().plant == <u32>plant;
  return false;
}
