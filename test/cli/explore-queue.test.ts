// A search over a queue, with workers that are killed. It needs a server: KTM_REDIS has the address of one that .ci/run
// starts. Without one, what the commands say to wrong addresses is all that is tried.

import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { basename, join } from "node:path";
import { Queue } from "bullmq";
import { beforeAll, describe, expect, it } from "vitest";
import { cli, finish, start } from "../support/command-process.js";
import { scratchFolder } from "../support/scratch.js";

const server = process.env.KTM_REDIS;

/** A server on a port of its own, and its address as that of a queue. */
async function listen(serve: (socket: Socket) => void): Promise<{ at: string; gate: Server }> {
  const gate = createServer(serve).listen(0, "127.0.0.1");
  await once(gate, "listening");
  return { at: `redis://:secret@127.0.0.1:${(gate.address() as AddressInfo).port}`, gate };
}

/** Waits until a command has said this on its standard error. */
function untilSaid(child: ChildProcess, text: string): Promise<void> {
  let said = "";
  return new Promise((resolve) => {
    child.stderr?.on("data", (data) => {
      said += data;
      if (said.includes(text)) resolve();
    });
  });
}

describe("a queue", () => {
  it("is the address of a server", async () => {
    for (const command of [["worker"], ["explore", "examples/explore/counter.mjs"]]) {
      const { code, err } = await cli(...command, "--queue", "localhost");
      expect(code).toBe(2);
      expect(err).toContain("such as redis://host:6379");
    }
  });

  it("must answer", async () => {
    const { code, err } = await cli("worker", "--queue", "redis://127.0.0.1:1");
    expect(code).toBe(2);
    expect(err).toContain("redis://127.0.0.1:1: no Redis or Valkey server answers there");
  });

  it("is no longer waited for when its server refuses, and no message shows the password", async () => {
    const { at, gate } = await listen((socket) => {
      socket.on("error", () => {});
      socket.on("data", () => socket.write("-WRONGPASS invalid password.\r\n"));
    });
    try {
      for (const command of [["worker"], ["explore", "examples/explore/counter.mjs"]]) {
        const { code, err } = await cli(...command, "--queue", at);
        expect(code).toBe(2);
        expect(err).toMatch(
          /redis:.*: the server refuses the address: WRONGPASS invalid password; it/,
        );
        expect(err).not.toContain("secret");
      }
    } finally {
      gate.close();
    }
  });
});

/** A file with a test in it, there before the tests of its suite. */
function testFile(name: string, lines: readonly string[]): string {
  const file = join(scratchFolder(), name);
  beforeAll(() => writeFileSync(file, lines.join("\n")));
  return file;
}

if (server !== undefined) {
  describe("a search over a real server", () => {
    /** What `explore` finds, without its speed. */
    const answerOf = (out: string) => {
      const { per_second: _, ...rest } = JSON.parse(out);
      return rest;
    };

    /** Waits until so many parts are being performed, or wait for that. */
    async function untilParts(state: "active" | "waiting", count: number): Promise<void> {
      const queue = new Queue("kthread-machine-explore", { connection: { url: server ?? "" } });
      while ((await queue.getJobCountByTypes(state)) < count) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      await queue.close();
    }

    it("ends without a worker when its time is over", async () => {
      const file = "examples/explore/circle-right.mjs";
      const asked = start(["explore", file, "--for", "500ms", "--json", "--queue", server]);
      const { code, out } = await finish(asked);
      expect(code).toBe(0);
      expect(JSON.parse(out)).toMatchObject({ schedules: 0, complete: false, failure: null });
      const queue = new Queue("kthread-machine-explore", { connection: { url: server } });
      expect(await queue.getJobCountByTypes("waiting", "active")).toBe(0);
      await queue.close();
    });

    describe("that ends early", () => {
      const file = testFile("endless.mjs", [
        "export default function setup(machine, { shared }) {",
        "  const count = shared(0);",
        "  const body = function* () {",
        "    for (let i = 0; i < 40; i++) yield* count.set((yield* count.get()) + 1);",
        "  };",
        '  for (const name of ["a", "b", "c"]) machine.createThread({ name, body });',
        "}",
      ]);

      const endless = (at: string) =>
        start(["explore", file, "--schedules", "1000000000", "--queue", at]);
      const soFar = /^INTERRUPTED: the search so far\nno failure in [\d,]+ schedules/;

      it.each([
        ["SIGINT", 130],
        ["SIGTERM", 143],
        ["SIGHUP", 129],
      ] as const)(
        "tells by %s what it has seen, and leaves nothing in the queue",
        async (signal, code) => {
          const worker = start(["worker", "--queue", server]);
          const served = finish(worker);
          const asked = endless(server);
          const answer = finish(asked);
          await untilParts("active", 1);
          asked.kill(signal);
          const told = await answer;
          expect(told).toMatchObject({ code, err: "" });
          expect(told.out).toMatch(soFar);
          worker.kill(signal);
          expect(await served).toMatchObject({ code: 0, out: "" });
          const queue = new Queue("kthread-machine-explore", { connection: { url: server } });
          expect(await queue.getJobCountByTypes("waiting", "active")).toBe(0);
          await queue.close();
        },
      );

      it.each(["explore", "worker"])(
        "ends by a signal while the server is gone: %s",
        async (name) => {
          const { hostname, port } = new URL(server);
          const sockets = new Set<Socket>();
          const { at, gate } = await listen((socket) => {
            const other = connect({ host: hostname, port: Number(port) });
            for (const end of [socket, other]) sockets.add(end.on("error", () => {}));
            socket.pipe(other).pipe(socket);
          });
          const open = at.replace(":secret@", "");
          const child = name === "worker" ? start(["worker", "--queue", open]) : endless(open);
          const end = finish(child);
          if (name === "worker") await untilSaid(child, "serving");
          else await untilParts("waiting", 1);
          gate.close();
          for (const socket of sockets) socket.destroy();
          await untilSaid(child, "the server is gone; waiting for it to come back");
          child.kill("SIGINT");
          const { code, out, err } = await end;
          expect(code).toBe(name === "worker" ? 0 : 130);
          expect(err.match(/is gone/g)).toHaveLength(1);
          expect(out).toMatch(name === "worker" ? /^$/ : soFar);
        },
      );
    });

    // One order of 48,620, which takes preemption after preemption: an exhaustive search comes to it late.
    const late = testFile("late.mjs", [
      "export default function setup(machine, { shared }) {",
      "  const count = shared(0);",
      '  let order = "";',
      "  const body = (name) => function* () {",
      "    for (let i = 0; i < 9; i++) {",
      "      yield* count.add(1);",
      "      order += name;",
      "    }",
      "  };",
      '  for (const name of ["a", "b"]) machine.createThread({ name, body: body(name) });',
      "  return () => {",
      '    if (order === "ba".repeat(9)) throw new Error("the turns are taken in turns");',
      "  };",
      "}",
    ]);

    for (const [file, ...args] of [
      ["examples/explore/circle-right.mjs", "--strategy", "exhaustive"],
      [late, "--strategy", "exhaustive"],
      ["examples/explore/circle-right.mjs", "--schedules", "12000", "--seed", "3"],
      ["examples/explore/one-condition.mjs", "--strategy", "pct"],
    ] as const) {
      it(`gives the answer of one process though a worker is killed: ${basename(file)} ${args.join(" ")}`, async () => {
        const alone = await cli("explore", file, ...args, "--json");
        expect(alone.code).toBe(file.includes("right") ? 0 : 1);
        const workers = [1, 2, 3].map(() => start(["worker", "--queue", server]));
        try {
          const asked = start(["explore", file, ...args, "--json", "--queue", server]);
          const answer = finish(asked);
          await untilParts("active", 3);
          workers[0]?.kill("SIGKILL");
          const { code, out } = await answer;
          expect(code).toBe(alone.code);
          expect(answerOf(out)).toEqual(answerOf(alone.out));
        } finally {
          for (const worker of workers) worker.kill("SIGKILL");
        }
      });
    }
  });
}
