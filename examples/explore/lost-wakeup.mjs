// A consumer looks whether something is there, and then sleeps: the wakeup may come between, unless a mutex makes
// the two one step.
import { sys } from "kthread-machine";

const handover =
  (consumer, producer) =>
  (machine, { shared }) => {
    const full = shared(0, "full");
    const lock = { address: machine.call(sys.mtx_create("lock"))[1] >>> 0 };
    machine.createThread({ name: "consumer", body: () => consumer(full, lock) });
    machine.createThread({ name: "producer", body: () => producer(full, lock) });
  };

const broken = handover(
  function* (full) {
    while ((yield* full.get()) === 0) yield* sys.tsleep("filled", 0, "empty", 0);
  },
  function* (full) {
    yield* full.set(1);
    yield* sys.wakeup("filled");
  },
);

const right = handover(
  function* (full, lock) {
    yield* sys.mtx_lock(lock);
    while ((yield* full.get()) === 0) yield* sys.msleep("filled", lock, 0, "empty", 0);
    yield* sys.mtx_unlock(lock);
  },
  function* (full, lock) {
    yield* sys.mtx_lock(lock);
    yield* full.set(1);
    yield* sys.wakeup("filled");
    yield* sys.mtx_unlock(lock);
  },
);

export { broken as default, right };
