// `exec --gdb PORT`: waits for gdb on the loopback interface, and serves it one session.

import { createServer, type Server, type Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import { ConfigError } from "../core/errors.js";
import { Debugger, GdbSession, type SessionEnd, type Stop } from "../debug/index.js";
import type { LoadedElf, Machine } from "../machine/machine.js";

const LOOPBACK = "127.0.0.1";

/** What to debug, and how. */
export interface GdbOptions {
  readonly machine: Machine;
  readonly elf: LoadedElf;
  /** TCP port; 0 for any that is free. */
  readonly port: number;
  /** Virtual time at which the run ends, in cycles. */
  readonly until: { readonly until?: bigint };
  /** The exit code that gdb is told when the run has ended. */
  readonly exitCode: (stop: Stop) => number;
  /** Is told where gdb finds the machine. */
  readonly onListening: (port: number) => void;
  /** True once the user has had enough, and presses Ctrl-C here. */
  readonly isInterrupted: () => boolean;
}

/** How often a wait for gdb looks for Ctrl-C, in milliseconds. */
const LOOK_MS = 50;

/**
 * Has gdb debug a machine until it lets go, or the run is over.
 *
 * @throws ConfigError when nobody can listen at the port.
 */
export async function debugWithGdb(options: GdbOptions): Promise<SessionEnd> {
  const { machine, elf, isInterrupted } = options;
  const server = createServer();
  await listen(server, options.port);
  const address = server.address();
  options.onListening(typeof address === "object" ? (address?.port ?? 0) : 0);
  let socket: Socket | null = null;
  let session: GdbSession | null = null;
  const debug = new Debugger(machine, {
    ...options.until,
    isInterrupted: async () => {
      await setImmediate();
      return isInterrupted() || session?.takeInterrupt() === true;
    },
  });
  const interrupted = untilInterrupted(isInterrupted);
  const connected = new Promise<SessionEnd>((resolve, reject) => {
    server.on("connection", (one) => {
      if (session !== null) {
        one.destroy(); // one debugger at a time
        return;
      }
      socket = one.setNoDelay(true);
      session = new GdbSession(debug, {
        send: (bytes) => one.write(bytes),
        exitCode: options.exitCode,
        base: elf.base,
      });
      const current = session;
      one.on("data", (bytes) => current.receive(bytes));
      one.on("close", () => current.close());
      one.on("error", () => current.close());
      current.ended.then(resolve, reject);
    });
  });
  try {
    return await Promise.race([connected, interrupted.promise]);
  } finally {
    interrupted.stop();
    server.close();
    (socket as Socket | null)?.end();
  }
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const taken = error.code === "EADDRINUSE" ? "something else listens there" : error.message;
      reject(new ConfigError(`cannot listen for gdb at port ${port}: ${taken}; use another port`));
    });
    server.listen(port, LOOPBACK, resolve);
  });
}

/** Settled when the user has pressed Ctrl-C. */
function untilInterrupted(isInterrupted: () => boolean) {
  let stop = () => {};
  const promise = new Promise<SessionEnd>((resolve) => {
    const timer = setInterval(() => {
      if (isInterrupted()) resolve({ how: "killed" });
    }, LOOK_MS);
    stop = () => clearInterval(timer);
  });
  return { promise, stop: () => stop() };
}
