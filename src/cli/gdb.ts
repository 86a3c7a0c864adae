// `exec --gdb PORT`: waits for gdb on the loopback interface, and serves it one session.

import { createServer, type Server, type Socket } from "node:net";
import { setImmediate } from "node:timers/promises";
import { ConfigError } from "../core/errors.js";
import type { BareDebugger } from "../debug/bare-debugger.js";
import { type Debugger, GdbSession, type SessionEnd, type Stop } from "../debug/index.js";

const LOOPBACK = "127.0.0.1";

/** What to debug, and how. */
export interface GdbOptions {
  /** Makes the debugger; it asks now and then whether somebody has interrupted the run. */
  readonly debug: (isInterrupted: () => Promise<boolean>) => Debugger | BareDebugger;
  /** What is added to the addresses of the program's file. */
  readonly base: number;
  /** TCP port; 0 for any that is free. */
  readonly port: number;
  /** The exit code that gdb is told when the run has ended. */
  readonly exitCode: (stop: Stop) => number;
  /** Is told where gdb finds the machine. */
  readonly onListening: (port: number) => void;
  /** True once the user has had enough, and has sent a signal here. */
  readonly isInterrupted: () => boolean;
}

/** How often a wait for gdb looks for a signal, in milliseconds. */
const LOOK_MS = 50;

/**
 * Has gdb debug a program until it lets go, or the run is over.
 *
 * @throws ConfigError when nobody can listen at the port.
 */
export async function debugWithGdb(options: GdbOptions): Promise<SessionEnd> {
  const { base, isInterrupted } = options;
  const server = createServer();
  await listen(server, options.port);
  const address = server.address();
  options.onListening(typeof address === "object" ? (address?.port ?? 0) : 0);
  let socket: Socket | null = null;
  let session: GdbSession | null = null;
  const debug = options.debug(async () => {
    await setImmediate();
    return isInterrupted() || session?.takeInterrupt() === true;
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
        base,
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

/** Settled when the user has sent a signal. */
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

/** How to have gdb debug a program. */
export function invitation(file: string, port: number): string {
  return `waiting for gdb: gdb-multiarch ${file} -ex "target remote 127.0.0.1:${port}"\n`;
}
