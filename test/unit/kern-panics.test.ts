// Every panic and assertion of kern_thread.c and kern_kthread.c that can happen at all, with its text. A
// state that no sequence of calls leads to is set by force.
//
// Not here, because nothing can bring them about: the batch counts (307, 319, 331), thread0's id (567),
// the mode of calc_remaining (1129), more than one thread after SINGLE_EXIT (1322), and what the machine does
// not have: signal queues, selections, epochs. The return of sched_throw (1036) is among the further cases
// (test/conformance/cases/further).

import { describe, expect, it } from "vitest";
import * as Layout from "../../src/generated/layout.js";
import {
  KernelPanic,
  kprocStart,
  kthreadStart,
  Machine,
  SI_ORDER_ANY,
  SI_SUB_KMEM,
  sys,
  sysinit,
} from "../../src/index.js";
import { buildUnderTest } from "../support/build.js";
import { FbsdMachine } from "../support/fbsd-machine.js";
import { SCHEDULERS } from "../support/schedulers.js";

const { PPAUSE, PCATCH, Thread: T, ThreadCold: C, Proc: P, TDS } = Layout;
const { SINGLE_ALLPROC, SINGLE_BOUNDARY, SINGLE_EXIT, SINGLE_NO_EXIT } = Layout;

describe.each(SCHEDULERS)("under %s", (scheduler) => {
  const boot = (config = {}) => new FbsdMachine({ scheduler, ...config });
  const sleeper = function* () {
    yield* sys.tsleep("never", PPAUSE, "never", 0);
  };

  /** A thread as `%p` prints it. */
  const pointer = (address: number) => `0x${address.toString(16)}`;

  /** The text of the panic of a thread with this body. */
  const panicOf = (m: FbsdMachine, body: (td: number) => Generator) =>
    m.panicOf(() => {
      m.thread("culprit", function* () {
        const td = yield* sys.curthread();
        yield* body(td) as Generator<never, void, number>;
      });
    });

  /** The text of the panic of a user process whose first thread has this body. */
  const userPanic = (m: FbsdMachine, body: (p: number, td: number) => Generator) =>
    m.panicOf(() => {
      m.thread("forker", function* () {
        yield* sys.fork(
          function* () {
            const td = yield* sys.curthread();
            yield* body(m.reader.hot(td, "td_proc"), td) as Generator<never, void, number>;
          },
          0,
          0,
          0,
          -1,
        );
      });
    });

  /** Makes a process look as if single-threading had stopped all of it. */
  const stopWhole = (m: FbsdMachine, p: number, td: number) => {
    m.poke(p + P.p_flag, Layout.P_STOPPED_SINGLE);
    m.poke(p + P.p_singlethread, td);
    m.poke(p + P.p_suspcount, 1);
  };

  describe("thread ids", () => {
    it("run out: unexpectedly ran out of IDs", () => {
      const m = boot({ maxthread: 4 });
      const text = m.panicOf(() => {
        for (let i = 0; i < 3; i++) m.machine.call(sys.tid_alloc());
      });
      expect(text).toBe("unexpectedly ran out of IDs");
    });

    it("below the first: tid_free_locked: invalid tid N", () => {
      const m = boot();
      const text = m.panicOf(() => m.machine.call(sys.tid_free(99999)));
      expect(text).toBe("tid_free_locked: invalid tid 99999\n");
    });

    it.each([100500, 123456789])("not in use: thread ID %d not allocated", (tid) => {
      const m = boot();
      const text = m.panicOf(() => m.machine.call(sys.tid_free(tid)));
      expect(text).toBe(`thread ID ${tid} not allocated\n`);
    });
  });

  describe("thread structures", () => {
    it.each([TDS.INHIBITED, TDS.CAN_RUN, TDS.RUNQ, TDS.RUNNING])(
      "freed in state %d: bad state for thread unlinking",
      (state) => {
        const m = boot();
        const [td] = m.machine.call(sys.thread_alloc(0));
        m.poke8(td + T.td_state, state);
        const text = m.panicOf(() => m.machine.call(sys.thread_free(td)));
        expect(text).toBe("bad state for thread unlinking");
      },
    );

    it("freed in no state at all: bad thread state", () => {
      const m = boot();
      const [td] = m.machine.call(sys.thread_alloc(0));
      m.poke8(td + T.td_state, 9);
      expect(m.panicOf(() => m.machine.call(sys.thread_free(td)))).toBe("bad thread state");
    });

    it("with a stack when they are allocated: thread_alloc got thread with kstack", () => {
      const m = boot();
      const [td] = m.machine.call(sys.thread_alloc(0));
      m.machine.call(sys.thread_free(td));
      m.poke8(m.cold(td) + C.td_kstack_pages, 4);
      const text = m.panicOf(() => m.machine.call(sys.thread_alloc(0)));
      expect(text).toBe("thread_alloc got thread with kstack");
    });
  });

  it("thread_cow_synced asserts that there was something to catch up with, and that it was", () => {
    const synced = (change: (m: FbsdMachine, p: number) => Generator) => {
      const m = boot();
      return userPanic(m, function* (p) {
        yield* change(m, p);
        yield sys.thread_cow_synced();
      });
    };
    expect(synced(function* () {})).toBe("Assertion td->td_cowgen != p->p_cowgen failed");
    expect(
      synced(function* (_m, p) {
        yield sys.proc_setcred(p, 5);
      }),
    ).toBe("Assertion td->td_ucred == p->p_ucred failed");
    expect(
      synced(function* (_m, p) {
        yield sys.proc_setlimit(p, 5);
      }),
    ).toBe("Assertion td->td_limit == p->p_limit failed");
  });

  it.each([
    ["exits (952)", () => sys.thread_exit()],
    ["creates a thread (873)", () => sys.thr_create(sleeper, 0)],
    ["catches up with its process", () => sys.thread_cow_update()],
  ] as const)("a thread that %s acts with its own credential", (_what, call) => {
    const text = userPanic(boot(), function* () {
      yield* sys.td_setucred(5);
      yield* sys.td_restoreucred();
      yield sys.thread_cow_update();
      yield* sys.td_setucred(5);
      yield call();
    });
    expect(text).toBe("Assertion td->td_realucred == td->td_ucred failed");
  });

  describe("exit", () => {
    it("of the last thread, not through exit: Last thread exiting on its own", () => {
      const m = boot();
      const text = userPanic(m, function* () {
        yield* sys.thr_create(function* () {}, 0);
        yield* sys.pause("m", 5);
        yield sys.thread_exit();
      });
      expect(text).toBe("thread_exit: Last thread exiting on its own");
    });

    it("of init: Going nowhere without my init!", () => {
      const m = boot();
      const init = m.machine.kernel.machine("initproc");
      const text = panicOf(m, function* (td) {
        m.poke(td + T.td_proc, init);
        yield sys.exit(0);
      });
      expect(text).toBe("Going nowhere without my init!");
    });

    it("with others left: exit1: proc P exiting with N threads", () => {
      const m = boot();
      let proc = 0;
      const text = userPanic(m, function* (p) {
        proc = p;
        yield* sys.thr_create(sleeper, 0);
        m.poke(p + P.p_flag, 0); // it never had others
        yield sys.exit(0);
      });
      expect(text).toBe(`exit1: proc ${pointer(proc)} exiting with 2 threads`);
    });

    it("of the thread that stops its process: exiting process is stopped", () => {
      const m = boot();
      const text = userPanic(m, function* (p, td) {
        m.poke(p + P.p_flag, Layout.P_STOPPED_SINGLE);
        m.poke(p + P.p_singlethread, td);
        yield sys.exit(0);
      });
      expect(text).toBe("exiting process is stopped");
    });

    it("of a thread that is counted as the last one already: too few threads", () => {
      const m = boot();
      const text = userPanic(m, function* (p) {
        m.poke(p + P.p_numthreads, 0);
        yield sys.thr_exit();
      });
      expect(text).toBe("too few threads");
    });

    it.each([
      ["multiple threads in thread_wait()", P.p_numthreads, 2],
      ["p_exitthreads leaking", P.p_exitthreads, 1],
    ] as const)("leaves a process as it must be for its parent: %s", (wanted, field, value) => {
      const m = boot();
      const text = panicOf(m, function* () {
        const child = yield* sys.fork(function* () {}, 0, 0, 0, -1);
        yield* sys.pause("m", 5);
        m.poke(child.address + field, value);
        yield* sys.wait(child.address);
      });
      expect(text).toBe(wanted);
    });
  });

  describe("thread_single", () => {
    it("in no mode: invalid mode N", () => {
      const single = boot();
      expect(
        userPanic(single, function* (p) {
          yield* sys.thread_single(p, 7);
        }),
      ).toBe("invalid mode 7");
      const end = boot();
      expect(
        userPanic(end, function* (p) {
          yield sys.thread_single_end(p, -1);
        }),
      ).toBe("invalid mode -1");
    });

    it("of the wrong process: mode N proc P curproc C", () => {
      const other = boot();
      const proc0 = other.machine.kernel.machine("proc0");
      let proc = 0;
      expect(
        userPanic(other, function* (p) {
          proc = p;
          yield* sys.thread_single(proc0, SINGLE_EXIT);
        }),
      ).toBe(`mode 1 proc ${pointer(proc0)} curproc ${pointer(proc)}`);
      const own = boot();
      expect(
        userPanic(own, function* (p) {
          proc = p;
          yield* sys.thread_single(p, SINGLE_ALLPROC);
        }),
      ).toBe(`mode 3 proc ${pointer(proc)} curproc ${pointer(proc)}`);
    });

    it("with a suspended caller: already suspended", () => {
      const m = boot();
      const text = userPanic(m, function* (p, td) {
        yield* sys.thr_create(sleeper, 0);
        yield* sys.pause("m", 5);
        m.poke8(td + T.td_inhib, Layout.TDI_SUSPENDED);
        yield* sys.thread_single(p, SINGLE_NO_EXIT);
      });
      expect(text).toBe("already suspended");
    });

    it("at a boundary that a thread only seems to be at: td T not on boundary, is not suspended", () => {
      const seemsToBe = (flags: number) => {
        const m = boot();
        let other = 0;
        const text = userPanic(m, function* (p) {
          other = (yield* sys.thr_create(sleeper, 0)).address;
          yield* sys.pause("m", 5);
          m.poke(p + P.p_boundary_count, 1);
          m.poke(other + T.td_flags, flags);
          yield* sys.thread_single(p, SINGLE_BOUNDARY);
        });
        return text.replace(pointer(other), "T");
      };
      expect(seemsToBe(Layout.TDF_INMEM)).toBe("td T not on boundary");
      expect(seemsToBe(Layout.TDF_BOUNDARY)).toBe("td T is not suspended");
    });

    it("that ends in another mode: mode N does not match P_TOTAL_STOP", () => {
      const m = boot();
      const text = userPanic(m, function* (p) {
        yield sys.thread_single_end(p, SINGLE_ALLPROC);
      });
      expect(text).toBe("mode 3 does not match P_TOTAL_STOP");
    });

    it("that another ends: thread_single_end from other thread T S", () => {
      const m = boot();
      let me = 0;
      const text = userPanic(m, function* (p, td) {
        me = td;
        yield sys.thread_single_end(p, SINGLE_NO_EXIT);
      });
      expect(text).toBe(`thread_single_end from other thread ${pointer(me)} 0`);
    });

    it("that ends as a boundary that it was not: mis-matched SINGLE_BOUNDARY flags F", () => {
      const m = boot();
      const text = userPanic(m, function* (p, td) {
        m.poke(p + P.p_singlethread, td);
        yield sys.thread_single_end(p, SINGLE_BOUNDARY);
      });
      expect(text).toBe("mis-matched SINGLE_BOUNDARY flags 0");
    });

    it("with a boundary count that is off: inconsistent boundary count N", () => {
      const m = boot();
      const text = userPanic(m, function* (p, td) {
        m.poke(p + P.p_singlethread, td);
        m.poke(p + P.p_flag, Layout.P_SINGLE_BOUNDARY);
        m.poke(p + P.p_boundary_count, 3);
        yield sys.thread_single_end(p, SINGLE_BOUNDARY);
      });
      expect(text).toBe("inconsistent boundary count 3");
    });
  });

  describe("thread_suspend_check", () => {
    it("without the thread that asked: singlethread not set", () => {
      const m = boot();
      const text = userPanic(m, function* (p) {
        m.poke(p + P.p_flag, Layout.P_STOPPED_SINGLE);
        yield* sys.thread_suspend_check(0);
      });
      expect(text).toBe("singlethread not set");
    });

    it("where suspension is deferred: unsafe, or with both results", () => {
      const deferred = (flags: number, instead: number) => {
        const m = boot();
        return userPanic(m, function* (p, td) {
          m.poke(p + P.p_flag, Layout.P_STOPPED_SIG);
          m.poke(td + T.td_flags, flags);
          yield* sys.thread_suspend_check(instead);
        });
      };
      expect(deferred(Layout.TDF_SBDRY, 0)).toBe("TDF_SBDRY set for unsafe thread_suspend_check");
      const both = Layout.TDF_SBDRY | Layout.TDF_SEINTR | Layout.TDF_SERESTART;
      expect(deferred(both, 1)).toBe("both TDF_SEINTR and TDF_SERESTART");
    });

    it("of the last thread of a process that is to exit: stopped thread did not exit", () => {
      const m = boot();
      const other = m.machine.kernel.machine("thread0");
      const text = userPanic(m, function* (p) {
        m.poke(p + P.p_flag, Layout.P_STOPPED_SINGLE | Layout.P_SINGLE_EXIT);
        m.poke(p + P.p_singlethread, other);
        yield* sys.thread_suspend_check(0);
      });
      expect(text).toBe("stopped thread did not exit");
    });

    it("of a thread that is suspended: already suspended", () => {
      const m = boot();
      const text = userPanic(m, function* (p, td) {
        m.poke(p + P.p_flag, Layout.P_STOPPED_SIG);
        m.poke8(td + T.td_inhib, Layout.TDI_SUSPENDED);
        yield* sys.thread_suspend_check(0);
      });
      expect(text).toBe("already suspended");
    });
  });

  it("thread_run_flash and unsuspending want a suspended thread: Thread not suspended", () => {
    const flash = boot();
    expect(
      panicOf(flash, function* (td) {
        yield sys.thread_run_flash(td);
      }),
    ).toBe("Thread not suspended");
    const unsuspend = boot();
    expect(
      userPanic(unsuspend, function* (p, td) {
        stopWhole(unsuspend, p, td);
        yield sys.thread_unsuspend(p);
      }),
    ).toBe("Thread not suspended");
  });

  it("thread_run_flash asserts that the thread is counted", () => {
    const m = boot();
    const text = panicOf(m, function* (td) {
      m.poke8(td + T.td_inhib, Layout.TDI_SUSPENDED);
      yield sys.thread_run_flash(td);
    });
    expect(text).toBe("Assertion p->p_suspcount > 0 failed");
  });

  describe("kthread_suspend_check", () => {
    it("by an invalid thread: curthread is not a valid kthread", () => {
      const m = boot();
      const text = userPanic(m, function* () {
        yield sys.kthread_suspend_check();
      });
      expect(text).toBe("kthread_suspend_check: curthread is not a valid kthread");
    });
  });

  describe("starting from a descriptor", () => {
    it("that cannot be: kthread_start: NAME: error N", () => {
      const m = boot({ maxthread: 3 });
      const text = m.panicOf(() => kthreadStart(m.machine, { arg0: "bad", func: sleeper }));
      expect(text).toBe(`kthread_start: bad: error ${Layout.ENOMEM}`);
    });

    it("that cannot be: kproc_start: NAME: error N", () => {
      const m = boot({ maxproc: 3 });
      const text = m.panicOf(() => kprocStart(m.machine, { arg0: "bad", func: sleeper }));
      expect(text).toBe(`kproc_start: bad: error ${Layout.EAGAIN}`);
    });

    it.each([
      ["kthread_add called too soon", kthreadStart],
      ["kproc_create called too soon", kprocStart],
    ] as const)("before there is a proc0: %s", (wanted, start) => {
      const early = sysinit("early", SI_SUB_KMEM, SI_ORDER_ANY, start, {
        arg0: "early",
        func: sleeper,
      });
      let text = "no panic";
      try {
        new Machine({ scheduler }, buildUnderTest, [early]);
      } catch (error) {
        if (error instanceof KernelPanic) text = error.text;
      }
      expect(text).toBe(wanted);
    });
  });

  describe("the scheduler", () => {
    it("is not given an inhibited thread", () => {
      const m = boot();
      const td = m.thread("sleeper", sleeper);
      m.step(() => m.reader.hot(td, "td_wchan") !== 0);
      const text = m.panicOf(() => m.machine.call(sys.sched_add(td)));
      expect(text).toBe("sched_add: trying to run inhibited thread");
    });

    it("is not given a thread that cannot run", () => {
      const m = boot();
      const [td] = m.machine.call(sys.thread_alloc(0));
      const text = m.panicOf(() => m.machine.call(sys.sched_add(td)));
      expect(text).toBe("sched_add: bad thread state");
    });

    it("is not given a thread of a zombie: setrunnable: pid N is a zombie", () => {
      const m = boot();
      const { p, td } = m.user(sleeper);
      m.step(() => m.reader.hot(td, "td_wchan") !== 0);
      m.poke(p + P.p_state, Layout.PRS.ZOMBIE);
      const text = m.panicOf(() => m.machine.call(sys.wakeup("never")));
      expect(text).toBe("setrunnable: pid 2 is a zombie");
    });

    it("is not given a thread in no state: setrunnable: state 0xN", () => {
      const m = boot();
      const td = m.thread("sleeper", sleeper);
      m.step(() => m.reader.hot(td, "td_wchan") !== 0);
      m.poke8(td + T.td_inhib, Layout.TDI_SLEEPING | 4);
      m.poke8(td + T.td_state, 12);
      const text = m.panicOf(() => m.machine.call(sys.wakeup("never")));
      expect(text).toBe("setrunnable: state 0xc");
    });
  });

  it("a thread that is on a sleep queue does not sleep: recursive sleep", () => {
    const m = boot();
    const text = panicOf(m, function* (td) {
      m.poke(td + T.td_wchan, 4);
      yield* sys.tsleep("x", PPAUSE | PCATCH, "x", 1);
    });
    expect(text).toBe("recursive sleep");
  });
});
