// A lottery scheduler (Waldspurger and Weihl, 1994), in JavaScript: each thread that waits has tickets, and the thread
// with the ticket that is drawn runs next. A nice value of 0 is 100 tickets, and five steps more are half as many.
//
//   node examples/schedulers/lottery.mjs

import { Machine, sys } from "kthread-machine";

export class Lottery {
  name = "lottery";

  start(machine) {
    this.machine = machine;
    /** The threads that wait for each CPU, with their tickets. */
    this.waiting = Array.from({ length: machine.cpus }, () => new Map());
  }

  add(thread, cpu) {
    this.waiting[cpu].set(thread, Math.max(1, Math.round(100 * 2 ** (-thread.nice / 5))));
  }

  remove(thread, cpu) {
    this.waiting[cpu].delete(thread);
  }

  choose(cpu) {
    const threads = this.waiting[cpu];
    let total = 0;
    for (const tickets of threads.values()) total += tickets;
    let drawn = this.machine.random() % total;
    for (const [thread, tickets] of threads) {
      drawn -= tickets;
      if (drawn >= 0) continue;
      threads.delete(thread);
      return thread;
    }
    throw new Error("no thread has the ticket");
  }

  // These two are for snapshots: who waits, in order, since that decides who has the ticket that is drawn.
  save() {
    return this.waiting.map((threads) => [...threads].map(([{ address }, n]) => [address, n]));
  }

  load(saved, machine) {
    const entry = ([address, n]) => [machine.thread(address), n];
    this.waiting = saved.map((threads) => new Map(threads.map(entry)));
  }
}

/** Three threads that compute all the time, with nice values of 0, 5 and 10: what each one got of the CPU. */
export function shares(seed) {
  const machine = new Machine({ scheduler: new Lottery(), roundRobin: 10_000_000, seed });
  const hogs = [0, 5, 10].map((nice) =>
    machine.createProcess({
      name: `nice ${nice}`,
      *body() {
        yield* sys.sched_setscheduler_self(0, nice);
        while (true) yield* sys.compute(1_000_000n);
      },
    }),
  );
  machine.run({ until: 20_000_000_000n });
  return hogs.map((hog) => {
    const [thread] = hog.threads();
    return [hog.name, thread.runtime / 20e9];
  });
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  for (const [name, share] of shares(1)) console.log(name, `${(share * 100).toFixed(1)}%`);
}
