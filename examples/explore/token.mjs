// Two threads of two CPUs book the one seat that is left, under a token. A token is lost while its holder sleeps: what
// was seen before need not hold behind that, and has to be looked at again once the token is back.
import { sys } from "kthread-machine";

const booking =
  (looksAgain) =>
  (machine, { shared }) => {
    const seats = shared(1, "seats");
    const token = { address: machine.call(sys.lwkt_token_create(0))[1] >>> 0 };
    for (const [cpu, name] of ["one", "two"].entries()) {
      machine.createThread({
        name,
        cpu,
        *body() {
          yield* sys.lwkt_gettoken(token);
          if ((yield* seats.get()) > 0) {
            yield* sys.tsleep(name, 0, "pays", 1);
            yield* sys.lwkt_regettoken(token);
            if (!looksAgain || (yield* seats.get()) > 0) yield* seats.add(-1);
          }
          yield* sys.lwkt_reltoken(token);
        },
      });
    }
    return () => {
      if (seats.value < 0) throw new Error("the seat was booked twice");
    };
  };

const config = { cpus: 2 };
const broken = booking(false);
const right = booking(true);

export { broken as default, config, right };
