// A buffer of one place whose two producers and two consumers wait for one condition variable: a signal may wake one
// of the wrong kind, which goes to sleep again. A broadcast wakes the right one, too.
import { sys } from "kthread-machine";

const buffer =
  (wake) =>
  (machine, { shared }) => {
    const used = shared(0, "used");
    const lock = { address: machine.call(sys.mtx_create("lock"))[1] >>> 0 };
    const changed = { address: machine.call(sys.cv_create("changed"))[1] >>> 0 };
    function* side(from, to) {
      yield* sys.mtx_lock(lock);
      while ((yield* used.get()) !== from) yield* sys.cv_wait(changed, lock);
      yield* used.set(to);
      yield* wake(changed);
      yield* sys.mtx_unlock(lock);
    }
    for (const name of ["consumer 1", "consumer 2"]) {
      machine.createThread({ name, body: () => side(1, 0) });
    }
    for (const name of ["producer 1", "producer 2"]) {
      machine.createThread({ name, body: () => side(0, 1) });
    }
  };

const broken = buffer(sys.cv_signal);
const right = buffer(sys.cv_broadcast);

export { broken as default, right };
