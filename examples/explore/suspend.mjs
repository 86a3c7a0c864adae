// A manager suspends a worker, which may end instead of stopping: then nobody tells the manager, who waits for ever.
// One that waits for a while only finds out.
import { sys } from "kthread-machine";

const suspension =
  (timo) =>
  (machine, { shared }) => {
    const jobs = shared(2, "jobs");
    const worker = machine.createThread({
      name: "worker",
      *body() {
        while ((yield* jobs.get()) > 0) {
          yield* sys.kthread_suspend_check();
          yield* jobs.add(-1);
        }
      },
    });
    machine.createThread({
      name: "manager",
      *body() {
        const error = yield* sys.kthread_suspend(worker, timo);
        if (error === 0) yield* sys.kthread_resume(worker);
      },
    });
  };

const broken = suspension(0);
const right = suspension(5);

export { broken as default, right };
