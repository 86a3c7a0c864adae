// More of what threads do, less common than the jobs of main.ts, but not rare: without these, the build would take it for
// rare.

import { LK_EXCLUSIVE, LK_RELEASE, LK_SHARED, MTX_RECURSE } from "../../src/generated/layout.js";
import { sys } from "../../src/machine/calls.js";
import { channel, label, string } from "../../src/program/index.js";
import { add, type Code, type Job, lock, made, pause } from "./job.js";

/** Threads for which a queue is longer than the processor's caches, so that the kernel looks ahead. */
const LONG_QUEUE = 17_000;
/** Ids of threads in the machine that has few to spare, and those that are to spare. */
const IDS = 130;
const IDS_SPARE = 6;

/** Sleeps until nobody comes. */
const asleep: Code = (b) => b.call("tsleep", channel("nobody"), 0, string("asleep"), 0);

/** Jobs of every scheduler, with its way to yield. */
export function uncommonJobs(yields: Code): readonly Job[] {
  return [
    ...locks(yields),
    ...sleeps(yields),
    ...schedules(yields),
    suspends(yields),
    processes(yields),
    {
      threads: [
        (b) => {
          b.store("zero", "count");
          b.call("kthread_add", label("child"), 0, 0, 0, 0, string("child"), 0);
          b.load("t0", "count");
          b.while(["t0", "==", "zero"], () => b.apply(yields).load("t0", "count"));
          b.call("thread_reap");
        },
      ],
      child: (b) => b.li("t0", 1).store("t0", "count").call("kthread_exit"),
      crowd: { threads: IDS - IDS_SPARE, code: asleep },
      maxthread: IDS,
      times: 5,
    },
    {
      threads: [yields],
      crowd: { threads: LONG_QUEUE, code: yields },
      maxthread: LONG_QUEUE + 100,
      times: 100, // each has its turn some times
      only: ["lwkt", "ule"],
    },
  ];
}

/** Locks that are tried, converted, or wanted for a limited time. */
function locks(yields: Code): readonly Job[] {
  const job = (code: Code, make: Parameters<typeof made>[1]): Job => ({
    threads: [code, code, code],
    objects: (machine) => ({ lock: made(machine, make) }),
  });
  const attempt = (take: Code, release: Code): Code => {
    return (b) => {
      b.apply(take).if(["a0", "!=", "zero"], () => b.apply(yields).apply(release));
      b.apply(yields);
    };
  };
  return [
    job(
      attempt(
        (b) => b.call("mtx_trylock", lock),
        (b) => b.call("mtx_unlock", lock),
      ),
      sys.mtx_create("lock"),
    ),
    job(
      attempt(
        (b) => b.call("sx_try_xlock", lock),
        (b) => b.call("sx_downgrade", lock).call("sx_sunlock", lock),
      ),
      sys.sx_init("lock", 0),
    ),
    job(
      (b) => {
        b.call("rw_rlock", lock).apply((w) => add(w, "count"));
        b.call("rw_try_upgrade", lock);
        b.if(["a0", "!=", "zero"], () => b.call("rw_downgrade", lock));
        b.call("rw_runlock", lock).apply(yields);
      },
      sys.rw_init("lock", 0),
    ),
    job(
      (b) => b.call("rm_wlock", lock).apply(yields).call("rm_wunlock", lock).apply(yields),
      sys.rm_init("lock", 0),
    ),
    job(
      (b) => {
        for (const flags of [LK_SHARED, LK_EXCLUSIVE]) {
          b.call("lockmgr", lock, flags, 0).apply(yields);
          b.call("lockmgr", lock, LK_RELEASE, 0);
        }
      },
      sys.lockinit(0, "lock", 0, 0),
    ),
    job((b) => b.call("barrier_wait", lock), sys.barrier_create("lock", 2)),
    job(
      (b) => b.call("sema_timedwait", lock, 3).call("sema_post", lock).apply(yields),
      sys.sema_create("lock", 0),
    ),
    job((b) => b.call("timer_wait", lock, 400, 1), sys.timer_create("lock")),
    job(
      (b) =>
        b
          .call("mtx_lock", lock)
          .call("mtx_lock", lock)
          .apply(yields)
          .call("mtx_unlock", lock)
          .call("mtx_unlock", lock),
      sys.mtx_init("lock", MTX_RECURSE),
    ),
  ];
}

/** Sleeps with a limit that seldom passes, of several threads on one channel. */
function sleeps(yields: Code): readonly Job[] {
  const sleeper: Code = (b) => b.call("tsleep", channel("many"), 0, string("wait"), 50);
  return (["wakeup", "wakeup_one", "wakeup_any"] as const).map((call) => ({
    threads: [(b) => b.apply(yields).call(call, channel("many")), ...Array<Code>(9).fill(sleeper)],
  }));
}

/** Priorities, policies, and sets of CPUs change. */
function schedules(yields: Code): readonly Job[] {
  const change: Code = (b) => {
    for (const priority of [100, 140, 180]) {
      b.call("sched_prio_self", priority).apply(yields).compute(40);
    }
    b.call("curthread").store("a0", "turn").load("a0", "turn");
    b.call("sched_prio", "a0", 130).apply(yields);
  };
  const policies: Code = (b) => {
    for (const [policy, value] of [
      [1, 40],
      [2, 40],
      [0, 0],
    ] as const) {
      b.call("sched_setscheduler_self", policy, value).compute(300).apply(pause);
    }
  };
  const sets: Code = (b) => {
    for (const set of [1n, 3n]) b.call("cpuset_setaffinity", set).compute(100).apply(yields);
  };
  return [
    { threads: [change, change, change] },
    { threads: [policies, policies] },
    { threads: [sets, sets, sets] },
  ];
}

/** One thread is suspended again and again. */
function suspends(yields: Code): Job {
  const suspended: Code = (b) => {
    b.call("curthread").store("a0", "turn").call("kthread_suspend_check").apply(yields);
  };
  const other: Code = (b) => {
    b.load("s1", "turn");
    b.if(["s1", "!=", "zero"], () => {
      b.call("kthread_suspend", "s1", 10).call("kthread_resume", "s1");
    });
    b.apply(yields);
  };
  return { threads: [suspended, other] };
}

/** A process of a user, which forks, adds threads, and waits for its children. */
function processes(yields: Code): Job {
  const parent: Code = (b) => {
    b.call("fork", label("child"), 0, 0, 0, -1).mv("s1", "a1");
    b.call("wait", "s1").apply(yields).call("thread_reap");
  };
  return { threads: [parent], child: (b) => b.compute(10).call("exit", 0) };
}

/** Jobs of LWKT's schedulers alone. */
export function uncommonLwktJobs(yields: Code): readonly Job[] {
  const sleeper: Code = (b) => {
    b.call("curthread").store("a0", "turn").call("lwkt_deschedule_self").call("lwkt_switch");
  };
  const waker: Code = (b) => {
    b.load("s1", "turn");
    b.if(["s1", "!=", "zero"], () => b.call("lwkt_schedule", "s1").call("lwkt_setpri", "s1", 12));
    b.apply(yields);
  };
  const levels: Code = (b) => {
    for (const level of [8, 10, 9]) b.call("lwkt_setpri_self", level).apply(yields);
  };
  const wanderer: Code = (b) => {
    for (const cpu of [0, 1, 2]) b.call("lwkt_setcpu_self", cpu).compute(30).apply(yields);
  };
  const pool: Code = (b) => {
    b.call("lwkt_getpooltoken", channel("pool")).apply(yields);
    b.call("lwkt_relpooltoken", channel("pool"));
  };
  return [
    { threads: [sleeper, waker] },
    { threads: [levels, levels, levels] },
    { threads: [wanderer, wanderer, wanderer, wanderer] },
    { threads: [pool, pool, pool] },
  ];
}
