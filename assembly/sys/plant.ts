// Faults that can be planted in the check build, to see that the tests find them: Machine.plant is the number of the
// one that is in. The release build has none of this, not even the question.
import { machine } from "./machine";

/** What each fault breaks. docs/reliability.md tells which suite finds which. */
export enum Plant {
  NONE = 0,
  // Messages (kern/lwkt_ipiq.ts).
  ASK_RUN_LOST = 1, //       a thread that is asked something else already is not asked to run
  RUN_NEVER_LAST = 2, //     deschedule wins over a later schedule
  STOP_NEVER_LAST = 3, //    schedule wins over a later deschedule
  SETPRI_NEVER_LAST = 4, //  sched_prio wins over a later lwkt_setpri
  CLOSED_OWNER = 5, //       letters are carried out in critical sections
  CLOSED_WAIT = 6, //        a thread is taken off a wait structure whose token's CPU is in a critical section
  DUE_OUTLIVES = 7, //       what is due of a thread outlives it
  NEW_OUTLIVES = 8, //       what was asked of a thread in this round outlives it
  DUE_LOST = 9, //           a letter that had to stay is forgotten
  MOVE_WORD = 10, //         a thread that is to be moved goes to CPU 0
  SHIFT_LOST = 11, //        of what is asked between two rounds the last is forgotten
  NO_WAKE = 12, //           a halted CPU is not woken
  PRIO_NO_BASE = 13, //      a base priority set by message is not set
  PRIO_NO_LEVEL = 14, //     a priority set by message does not change the level
  PRIO_AT_ONCE = 15, //      a priority of another CPU's thread is set at once, its level by message
  // Tokens (kern/lwkt_token.ts).
  TOKEN_LATE = 16, //        a token waits for ever for the thread that it came for
  TOKEN_CLOSED = 17, //      a token is taken from a critical section
  GRANT_KEEPS = 18, //       a thread that has its token stays on the run queue that it was not on before
  LINE_LIFO = 19, //         who comes last is first in line
  NO_FORGO = 20, //          a token is kept for a thread that was moved or descheduled
  // Moving (kern/lwkt_migrate.ts).
  ARRIVE_LOSES_TURN = 21, // a thread that moved itself while it was off the run queue does not go on
  MOVE_WAKES = 22, //        moving wakes a thread that is about to block
  TRANSIT_MINE = 23, //      a CPU acts at once on a thread that is still on its way to it
  MOVE_LOSES_RUN = 24, //    a thread that is moved is not runnable afterwards
  AFFINITY_OUTLIVES = 25, // the CPUs that a thread must not run on outlive it
  AFFINITY_IGNORED = 26, //  threads are moved to CPUs that they must not run on
  AFFINITY_FORGOTTEN = 27, // new threads do not inherit the CPUs of their maker
  // Suspension (kern/kern_ast.ts, kern_single.ts, sched.ts).
  AST_UNTOLD = 28, //        threads of other CPUs are not told to look
  AST_FORGOTTEN = 29, //     a thread in a kernel call does not look when it returns
  UNSUSPEND_COUNT = 30, //   a thread that goes on is still counted as suspended at the boundary
  ADD_RUNNING = 31, //       sched_add of a thread that runs elsewhere changes its state
  // What is remembered of threads (kern/sched_4bsd.ts, sched_ule.ts): test/property/sched-scores.test.ts finds these.
  SCORE_NO_DECAY = 60, //    ule: times of run and sleep grow for ever
  SCORE_SLEEP_LOST = 61, //  ule: sleep does not count
  SCORE_WINDOW = 62, //      ule: use of the CPU is never forgotten
  SCORE_SLICE_LOAD = 63, //  ule: a slice is a whole one, however many share the CPU
  SCORE_NICE_LOST = 64, //   nice values make no difference
  SCORE_FORK_SLICE = 65, //  a new thread has a whole slice
  SCORE_EXIT_FREE = 66, //   nobody is charged for a thread that ends
  SCORE_NO_LIMIT = 67, //    4bsd: use of CPUs has no limit
  SCORE_SLEEPER = 68, //     4bsd: the use of one that sleeps does not decay when it wakes
  SCORE_SECOND = 69, //      4bsd: the use of one that sleeps decays at each second
  SCORE_LOAD = 70, //        4bsd: the load average leaves out who waits
  SCORE_IDLE_UNTOLD = 71, // 4bsd: idle CPUs are not interrupted
  SCORE_NO_STEAL = 72, //    ule: idle CPUs steal nothing
  SCORE_NO_BALANCE = 73, //  ule: the balancer moves nothing
  IDLE_LEFT = 74, //         4bsd: idle CPUs do not look at the machine's queue by themselves
  // lwkt-modern (kern/lwkt_modern.ts, lwkt_tokref.ts).
  MODERN_NO_TAIL = 75, //    who gives up the CPU stays in front of its equals
  MODERN_NO_TICK = 76, //    a tick does not end a turn
  MODERN_LOSES_TURN = 77, // who loses the CPU to a better thread goes behind its equals
  TOKEN_KEPT = 78, //        a thread that leaves its CPU keeps its tokens
  TOKEN_NOT_HAD = 79, //     a thread runs again without its tokens
  TOKEN_PARTLY = 80, //      a thread that cannot have all its tokens keeps those that it can
  TOKEN_SHARED_ALONE = 81, // readers exclude each other
  TOKEN_NO_REQUEST = 82, //  new readers pass who wants a token alone
  TOKEN_PREEMPTS = 83, //    a thread that waits for tokens preempts
  TOKEN_OUTLIVES = 84, //    a thread's tokens outlive it
  // Deadlines (kern/sched_deadline.ts) and groups of CPUs (kern/sched_group.ts, sched_ule.ts).
  DL_ORDER = 85, //          an earlier deadline takes the CPU from no later one
  DL_BUDGET = 86, //         a budget has no end
  DL_REPLENISH = 87, //      a budget is whole again as soon as it is used
  DL_ADMISSION = 88, //      CPUs promise all that they are asked for
  DL_WAKE = 89, //           who wakes has a whole budget and a new deadline
  GROUP_FLAT = 90, //        the least loaded CPU is taken, whatever its group has to do
  GROUP_COLD = 91, //        caches are never warm
  GROUP_CORE = 92, //        a thread goes back to its CPU although its core has others
  GROUP_FAR = 93, //         idle CPUs steal from anywhere at once
  GROUP_BALANCE = 94, //     the balancer leaves threads that run alone where they are
  // Reaping (kern/thread_gone.ts, thread_zone.ts).
  PEND_OUTLIVES = 32, //     a pended interrupt outlives its thread
  LINE_OUTLIVES = 33, //     an interrupt line outlives its thread
  PREEMPTED_LOOKS = 34, //   a preempted thread looks at the one that preempted it, which is gone
  NO_RECLAIM = 35, //        structures that CPUs keep are out of reach
  // Lending (kern/subr_turnstile.ts).
  LEND_ONE_STEP = 36, //     who waits lends to the owner of the lock, and to nobody behind it
  LEND_OUTLIVES = 37, //     what is lent is kept when the lock is released
  LEND_ALL_UNDONE = 38, //   what those lend that wait for another lock is undone with it
  LEND_NOT_HEIR = 39, //     who gets a lock borrows nothing from those that still wait for it
  LEND_KEEPS_PLACE = 40, //  a thread that waits and is lent to keeps its place in the queue
  LEND_NOT_SHARED = 41, //   those that wait to share a lock lend nothing
  LEND_ONLY_BETTER = 42, //  what is lent does not get worse when the priority of who lends it does
  LEND_UNTOLD = 43, //       a thread of another CPU is not queued by what it is lent
  // User threads under lwkt (kern/lwkt_usched.ts).
  USER_STAYS = 44, //        idle CPUs pull nothing
  USER_SET_IGNORED = 45, //  user threads are given to CPUs that they must not run on
  USER_LOAD_STAYS = 46, //   a thread that leaves a CPU weighs there still
  USER_LEVEL_STALE = 47, //  a thread that waits keeps its place when its priority changes
  USER_SLOT_KEPT = 48, //    a holder that does not run keeps the slot from a better thread
  USER_NO_ACCOUNT = 49, //   who waits is forgotten when a second is over
  USER_LOSES_TURN = 107, //  who loses the slot to a better thread goes behind its equals
  USER_PULL_ANY = 108, //    idle CPUs pull from any CPU, and not from the one with the highest load
  // What needs another order of CPUs, other slices or messages that are late: storms of the usual rounds miss these.
  RUN_AHEAD = 50, //         a thread whose CPU had its turn before one with a lower number is not asked to run by that
  LINE_AHEAD = 51, //        nor does one get a token that such a CPU owns
  LATE_FORGOTTEN = 52, //    a letter that is late twice is forgotten
  SHORT_FORGOTTEN = 53, //   a thread is not made runnable at the beginning of a round of a few cycles
  // Read-mostly locks (kern/kern_rmlock.ts) and the lock manager (kern/kern_lock.ts): test/property/lock-rules.test.ts.
  RM_READER_PASSES = 99, //  readers come in while a thread waits to have the lock alone
  RM_WRITER_EARLY = 100, //  who wants the lock alone waits for one reader only, and not for several
  RM_AGAIN_WAITS = 101, //   a reader waits for who waits for it, although it may recurse
  RM_SLEEP_SHARES = 102, //  who slept with the lock alone shares it afterwards
  LK_SHARER_PASSES = 103, // sharers come in while a thread waits to have the lock alone
  LK_DOWNGRADE_WAKES = 105, // turning a lock into a shared one wakes those that wait
  LK_DRAIN_FIRST = 106, //   a drain does not wait for those that wait
  // Waits (kern/kern_sema.ts, kern_condvar.ts, kern_lock.ts, kern_cpuset.ts): storms of waits find these.
  SEMA_ONE_WAKE = 114, //    a second unit of a semaphore wakes nobody
  SEMA_SHORT = 115, //       who finds no unit when it is woken does not wait for the rest of its time
  CV_BROADCAST_ONE = 116, // cv_broadcast wakes the first
  BARRIER_EARLY = 117, //    whoever wakes who waits at a barrier opens it
  LK_NO_REWAKE = 118, //     who was woken for a lock, and gives up, leaves the others asleep
  LK_FAIL_COUNTS = 119, //   a lock is kept for those that give up once they have waited
  WAKE_FIRST = 130, //       who wakes one sleeper wakes the first
  WAKE_RANK_UNSEEN = 131, // nobody sees that sleepers of a channel are not equal
  SET_ASLEEP = 120, //       a thread of another CPU that sleeps stays where it must not run
  // Tokens that are tried for, and those of the pool (kern/lwkt_tokref.ts, lwkt_token.ts, lwkt_pool.ts).
  TOKEN_TRY_MARKS = 109, //  who only tries for a token makes new readers wait
  TRY_AWAY = 110, //         lwkt: who tries for a token has it, whichever CPU owns it
  POOL_ONE = 111, //         all addresses have one token
  // Priorities (kern/sched.ts).
  RANK_WAITS = 112, //       a thread that waits and gets a better priority takes the CPU from nobody
  // What rounds go by, so that they cost busy CPUs only (run/run.ts, quiet.ts): storms of rounds find these.
  CALLOUT_UNBOUND = 121, //  a callout that comes before all others is not waited for
  ARRIVAL_LOST = 122, //     threads that are to be placed are not
  ENOUGH_MORE = 123, //      ule: idle CPUs look for somebody with one thread more than they need
  COMPUTE_TOLD = 124, //     a CPU that computes through a round does not look at what it is told
  COMPUTE_TICKS = 125, //    nor at its scheduler's clock
  PASS_MESSAGE = 126, //     an idle CPU halts although it has a message
  TICKS_SHORT = 127, //      lwkt-modern: of the ticks in a quiet stretch the last may be forgotten
  QUIET_BUDGET = 128, //     a quiet stretch goes on behind the end of a budget
  TURN_LOST = 129, //        a halted CPU that is to look at its queues has no turn
  // Event handlers (kern/subr_eventhandler.ts): test/property/event-handlers.test.ts finds these.
  EVENT_DEAD_GONE = 132, //  a handler that is deregistered goes at once, whoever stands at it
  EVENT_NO_DRAIN = 133, //   who deregisters one does not wait
  EVENT_DEAD_RANKS = 134, // a handler that is deregistered keeps its rank
  // What a search takes steps to reach (run/search_reach.ts): test/property/search-reach.test.ts finds these.
  REACH_NO_CHAIN = 96, //    what the owner of a lock waits for is of no account
  REACH_NO_PROMISE = 97, //  nor is what CPUs promise to threads with deadlines
  REACH_NO_CRITICAL = 98, // nor are critical sections
  REACH_NOBODY = 4096, //    and the number of a kernel call: that one concerns nobody
}

/** True if a fault is in that is there for each kernel call, for this one. */
export function planted_call(plant: Plant, nr: u32): bool {
  if (INVARIANTS) return machine().plant == <u32>plant + nr;
  return false;
}

/** True if a fault is in: never in the release build. */
export function planted(plant: Plant): bool {
  if (INVARIANTS) return machine().plant == <u32>plant;
  return false;
}
