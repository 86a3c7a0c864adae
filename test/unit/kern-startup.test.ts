// The system's start and end: SYSINIT in subsystem order, event handlers by priority, and the manual
// pages' buffer daemon.

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import * as Layout from "../../src/generated/layout.js";
import {
  type Body,
  EVENTHANDLER_PRI_FIRST,
  EVENTHANDLER_PRI_LAST,
  eventLists,
  type Global,
  type Handle,
  type KernelSource,
  kproc_shutdown,
  kprocStart,
  kthread_shutdown,
  kthreadStart,
  Machine,
  type SchedulerName,
  SI_ORDER_ANY,
  SI_ORDER_FIRST,
  SI_ORDER_MIDDLE,
  SI_ORDER_SECOND,
  SI_SUB_CREATE_INIT,
  SI_SUB_INTRINSIC,
  SI_SUB_KMEM,
  SI_SUB_KTHREAD_BUF,
  SI_SUB_KTHREAD_PAGE,
  sys,
  sysinit,
} from "../../src/index.js";
import { buildUnderTest } from "../support/build.js";
import { fbsdFaults } from "../support/fbsd-invariants.js";
import { SCHEDULERS } from "../support/schedulers.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The body of a thread that nobody can suspend. */
function* sleepOn(): Body {
  yield* sys.tsleep("for ever", 0, "deaf", 0);
}

describe("SYSINIT", () => {
  it("runs entries by subsystem, then by order, and equal ones in the order given", () => {
    const ran: string[] = [];
    const note = (_machine: Machine, name: string) => ran.push(name);
    const at = (name: string, subsystem: number, order: number) =>
      sysinit(name, subsystem, order, note, name);
    new Machine({}, buildUnderTest, [
      at("page any", SI_SUB_KTHREAD_PAGE, SI_ORDER_ANY),
      at("buf second", SI_SUB_KTHREAD_BUF, SI_ORDER_SECOND),
      at("page first", SI_SUB_KTHREAD_PAGE, SI_ORDER_FIRST),
      at("buf first", SI_SUB_KTHREAD_BUF, SI_ORDER_FIRST),
      at("page first, too", SI_SUB_KTHREAD_PAGE, SI_ORDER_FIRST),
      at("kmem", SI_SUB_KMEM, SI_ORDER_ANY),
    ]);
    expect(ran).toEqual([
      "kmem",
      "page first",
      "page first, too",
      "page any",
      "buf first",
      "buf second",
    ]);
  });

  it("has thread0 from SI_SUB_INTRINSIC on and init from SI_SUB_CREATE_INIT on", () => {
    const threads: number[] = [];
    const note = (machine: Machine) => threads.push(machine.counters.threads);
    const at = (subsystem: number) => sysinit("look", subsystem, SI_ORDER_MIDDLE, note, null);
    const after = [SI_SUB_KMEM, SI_SUB_INTRINSIC, SI_SUB_CREATE_INIT];
    new Machine({}, buildUnderTest, after.map(at));
    expect(threads).toEqual([0, 1, 2]);
  });

  it("starts threads of the kernel and processes from descriptors, and sets their globals", () => {
    const thread: Global<Handle> = { value: null };
    const process: Global<Handle> = { value: null };
    const ran: string[] = [];
    const machine = new Machine({}, buildUnderTest, [
      sysinit("t", SI_SUB_KTHREAD_BUF, SI_ORDER_FIRST, kthreadStart, {
        arg0: "a thread of a very long name",
        *func() {
          ran.push("thread");
          yield sys.sched_relinquish();
        },
        globalThread: thread,
      }),
      sysinit("p", SI_SUB_KTHREAD_BUF, SI_ORDER_FIRST, kprocStart, {
        arg0: "syncer",
        *func() {
          ran.push("process");
          yield sys.sched_relinquish();
        },
        globalProc: process,
      }),
    ]);
    expect(machine.thread(thread.value?.address ?? 0).name).toBe("a thread of a very ");
    expect(machine.thread(thread.value?.address ?? 0).process?.pid).toBe(0);
    expect(machine.process(process.value?.address ?? 0).name).toBe("syncer");
    machine.run();
    expect(ran).toEqual(["thread", "process"]);
    expect(machine.console).toBe(
      'Kernel thread "a thread of a very " (pid 0) exited prematurely.\n' +
        'Kernel thread "syncer" (pid 2) exited prematurely.\n',
    );
  });
});

describe("event handlers", () => {
  it("run at shutdown by list, then by priority, and equal ones in order of registration", () => {
    const machine = new Machine({}, buildUnderTest);
    const ran: string[] = [];
    machine.onEvent("shutdown_final", (howto) => ran.push(`final ${howto}`));
    machine.onEvent("shutdown_pre_sync", () => ran.push("last"), EVENTHANDLER_PRI_LAST);
    machine.onEvent("shutdown_pre_sync", () => ran.push("any"));
    const off = machine.onEvent("shutdown_pre_sync", () => ran.push("off"));
    machine.onEvent("shutdown_pre_sync", () => ran.push("any, too"));
    machine.onEvent("shutdown_pre_sync", () => ran.push("first"), EVENTHANDLER_PRI_FIRST);
    machine.onEvent("shutdown_post_sync", () => ran.push("post"));
    off();
    machine.shutdown(4);
    expect(ran).toEqual(["first", "any", "any, too", "last", "post", "final 4"]);
  });

  it("run where they have their places while others come and go in the middle of a shutdown", () => {
    const machine = new Machine({ hz: 10 }, buildUnderTest);
    const deaf = machine.createThread({ name: "deaf", body: sleepOn });
    const ran: string[] = [];
    const host = (name: string, priority: number) =>
      machine.onEvent("shutdown_pre_sync", () => ran.push(name), priority);
    const list = eventLists.shutdown_pre_sync;
    const register = (priority: number) =>
      machine.call(sys.eventhandler_register(list, kthread_shutdown, deaf, priority))[0] >>> 0;
    const waiting = register(10); // for as long as a minute
    const gone = host("gone", 20);
    host("last", 30);
    let after = "";
    machine.createThread({
      name: "shutdown",
      *body() {
        yield* sys.reboot(0);
        ran.push("over");
      },
    });
    machine.createThread({
      name: "deregisters",
      *body() {
        yield* sys.pause("first", 20); // the handler has begun by then
        yield* sys.eventhandler_deregister(waiting);
        after = ran.join();
      },
    });
    machine.run({ for: 3n * BigInt(machine.config.cyclesPerSecond) });
    gone();
    // Behind the one that runs, which is dead, and before one that is alive: its turn comes. So does that of one which is
    // better than the dead, since these have no rank. Whoever comes before the living that have run is too late.
    host("behind", 15);
    host("no rank", 5);
    machine.run();
    expect(ran).toEqual(["no rank", "behind", "last", "over"]);
    expect(after).toMatch(/^no rank,behind,last/);
    ran.length = 0;
    machine.shutdown();
    expect(ran).toEqual(["no rank", "behind", "last"]);
  });

  it("receive each thread that is created, allocated and freed", () => {
    const machine = new Machine({}, buildUnderTest);
    const seen: string[] = [];
    const tell = (what: string) => (td: number) => seen.push(`${what} ${machine.thread(td).index}`);
    machine.onEvent("thread_init", tell("init"));
    machine.onEvent("thread_ctor", tell("ctor"));
    machine.onEvent("thread_dtor", tell("dtor"));
    machine.onEvent("thread_fini", tell("fini"));
    const body = function* () {
      yield sys.kthread_exit();
    };
    const { index } = machine.createThread({ name: "first", body });
    machine.run();
    machine.createThread({ name: "second", body });
    expect(seen).toEqual([
      `init ${index}`,
      `ctor ${index}`,
      `dtor ${index}`,
      `ctor ${index}`, // the same structure again
    ]);
  });

  it("that are invalid are not registered", () => {
    const machine = new Machine({}, buildUnderTest);
    const register = (...args: [number, number, number, number]) =>
      machine.call(sys.eventhandler_register(...args))[0];
    expect(register(7, kthread_shutdown, 0, 0)).toBe(0);
    expect(register(eventLists.shutdown_pre_sync, kthread_shutdown, 12345, 0)).toBe(0);
    expect(register(eventLists.shutdown_pre_sync, kproc_shutdown, 12345, 0)).toBe(0);
    expect(register(eventLists.thread_ctor, kthread_shutdown, 12345, 0)).toBe(0);
    expect(register(eventLists.shutdown_pre_sync, 3, 0, 0)).toBe(0);
    expect(machine.call(sys.eventhandler_deregister(4))[0]).toBe(Layout.EINVAL);
  });

  /** True if a thread that deregisters a handler goes on, although each time it looks the next run is under way. */
  function outlastsTwoRuns(scheduler: SchedulerName, source: KernelSource, plant = 0): boolean {
    const machine = new Machine({ hz: 10, scheduler }, source);
    machine.kernel.setMachine("plant", plant);
    const deaf = machine.createThread({ name: "deaf", body: sleepOn });
    const list = eventLists.shutdown_pre_sync;
    const register = (priority: number) =>
      machine.call(sys.eventhandler_register(list, kthread_shutdown, deaf, priority))[0] >>> 0;
    const gone = register(10);
    register(20);
    machine.createThread({
      name: "shutdown",
      *body() {
        yield* sys.reboot(0);
        yield* sys.reboot(0); // at once: the thread that waits for the first run finds this one
      },
    });
    let hasEnded = false;
    machine.createThread({
      name: "deregisters",
      *body() {
        yield* sys.pause("first", 20);
        yield* sys.sched_prio_self(200); // it runs when the other thread sleeps
        yield* sys.eventhandler_deregister(gone);
        hasEnded = true;
      },
    });
    machine.run();
    return hasEnded;
  }

  it.each(SCHEDULERS)("are gone for a thread that finds a second run under %s", (scheduler) => {
    expect(outlastsTwoRuns(scheduler, buildUnderTest)).toBe(true);
    expect(outlastsTwoRuns(scheduler, "check", Layout.Plant.EVENT_WAKES_DEAD)).toBe(false);
  });

  it("of a thread that has exited meanwhile are skipped at shutdown", () => {
    const machine = new Machine({}, buildUnderTest);
    const thread = machine.createThread({
      name: "gone",
      *body() {
        yield* sys.pause("soon", 5);
        yield sys.kthread_exit();
      },
    });
    const list = eventLists.shutdown_pre_sync;
    machine.call(sys.eventhandler_register(list, kthread_shutdown, thread, 0));
    machine.run();
    machine.shutdown();
    expect(machine.console).toBe("");
  });

  it("wait a minute of virtual time for a thread that does not suspend", () => {
    const machine = new Machine({ hz: 100 }, buildUnderTest);
    const thread = machine.createThread({
      name: "deaf",
      *body() {
        yield* sys.tsleep("never", Layout.PPAUSE, "never", 0);
      },
    });
    const list = eventLists.shutdown_pre_sync;
    machine.call(sys.eventhandler_register(list, kthread_shutdown, thread, 0));
    machine.shutdown();
    expect(machine.console).toBe(
      "Waiting (max 60 seconds) for system thread `deaf' to stop... timed out\n",
    );
    expect(machine.ticks).toBe(6000);
  });
});

describe("the manual pages' bufdaemon", () => {
  it.each(
    SCHEDULERS.flatMap((scheduler) => [
      { scheduler, form: "kthread", what: "thread", wmesg: "ktsusp" },
      { scheduler, form: "kproc", what: "process", wmesg: "kpsusp" },
    ]),
  )("as a $form under $scheduler suspends at shutdown", ({ scheduler, form, what, wmesg }) => {
    const example = `examples/bufdaemon/${form}.mjs`;
    const text = execFileSync(process.execPath, [example, scheduler], {
      cwd: ROOT,
      encoding: "utf8",
    });
    expect(text).toBe(
      "bufdaemon has flushed 11 times in a second\n" +
        `Waiting (max 60 seconds) for system ${what} \`bufdaemon' to stop... done\n` +
        "syncing after 11 flushes\n" +
        `bufdaemon: sleeping (${wmesg})\n`,
    );
  });

  it.each(SCHEDULERS)("continues under %s when it is resumed after all", (scheduler) => {
    const daemon: Global<Handle> = { value: null };
    let turns = 0;
    const machine = new Machine({ scheduler, cpus: 4 }, buildUnderTest, [
      sysinit("bufdaemon", SI_SUB_KTHREAD_BUF, SI_ORDER_FIRST, kthreadStart, {
        arg0: "bufdaemon",
        globalThread: daemon,
        *func() {
          for (;;) {
            yield sys.kthread_suspend_check();
            turns++;
            yield* sys.pause("turn", 10);
          }
        },
      }),
    ]);
    const td = daemon.value as Handle;
    const list = eventLists.shutdown_pre_sync;
    machine.call(sys.eventhandler_register(list, kthread_shutdown, td, EVENTHANDLER_PRI_LAST));
    machine.run({ for: 100_000_000n });
    machine.shutdown();
    const atShutdown = turns;
    machine.run({ for: 100_000_000n });
    expect(turns).toBe(atShutdown);
    machine.call(sys.kthread_resume(td));
    machine.run({ for: 100_000_000n });
    expect(turns).toBeGreaterThan(atShutdown + 8);
    expect(fbsdFaults(machine.kernel)).toEqual([]);
  });
});
