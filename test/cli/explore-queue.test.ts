// A search over a queue, with workers that are killed. It needs a server: KTM_REDIS has the address of one that .ci/run
// starts. Without one, what the commands say to wrong addresses is all that is tried.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Queue } from "bullmq";
import { describe, expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const server = process.env.KTM_REDIS;

function start(...args: string[]): ChildProcess {
  return spawn(process.execPath, [join(root, "dist/cli.js"), ...args], { cwd: root });
}

async function finish(child: ChildProcess) {
  let out = "";
  let err = "";
  child.stdout?.on("data", (text) => {
    out += text;
  });
  child.stderr?.on("data", (text) => {
    err += text;
  });
  const [code] = await once(child, "close");
  return { code, out, err };
}

describe("a queue", () => {
  it("is the address of a server", async () => {
    for (const command of [["worker"], ["explore", "examples/explore/counter.mjs"]]) {
      const { code, err } = await finish(start(...command, "--queue", "localhost"));
      expect(code).toBe(2);
      expect(err).toContain("such as redis://host:6379");
    }
  });

  it("must answer", async () => {
    const { code, err } = await finish(start("worker", "--queue", "redis://127.0.0.1:1"));
    expect(code).toBe(2);
    expect(err).toContain("redis://127.0.0.1:1: no Redis or Valkey server answers there");
  });
});

if (server !== undefined) {
  describe("a search over a real server", () => {
    /** What `explore` finds, without its speed. */
    const answerOf = (out: string) => {
      const { per_second: _, ...rest } = JSON.parse(out);
      return rest;
    };

    /** Waits until so many parts are being performed. */
    async function untilActive(count: number): Promise<void> {
      const queue = new Queue("kthread-machine-explore", { connection: { url: server ?? "" } });
      while ((await queue.getActiveCount()) < count) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      await queue.close();
    }

    it("ends without a worker when its time is over", async () => {
      const file = "examples/explore/circle-right.mjs";
      const asked = start("explore", file, "--for", "500ms", "--json", "--queue", server);
      const { code, out } = await finish(asked);
      expect(code).toBe(0);
      expect(JSON.parse(out)).toMatchObject({ schedules: 0, complete: false, failure: null });
      const queue = new Queue("kthread-machine-explore", { connection: { url: server } });
      expect(await queue.getJobCountByTypes("waiting", "active")).toBe(0);
      await queue.close();
    });

    for (const [name, ...args] of [
      ["circle-right", "--strategy", "exhaustive"],
      ["circle", "--strategy", "exhaustive"],
      ["circle-right", "--schedules", "12000", "--seed", "3"],
      ["one-condition", "--strategy", "pct"],
    ] as const) {
      it(`gives the answer of one process though a worker is killed: ${name} ${args.join(" ")}`, async () => {
        const file = `examples/explore/${name}.mjs`;
        const alone = await finish(start("explore", file, ...args, "--json"));
        const workers = [1, 2, 3].map(() => start("worker", "--queue", server));
        try {
          const asked = start("explore", file, ...args, "--json", "--queue", server);
          const answer = finish(asked);
          await untilActive(3);
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
