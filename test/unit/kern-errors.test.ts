// Every error number of kern_thread.c and kern_kthread.c, provoked through the public API, under both
// SCHEDULERS.

import { describe, expect, it } from "vitest";
import * as Layout from "../../src/generated/layout.js";
import { KernelError, sys } from "../../src/index.js";
import { FbsdMachine } from "../support/fbsd-machine.js";
import { SCHEDULERS } from "../support/schedulers.js";

const { EAGAIN, EBUSY, ECHILD, EINTR, EINVAL, ENOMEM, EPROCLIM, ERESTART, EWOULDBLOCK } = Layout;
const { PPAUSE, PCATCH, RFCFDG, RFSTOPPED } = Layout;

describe.each(SCHEDULERS)("under %s", (scheduler) => {
  const boot = (config = {}) => new FbsdMachine({ scheduler, ...config });

  it("kthread_suspend and kthread_resume return EINVAL for a thread that is no kernel thread", () => {
    const m = boot();
    const { td } = m.user(function* () {
      yield* sys.tsleep("never", PPAUSE, "never", 0);
    });
    const notes = m.do(function* (note) {
      note(yield* sys.kthread_suspend(td, 10));
      note(yield* sys.kthread_resume(td));
    });
    expect(notes).toEqual([EINVAL, EINVAL]);
  });

  it("kproc_suspend and kproc_resume return EINVAL for a process that is no kernel process", () => {
    const m = boot();
    const { p } = m.user(function* () {
      yield* sys.tsleep("never", PPAUSE, "never", 0);
    });
    const notes = m.do(function* (note) {
      note(yield* sys.kproc_suspend(p, 10));
      note(yield* sys.kproc_resume(p));
    });
    expect(notes).toEqual([EINVAL, EINVAL]);
  });

  it("a handle that leads nowhere gives EINVAL, whatever the call", () => {
    const m = boot();
    const notes = m.do(function* (note) {
      for (const bad of [0, 4, 0xffff_ff00, 0x1_0001]) {
        note(yield* sys.kthread_suspend(bad, 1));
        note(yield* sys.kthread_resume(bad));
        note(yield* sys.kproc_suspend(bad, 1));
        note(yield* sys.kproc_resume(bad));
        note(yield* sys.thread_single(bad, Layout.SINGLE_ALLPROC));
        note(yield* sys.wait(bad));
        note((yield* sys.kthread_add(0x7fff_fff0, 0, 0, 0, 0, "x", 0)).error);
      }
      note((yield* sys.kthread_add(0, 0, 12345, 0, 0, "x", 0)).error);
    });
    expect(new Set(notes)).toEqual(new Set([EINVAL]));
  });

  it("a thread that is in the hash of ids is not added again, nor taken out twice", () => {
    const m = boot();
    const child = m.thread("child", function* () {
      yield* sys.tsleep("never", PPAUSE, "never", 50);
    });
    const notes = m.do(function* (note) {
      note(yield* sys.tidhash_add(child));
      note(yield* sys.tidhash_remove(child));
      note(yield* sys.tidhash_remove(child));
      note(yield* sys.tidhash_add(child));
    });
    expect(notes).toEqual([Layout.EBUSY, 0, EINVAL, 0]);
  });

  it("kthread_suspend returns EWOULDBLOCK when the thread does not answer in time", () => {
    const m = boot();
    const deaf = m.thread("deaf", function* () {
      yield* sys.tsleep("never", PPAUSE, "never", 50);
    });
    const notes = m.do(function* (note) {
      note(yield* sys.kthread_suspend(deaf, 10));
      note(m.reader.hot(deaf, "td_flags") & Layout.TDF_KTH_SUSP); // the request stays
    });
    expect(notes).toEqual([EWOULDBLOCK, Layout.TDF_KTH_SUSP]);
  });

  it("kthread_suspend returns 0 when the thread suspends itself, or when it is resumed", () => {
    const m = boot();
    let turns = 0;
    const td = m.thread("loop", function* () {
      for (turns = 0; turns < 40; turns++) {
        yield sys.kthread_suspend_check();
        yield* sys.pause("turn", 1);
      }
    });
    const notes = m.do(function* (note) {
      yield* sys.pause("test", 5);
      note(yield* sys.kthread_suspend(td, 100));
      const stopped = turns;
      yield* sys.pause("test", 20);
      note(turns - stopped);
      note(yield* sys.kthread_resume(td));
      yield* sys.pause("test", 5);
      note(turns > stopped);
    });
    expect(notes).toEqual([0, 0, 0, true]);
    expect(turns).toBe(40);
  });

  it("kproc_suspend returns 0 or EWOULDBLOCK, and the process sleeps until it is resumed", () => {
    const m = boot();
    let turns = 0;
    const { address: p } = m.machine.createProcess({
      name: "daemon",
      *body() {
        const me = m.reader.hot(yield* sys.curthread(), "td_proc");
        for (turns = 0; turns < 40; turns++) {
          yield sys.kproc_suspend_check(me);
          yield* sys.pause("turn", 3);
        }
      },
    });
    const notes = m.do(function* (note) {
      yield* sys.pause("test", 5);
      note(yield* sys.kproc_suspend(p, 1)); // in the middle of its turn
      note(yield* sys.kproc_resume(p)); // or else it would be suspended already
      note(yield* sys.kproc_suspend(p, 100));
      const stopped = turns;
      yield* sys.pause("test", 20);
      note(turns - stopped);
      note(yield* sys.kproc_resume(p));
    });
    expect(notes).toEqual([EWOULDBLOCK, 0, 0, 0, 0]);
    expect(turns).toBe(40);
  });

  it("kthread_add returns ENOMEM at maxthread, and says so once a second", () => {
    const m = boot({ maxthread: 6 });
    const asleep = () =>
      (function* () {
        yield* sys.tsleep("never", PPAUSE, "never", 0);
      })();
    for (let i = 0; i < 3; i++) m.thread(`t${i}`, asleep);
    expect(() => m.thread("one more", asleep)).toThrow(KernelError);
    expect(() => m.thread("one more", asleep)).toThrow(/ENOMEM.*maxthread is 6/);
    expect(m.machine.console).toBe(
      "maxthread limit exceeded by uid 0 (pid 0); consider increasing kern.maxthread\n",
    );
    expect(m.machine.counters.threads).toBe(5);
  });

  it("the last hundred threads are for the privileged: others get ENOMEM", () => {
    const m = boot({ maxthread: 110 });
    const notes: unknown[] = [];
    m.do(function* () {
      yield* sys.fork(
        function* () {
          for (let i = 0; i < 10; i++) {
            const made = yield* sys.thr_create(function* () {
              yield* sys.tsleep("never", PPAUSE, "never", 0);
            }, 0);
            notes.push(made.error);
          }
        },
        0,
        0,
        0,
        5,
      );
    });
    // thread0, init and the process's own thread leave room for six below 110 - 100.
    expect(notes).toEqual([0, 0, 0, 0, 0, 0, ENOMEM, ENOMEM, ENOMEM, ENOMEM]);
    expect(m.machine.console).toContain("maxthread limit exceeded by uid 5 (pid 2)");
  });

  it("td_setucred makes a thread act as another user until td_restoreucred, without nesting", () => {
    const m = boot({ maxthread: 103 });
    const notes = m.do(function* (note) {
      const add = () => sys.kthread_add(function* () {}, 0, 0, RFSTOPPED, 0, "t", 0);
      note(yield* sys.td_restoreucred());
      note(yield* sys.td_setucred(5));
      note(yield* sys.td_setucred(6));
      note((yield* add()).error);
      note(yield* sys.td_restoreucred());
      note((yield* add()).error);
    });
    expect(notes).toEqual([EINVAL, 0, EBUSY, ENOMEM, 0, 0]);
    expect(m.machine.console).toContain("maxthread limit exceeded by uid 5 (pid 0)");
  });

  it("kthread_add returns ENOMEM when there is no memory for a kernel stack, and takes nothing", () => {
    const m = boot();
    m.machine.call(sys.kstack_fail(1));
    const before = [m.machine.counters.threads, m.reader.tids().size];
    expect(() => m.thread("t", function* () {})).toThrow(/ENOMEM/);
    expect([m.machine.counters.threads, m.reader.tids().size]).toEqual(before);
  });

  it("thread_recycle returns ENOMEM without a stack, and thread_alloc no thread", () => {
    const m = boot();
    const [td] = m.machine.call(sys.thread_alloc(2));
    m.machine.call(sys.kstack_fail(2));
    expect(m.machine.call(sys.thread_recycle(td, 2))[0]).toBe(0); // has two pages already
    expect(m.machine.call(sys.thread_recycle(td, 3))[0]).toBe(ENOMEM);
    expect(m.machine.call(sys.thread_alloc(0))[0]).toBe(0);
    expect(m.machine.call(sys.thread_recycle(td, 99))).toEqual([0, 32]);
  });

  it("thr_create returns EPROCLIM beyond the threads that a process may have", () => {
    const m = boot({ maxThreadsPerProc: 3 });
    const errors: number[] = [];
    m.user(function* () {
      for (let i = 0; i < 4; i++) {
        const made = yield* sys.thr_create(function* () {
          yield* sys.pause("t", 5);
        }, 0);
        errors.push(made.error);
      }
    });
    m.run();
    expect(errors).toEqual([0, 0, EPROCLIM, EPROCLIM]);
  });

  it("kproc_create returns EAGAIN at the process limit, once a second with a message", () => {
    const m = boot({ maxproc: 5 });
    const asleep = function* () {
      yield* sys.tsleep("never", PPAUSE, "never", 0);
    };
    m.machine.createProcess({ name: "a", body: asleep });
    m.machine.createProcess({ name: "b", body: asleep });
    expect(() => m.machine.createProcess({ name: "c", body: asleep })).toThrow(/EAGAIN/);
    expect(() => m.machine.createProcess({ name: "c", body: asleep })).toThrow(/EAGAIN/);
    expect(m.machine.console).toBe(
      "maxproc limit exceeded by uid 0 (pid 0); see tuning(7) and login.conf(5)\n",
    );
    expect(m.machine.counters.processes).toBe(4);
  });

  it("fork leaves the last ten processes to the privileged: others get EAGAIN", () => {
    const m = boot({ maxproc: 13 });
    const notes: unknown[] = [];
    m.do(function* () {
      yield* sys.fork(
        function* () {
          notes.push((yield* sys.fork(function* () {}, 0, 0, 0, -1)).error);
        },
        0,
        0,
        0,
        7,
      );
    });
    expect(notes).toEqual([EAGAIN]);
    expect(m.machine.console).toContain("maxproc limit exceeded by uid 7 (pid 2)");
  });

  it("fork from outside of any process forks the kernel's own, and counts as privileged", () => {
    const m = boot();
    const [error, p] = m.machine.call(
      sys.fork(
        function* () {
          yield* sys.pause("c", 2);
        },
        0,
        0,
        0,
        -1,
      ),
    );
    expect(error).toBe(0);
    expect(m.machine.process(p >>> 0).parent?.pid).toBe(0);
    m.run();
    expect(m.machine.process(p >>> 0).state).toBe("zombie");
  });

  it("kproc_create returns EINVAL for RFCFDG, and ENOMEM without a stack", () => {
    const m = boot();
    const notes = m.do(function* (note) {
      note((yield* sys.kproc_create(function* () {}, 0, RFCFDG, 0, "p", 0)).error);
      yield sys.kstack_fail(1);
      note((yield* sys.kproc_create(function* () {}, 0, 0, 0, "p", 0)).error);
    });
    expect(notes).toEqual([EINVAL, ENOMEM]);
    expect(m.machine.counters.processes).toBe(2);
  });

  it("tsleep returns EWOULDBLOCK after its timeout, also when it is woken at that very tick", () => {
    const m = boot(scheduler === "ule" ? {} : { time: "idle" }); // ule needs time that passes
    m.thread(
      "waker",
      function* () {
        yield* sys.pause("w", 5);
        yield sys.wakeup("x");
      },
      40,
    );
    const notes = m.do(function* (note) {
      note(yield* sys.tsleep("x", PPAUSE, "x", 5));
      note(yield* sys.ticks());
    });
    expect(notes).toEqual([EWOULDBLOCK, 1005]);
  });

  it("an interruptible sleep returns EINTR when the process exits around it", () => {
    const m = boot();
    const notes: unknown[] = [];
    m.user(function* () {
      yield* sys.thr_create(function* () {
        notes.push(yield* sys.tsleep("x", PPAUSE | PCATCH, "x", 0));
      }, 0);
      yield* sys.pause("m", 3);
      yield sys.exit(3);
    });
    m.run();
    expect(notes).toEqual([EINTR]);
    expect(m.machine.processes()).toHaveLength(3); // the zombie waits for proc0, its parent
  });

  it.each([Layout.SINGLE_NO_EXIT, Layout.SINGLE_BOUNDARY])(
    "an interruptible sleep returns ERESTART when mode %d single-threads around it",
    (mode) => {
      const m = boot();
      const notes: unknown[] = [];
      const { p } = m.user(function* () {
        yield* sys.thr_create(function* () {
          notes.push(yield* sys.tsleep("x", PPAUSE | PCATCH, "x", 0));
          yield sys.ast();
          notes.push("on");
        }, 0);
        yield* sys.pause("m", 3);
        notes.push(yield* sys.thread_single(p, mode));
        yield* sys.pause("m", 3);
        notes.push("end");
        yield sys.thread_single_end(p, mode);
      });
      m.run();
      expect(notes).toEqual([ERESTART, 0, "end", "on"]);
    },
  );

  it("thread_suspend_check(1) returns EINTR for an exit and ERESTART for a boundary", () => {
    const m = boot();
    const notes: unknown[] = [];
    const { p } = m.user(function* () {
      yield* sys.thr_create(function* () {
        yield* sys.pause("t", 6); // not interruptible: the others wait for it
        notes.push(yield* sys.thread_suspend_check(1));
        yield sys.ast();
        yield* sys.pause("t", 6);
        notes.push(yield* sys.thread_suspend_check(1));
        notes.push(yield* sys.thread_check_susp(0));
      }, 0);
      yield* sys.pause("m", 3);
      yield* sys.thread_single(p, Layout.SINGLE_BOUNDARY);
      yield sys.thread_single_end(p, Layout.SINGLE_BOUNDARY);
      yield* sys.pause("m", 3);
      yield sys.exit(0);
    });
    m.run();
    expect(notes).toEqual([ERESTART, EINTR, EINTR]);
  });

  it("thread_check_susp returns ERESTART where it may not sleep, and 0 without a request", () => {
    const m = boot();
    const notes: unknown[] = [];
    const { p } = m.user(function* () {
      notes.push(yield* sys.thread_check_susp(1));
      yield* sys.pause("m", 6);
      notes.push(yield* sys.thread_check_susp(0));
      notes.push(yield* sys.thread_suspend_check_needed());
      notes.push(yield* sys.thread_check_susp(1));
      notes.push(yield* sys.thread_suspend_check_needed());
    });
    m.thread("stopper", function* () {
      yield* sys.pause("s", 3);
      yield sys.proc_stop(p);
      yield* sys.pause("s", 10);
      notes.push("cont");
      yield sys.proc_cont(p);
    });
    m.run();
    expect(notes).toEqual([0, ERESTART, true, "cont", 0, false]);
  });

  it("a sleep with TDF_SBDRY returns what the thread has chosen: 0, EINTR or ERESTART", () => {
    for (const [flags, wanted] of [
      [Layout.TDF_SBDRY | Layout.TDF_SEINTR, EINTR],
      [Layout.TDF_SBDRY | Layout.TDF_SERESTART, ERESTART],
      [Layout.TDF_SBDRY, EWOULDBLOCK],
    ] as const) {
      const m = boot();
      const notes: unknown[] = [];
      const { p, td } = m.user(function* () {
        notes.push(yield* sys.tsleep("x", PPAUSE | PCATCH, "x", 20));
        m.poke(td + Layout.Thread.td_flags, Layout.TDF_INMEM);
        yield sys.proc_cont(p);
      });
      m.step(() => m.reader.hot(td, "td_wchan") !== 0);
      m.poke(td + Layout.Thread.td_flags, m.reader.hot(td, "td_flags") | flags);
      m.machine.call(sys.proc_stop(p));
      m.run();
      expect(notes).toEqual([wanted]);
    }
  });

  it("thread_single returns 1 to all but the first caller, and for a process that is exiting", () => {
    const m = boot();
    const notes: unknown[] = [];
    const { p } = m.user(function* () {
      yield* sys.thr_create(function* () {
        yield* sys.pause("t", 4);
        notes.push(yield* sys.thread_single(p, Layout.SINGLE_NO_EXIT));
        yield sys.ast();
        yield* sys.pause("t", 9);
      }, 0);
      yield* sys.pause("m", 2);
      notes.push(yield* sys.thread_single(p, Layout.SINGLE_NO_EXIT));
      yield sys.thread_single_end(p, Layout.SINGLE_NO_EXIT);
      yield sys.exit(0);
    });
    m.thread("stopper", function* () {
      yield* sys.pause("s", 8);
      notes.push(yield* sys.thread_single(p, Layout.SINGLE_ALLPROC));
    });
    m.run();
    expect(notes).toEqual([1, 0, 1]);
  });

  it("thread_single waits its turn for another process though its own process is to end meanwhile", () => {
    const m = boot();
    const notes: unknown[] = [];
    const { p } = m.user(function* () {
      yield* sys.thr_create(function* () {
        yield* sys.tsleep("x", PPAUSE | PCATCH, "x", 0);
      }, 0);
      yield* sys.pause("m", 2);
      notes.push(yield* sys.thread_single(p, Layout.SINGLE_NO_EXIT));
      yield* sys.pause("m", 8);
      notes.push("end");
      yield sys.thread_single_end(p, Layout.SINGLE_NO_EXIT);
      yield* sys.pause("m", 8);
    });
    m.user(function* () {
      yield* sys.thr_create(function* () {
        yield* sys.pause("t", 5);
        notes.push("exit");
        yield sys.exit(0);
      }, 0);
      yield* sys.pause("m", 4);
      notes.push(yield* sys.thread_single(p, Layout.SINGLE_ALLPROC));
      yield sys.thread_single_end(p, Layout.SINGLE_ALLPROC);
    });
    m.run();
    expect(notes).toEqual([0, "exit", "end", 0]);
  });

  it("wait returns 0 for a child that has ended, and ECHILD for a process that is not a child", () => {
    const m = boot();
    const notes = m.do(function* (note) {
      const child = yield* sys.fork(
        function* () {
          yield* sys.pause("c", 5);
          yield sys.exit(9);
        },
        0,
        0,
        0,
        -1,
      );
      note(yield* sys.wait(child.address));
      note(yield* sys.wait(m.machine.kernel.machine("proc0")));
    });
    expect(notes).toEqual([0, ECHILD]);
    expect(m.machine.counters.processes).toBe(2);
  });

  it("an unknown FreeBSD call returns ENOSYS, and no argument of a call brings the machine down", () => {
    const m = boot();
    const notes = m.do(function* (note) {
      note(yield* sys.tsleep(0, 0, "x", 1));
      note(yield* sys.pause("x", 0));
      note(yield* sys.pause("x", -1));
      note((yield* sys.kthread_add(function* () {}, 0, 0, RFSTOPPED, 0, "s", 0)).error);
      note(yield* sys.eventhandler_register(99, 1, 0, 0));
      note(yield* sys.eventhandler_deregister(4));
    });
    expect(notes).toEqual([EINVAL, EINVAL, EINVAL, 0, 0, EINVAL]);
  });
});
