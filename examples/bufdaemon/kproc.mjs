// The example of the manual page kproc(9): a buffer daemon that is started with the system as a kernel
// process, and suspended at shutdown before the disks are synced.
//
//   node examples/bufdaemon/kproc.mjs [lwkt|4bsd]

import {
  EVENTHANDLER_PRI_LAST,
  eventLists,
  kproc_shutdown,
  kprocStart,
  Machine,
  SI_ORDER_FIRST,
  SI_SUB_KTHREAD_BUF,
  sys,
  sysinit,
} from "kthread-machine";

/** static struct proc *bufdaemonproc; */
const bufdaemonproc = { value: null };

const buf_kp = { arg0: "bufdaemon", func: buf_daemon, globalProc: bufdaemonproc };

let flushed = 0;

function* buf_daemon() {
  // This process needs to be suspended prior to shutdown sync.
  yield* sys.eventhandler_register(
    eventLists.shutdown_pre_sync,
    kproc_shutdown,
    bufdaemonproc.value,
    EVENTHANDLER_PRI_LAST,
  );
  for (;;) {
    yield* sys.kproc_suspend_check(bufdaemonproc.value);
    yield* sys.compute(300_000n); // flushes some buffers
    flushed++;
    yield* sys.tsleep("psleep", 68, "psleep", 100);
  }
}

const scheduler = process.argv[2] === "4bsd" ? "4bsd" : "lwkt";
const machine = new Machine({ scheduler, cpus: 2 }, "release", [
  sysinit("bufdaemon", SI_SUB_KTHREAD_BUF, SI_ORDER_FIRST, kprocStart, buf_kp),
]);
machine.onPrint = (text) => process.stdout.write(text);
machine.onEvent("shutdown_post_sync", () => console.log(`syncing after ${flushed} flushes`));

machine.run({ for: 1_050_000_000n }); // a cycle is a nanosecond
console.log(`bufdaemon has flushed ${flushed} times in a second`);
machine.shutdown();
const [{ name, state, waitMessage }] = bufdaemonproc.value.threads();
console.log(`${name}: ${state} (${waitMessage})`);
