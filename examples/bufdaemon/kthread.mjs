// The example of the manual page kthread(9): a buffer daemon that is started with the system as a kernel
// thread, and suspended at shutdown before the disks are synced.
//
//   node examples/bufdaemon/kthread.mjs [lwkt|4bsd]

import {
  EVENTHANDLER_PRI_LAST,
  eventLists,
  kthread_shutdown,
  kthreadStart,
  Machine,
  SI_ORDER_FIRST,
  SI_SUB_KTHREAD_BUF,
  sys,
  sysinit,
} from "kthread-machine";

/** static struct thread *bufdaemonthread; */
const bufdaemonthread = { value: null };

const buf_kp = { arg0: "bufdaemon", func: buf_daemon, globalThread: bufdaemonthread };

let flushed = 0;

function* buf_daemon() {
  // This thread needs to be suspended prior to shutdown sync.
  yield* sys.eventhandler_register(
    eventLists.shutdown_pre_sync,
    kthread_shutdown,
    bufdaemonthread.value,
    EVENTHANDLER_PRI_LAST,
  );
  for (;;) {
    yield* sys.kthread_suspend_check();
    yield* sys.compute(300_000n); // flushes some buffers
    flushed++;
    yield* sys.tsleep("psleep", 68, "psleep", 100);
  }
}

const scheduler = process.argv[2] === "4bsd" ? "4bsd" : "lwkt";
const machine = new Machine({ scheduler, cpus: 2 }, "release", [
  sysinit("bufdaemon", SI_SUB_KTHREAD_BUF, SI_ORDER_FIRST, kthreadStart, buf_kp),
]);
machine.onPrint = (text) => process.stdout.write(text);
machine.onEvent("shutdown_post_sync", () => console.log(`syncing after ${flushed} flushes`));

machine.run({ for: 1_050_000_000n }); // a cycle is a nanosecond
console.log(`bufdaemon has flushed ${flushed} times in a second`);
machine.shutdown();
const { name, state, waitMessage } = bufdaemonthread.value;
console.log(`${name}: ${state} (${waitMessage})`);
