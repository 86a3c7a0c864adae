// What threads ordinarily do, for the build to see which way the kernel's branches go (scripts/branches.mjs): each
// family of calls, without errors, alone and in contention, under every scheduler, on one CPU and on several.
//
// The build runs this on a kernel whose branches are counted. What is rare here is laid out of the way of the rest;
// nothing else follows from it, so that a case which is missing here costs a little time and no more.

import type { SchedulerName } from "../../src/core/config.js";
import { adoptBuild } from "../../src/core/instantiate.js";
import { MTX_SPIN } from "../../src/generated/layout.js";
import { sys } from "../../src/machine/calls.js";
import { Machine } from "../../src/machine/machine.js";
import {
  channel,
  external,
  label,
  type MachineProgramBuilder,
  program,
  string,
} from "../../src/program/index.js";
import { readWorkload } from "../../src/workload/parse.js";
import { WorkloadRun } from "../../src/workload/run.js";
import {
  add,
  type Code,
  type HostCall,
  type Job,
  type LockCall,
  lock,
  made,
  pause,
} from "./job.js";
import { uncommonJobs, uncommonLwktJobs } from "./uncommon.js";

/** A run ends after so many switches, or cycles on each of its CPUs: it is looked at now and then. */
const SWITCHES = 1_000;
const CYCLES = 200_000;
const CYCLES_PER_LOOK = 20_000;
/** Instructions between two samples of the compiler, so that what computes is compiled before its run ends. */
const SAMPLE_PERIOD = 1_400;
/** Ticks a second: so many that sleeps end, with a timeout of some ticks, while a job goes on. */
const HZ = 100_000;
/** Virtual time of a workload, in nanoseconds. */
const WORKLOAD_NS = 50_000_000n;
const SCHEDULERS: readonly SchedulerName[] = ["lwkt", "lwkt-modern", "4bsd", "ule"];

/** Of some things there are two cases: one thread waits, or several do. */
const CASES = [
  { cpus: 1, most: 2 },
  { cpus: 3, most: 10 },
];

/** Threads take a lock, mostly for a moment, and now and then for as long as others need to want it, too. */
function locking(take: Code, release: Code, make: (machine: Machine) => number, held: Code): Job {
  const thread: Code = (b) => {
    b.loop(
      6,
      () =>
        b
          .apply(take)
          .apply((w) => add(w, "count"))
          .apply(release),
      { counter: "s1" },
    );
    b.apply(take).apply(held).apply(release);
  };
  return {
    threads: [thread, thread, thread],
    objects: (machine) => ({ lock: make(machine) }),
  };
}

/** Two threads in turn: whose turn it is not waits for the other. */
function turns(
  wait: (b: MachineProgramBuilder, me: string) => unknown,
  wake: (b: MachineProgramBuilder, other: string) => unknown,
  objects: (machine: Machine) => Readonly<Record<string, number>>,
): Job {
  const side = (me: number): Code => {
    return (b) => {
      b.call("mtx_lock", external("mutex")).load("t0", "turn").li("t1", me);
      b.while(["t0", "!=", "t1"], () => {
        wait(b, String(me));
        b.load("t0", "turn").li("t1", me);
      });
      b.li("t0", 1 - me).store("t0", "turn");
      wake(b, String(1 - me));
      b.call("mtx_unlock", external("mutex"));
    };
  };
  const mutex = (machine: Machine) => ({ mutex: made(machine, sys.mtx_create("mutex")) });
  return {
    threads: [side(0), side(1)],
    objects: (machine) => ({ ...mutex(machine), ...objects(machine) }),
  };
}

/** Takes and releases a lock by calls that have it as their only argument. */
function plain(take: LockCall, release: LockCall, make: HostCall, held: Code): Job {
  return locking(
    (b) => b.call(take, lock),
    (b) => b.call(release, lock),
    (machine) => made(machine, make),
    held,
  );
}

/** The jobs of every scheduler, with its way to yield. */
function jobs(yields: Code): readonly Job[] {
  const hog: Code = (b) => b.loop(200, () => b.apply((w) => add(w, "count")), { counter: "s1" });
  const nap = (ticks: number): Code => {
    return (b) => b.call("tsleep", channel("nobody"), 0, string("nap"), ticks).compute(50);
  };
  const msleep = turns(
    (b, me) => b.call("msleep", channel(me), external("mutex"), 0, string("turn"), 0),
    (b, other) => b.call("wakeup", channel(other)),
    () => ({}),
  );
  const conditions = turns(
    (b, me) => b.call("cv_wait", external(me), external("mutex")),
    (b, other) => b.call("cv_signal", external(other)),
    (machine) => ({
      "0": made(machine, sys.cv_create("zero")),
      "1": made(machine, sys.cv_create("one")),
    }),
  );
  return [
    plain("mtx_lock", "mtx_unlock", sys.mtx_create("lock"), yields),
    plain("mtx_lock", "mtx_unlock", sys.mtx_create("lock"), (b) => b.compute(500)),
    plain("mtx_lock_spin", "mtx_unlock_spin", sys.mtx_init("lock", MTX_SPIN), hog),
    plain("rw_wlock", "rw_wunlock", sys.rw_init("lock", 0), yields),
    plain("rw_rlock", "rw_runlock", sys.rw_init("lock", 0), yields),
    plain("sx_xlock", "sx_xunlock", sys.sx_init("lock", 0), pause),
    plain("sx_slock", "sx_sunlock", sys.sx_init("lock", 0), pause),
    plain("rm_rlock", "rm_runlock", sys.rm_init("lock", 0), yields),
    plain("sema_wait", "sema_post", sys.sema_create("lock", 1), pause),
    msleep,
    conditions,
    { threads: [1, 2, 3].map(nap) },
    { threads: [yields, yields, yields, yields] },
    { threads: [hog, hog, hog, hog, hog] },
    creating(
      (b) => b.call("kthread_add", label("child"), 0, 0, 0, 0, string("child"), 0),
      (b) => b.call("kthread_exit"),
      yields,
    ),
    creating(
      (b) => b.call("kproc_create", label("child"), 0, 0, 0, string("child"), 0),
      (b) => b.call("kproc_exit", 0),
      yields,
    ),
  ];
}

/** The jobs of LWKT's schedulers alone. */
function lwktJobs(yields: Code): readonly Job[] {
  const signals = (me: string, other: string): Code => {
    return (b) => {
      b.call("lwkt_signal", external(other));
      b.call("lwkt_block", external(me), string("turn"), "s0").mv("s0", "a0");
    };
  };
  return [
    locking(
      (b) => b.call("lwkt_gettoken", lock),
      (b) => b.call("lwkt_reltoken", lock),
      (machine) => machine.createToken().address,
      yields,
    ),
    {
      threads: [signals("0", "1"), signals("1", "0")],
      objects: (machine) => ({
        "0": machine.createWait().address,
        "1": machine.createWait().address,
      }),
    },
    creating(
      (b) => b.call("lwkt_create", label("child"), 0, 0, 0, string("child"), 0),
      (b) => b.call("lwkt_exit"),
      yields,
    ),
  ];
}

/** A thread that creates others, one or several at a time, waits until they have run, and has them reaped. */
function creating(create: Code, end: Code, yields: Code): Job {
  const creator: Code = (b) => {
    for (const many of [1, 1, 3]) {
      b.store("zero", "count").loop(many, () => b.apply(create), { counter: "s1" });
      b.li("t1", many).load("t0", "count");
      b.while(["t0", "<", "t1"], () => b.apply(yields).li("t1", many).load("t0", "count"));
      b.call("thread_reap");
    }
  };
  const child: Code = (b) => {
    b.la("t0", "count").li("t1", 1).amoaddW("zero", "t1", "t0").apply(end);
  };
  return { threads: [creator], child };
}

/** Runs a job for a while. Threads of the same code share it, as those that have a function in common do. */
function perform(job: Job, scheduler: SchedulerName, cpus: number, most: number): void {
  const threads = job.threads.slice(0, most);
  const codes = [...new Set(threads)];
  const b = program("training")
    .data("count", { words: [0] })
    .data("turn", { words: [0] });
  for (const [i, code] of codes.entries()) b.label(`code ${i}`).forever(() => b.apply(code));
  if (job.child !== undefined) b.label("child").apply(job.child);
  const { crowd, maxthread = 1_000, times = 1 } = job;
  if (crowd !== undefined) b.label("crowd").forever(() => b.apply(crowd.code));
  const machine = new Machine({ cpus, scheduler, maxthread, quantum: 1_000, hz: HZ });
  machine.kernel.setMachine("jit_period", SAMPLE_PERIOD);
  const loaded = machine.load(b.build(), job.objects?.(machine) ?? {});
  for (const [i, thread] of threads.entries()) {
    const body = loaded.addressOf(`code ${codes.indexOf(thread)}`);
    machine.createThread({ name: `thread ${i}`, body, cpu: i % cpus });
  }
  for (let i = 0; i < (crowd?.threads ?? 0); i++) {
    machine.createThread({ name: "crowd", body: loaded.addressOf("crowd"), cpu: i % cpus });
  }
  for (let cycles = 0; cycles < times * CYCLES; cycles += CYCLES_PER_LOOK) {
    machine.run({ for: CYCLES_PER_LOOK });
    if (machine.counters.switches > times * SWITCHES) break;
  }
}

/** Does all of it on a build of the kernel. */
export function train(kernel: WebAssembly.Module, workloads: readonly string[]): void {
  adoptBuild("release", kernel);
  for (const scheduler of SCHEDULERS) {
    const isLwkt = scheduler.startsWith("lwkt");
    const yields: Code = (b) => b.call(isLwkt ? "lwkt_yield" : "sched_relinquish");
    const all = [...jobs(yields), ...uncommonJobs(yields)];
    if (isLwkt) all.push(...lwktJobs(yields), ...uncommonLwktJobs(yields));
    for (const job of all.filter(({ only }) => only === undefined || only.includes(scheduler))) {
      for (const { cpus, most } of CASES) perform(job, scheduler, cpus, most);
    }
    for (const path of workloads) {
      new WorkloadRun(readWorkload(path), { scheduler }).advance(WORKLOAD_NS);
    }
  }
}
