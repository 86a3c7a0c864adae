// gdb's remote protocol, spoken by the tests: what gdb would ask, and what it is told.

import { describe, expect, it } from "vitest";
import { PacketReader, packet, toHex } from "../../src/debug/gdb-packets.js";
import { Debugger, GdbSession, type SessionEnd, type Stop } from "../../src/debug/index.js";
import { type LoadedElf, Machine, program } from "../../src/index.js";
import { buildUnderTest } from "../support/build.js";
import { exampleElf, kernelCallsIn } from "../support/elf.js";
import { GdbClient } from "../support/gdb-client.js";

interface Session {
  readonly gdb: GdbClient;
  readonly session: GdbSession;
  readonly ended: Promise<SessionEnd>;
}

interface Connection extends Session {
  readonly machine: Machine;
  readonly elf: LoadedElf;
}

function machineWith(name: string): { machine: Machine; elf: LoadedElf } {
  const machine = new Machine({ cpus: 2, guestMemory: 1 << 21, jit: false }, buildUnderTest);
  const elf = machine.loadElf(exampleElf(name), { name });
  machine.createThread({ name: "main", body: elf });
  return { machine, elf };
}

function connect(name = "producer_consumer"): Connection {
  const { machine, elf } = machineWith(name);
  return { machine, elf, ...connectTo(machine) };
}

function connectTo(machine: Machine): Session {
  const debug: Debugger = new Debugger(machine, {
    isInterrupted: async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return session.takeInterrupt();
    },
  });
  const exitCode = ({ why }: Stop) => (why === "exit" ? (machine.exitStatus ?? 0) : 70);
  const session: GdbSession = new GdbSession(debug, {
    send: (bytes) => gdb.receive(bytes),
    exitCode,
  });
  const gdb: GdbClient = new GdbClient((bytes) => session.receive(bytes));
  return { gdb, session, ended: session.ended };
}

/** Where a thread of the example goes to sleep. */
const msleep = (elf: LoadedElf) => kernelCallsIn(elf, "msleep")[0] ?? 0;

const hex = (value: number) => value.toString(16);
const word = (value: number) => toHex(Uint8Array.of(value, value >> 8, value >> 16, value >> 24));
const text = (digits: string) => Buffer.from(digits, "hex").toString();

describe("packets", () => {
  const arrivals = (reader: PacketReader, text: string) => reader.add(Buffer.from(text, "latin1"));

  it("have a sum, and bytes that would be misread are escaped", () => {
    expect(Buffer.from(packet("OK")).toString()).toBe("$OK#9a");
    expect(Buffer.from(packet("a}$#*")).toString()).toBe("$a}]}\u0004}\u0003}\n#c3");
  });

  it("are assembled from pieces, and distinguished from damaged ones and from an interruption", () => {
    const reader = new PacketReader();
    expect(arrivals(reader, "+$g#6")).toEqual([]);
    expect(arrivals(reader, "7\u0003$OK#00$?#")).toEqual([
      { kind: "packet", data: "g" },
      { kind: "interrupt" },
      { kind: "damaged" },
    ]);
    expect(arrivals(reader, "3f")).toEqual([{ kind: "packet", data: "?" }]);
    const rest = new PacketReader();
    const all = [...packet("X10,2:}#")].map((byte) => String.fromCharCode(byte)).join("");
    expect(arrivals(rest, all)).toEqual([{ kind: "packet", data: "X10,2:}#" }]);
  });

  it("are damaged where digits of the sum are none, or they are longer than gdb was told", () => {
    const reader = new PacketReader();
    expect(arrivals(reader, "$\u0001#1g")).toEqual([{ kind: "damaged" }]);
    expect(arrivals(reader, `$${"0".repeat(0x10000)}#00`)).toEqual([
      { kind: "packet", data: "0".repeat(0x10000) },
    ]);
    expect(arrivals(reader, `${"+".repeat(1_000_000)}$${"0".repeat(1_000_000)}`)).toEqual([]);
    expect(arrivals(reader, "#00$OK#9a")).toEqual([
      { kind: "damaged" },
      { kind: "packet", data: "OK" },
    ]);
    expect(arrivals(reader, "$a}#de")).toEqual([{ kind: "packet", data: "a" }]);
  });
});

describe("a session with gdb", () => {
  it("begins with gdb's opening packets", async () => {
    const { gdb } = connect();
    expect(await gdb.ask("qSupported:multiprocess+;swbreak+;xmlRegisters=i386")).toMatch(
      /^PacketSize=10000;QStartNoAckMode\+;.*ReverseStep\+;ReverseContinue\+$/,
    );
    expect(await gdb.ask("vMustReplyEmpty")).toBe("");
    expect(gdb.signs).toBe("++");
    gdb.send(Buffer.from("$g#00"));
    expect(gdb.signs).toBe("++-");
    expect(await gdb.ask("QStartNoAckMode")).toBe("OK");
    expect(await gdb.ask("?")).toBe("T05thread:186a2;core:1;");
    expect(gdb.signs).toBe("++-+");
    expect(await gdb.ask("qAttached")).toBe("0");
    expect(await gdb.ask("vCont?")).toBe("vCont;c;C;s;S");
  });

  it("describes registers, and gives them all or one by one", async () => {
    const { gdb, elf } = connect();
    const first = await gdb.ask("qXfer:features:read:target.xml:0,40");
    expect(first).toMatch(/^m<\?xml/);
    const rest = await gdb.ask("qXfer:features:read:target.xml:40,4000");
    expect(rest).toMatch(/^l.*regnum="32"\/><\/feature><\/target>$/);
    const all = await gdb.ask("g");
    expect(all).toHaveLength(33 * 8);
    expect(all.slice(-8)).toBe(word(elf.entry));
    expect(await gdb.ask("p20")).toBe(word(elf.entry));
    expect(await gdb.ask(`Pa=${word(1234)}`)).toBe("OK");
    expect(await gdb.ask("pa")).toBe(word(1234));
    expect(await gdb.ask(`G${all}`)).toBe("OK");
    expect(await gdb.ask("g")).toBe(all);
    expect(await gdb.ask("p21")).toBe("E16");
    expect(await gdb.ask("P20=00000001")).toBe("E16");
  });

  it("lists threads with their names and states, at a breakpoint in one of them", async () => {
    const { gdb, elf } = connect();
    expect(await gdb.ask(`Z0,${hex(msleep(elf))},2`)).toBe("OK");
    expect(await gdb.ask("vCont;c")).toMatch(/^T05thread:186a[0-9a-f];core:[01];$/);
    expect(await gdb.ask("qfThreadInfo")).toBe("m186a2,186a3,186a4,186a5,186a6,186a7");
    expect(await gdb.ask("qsThreadInfo")).toBe("l");
    const list = await gdb.ask("qXfer:threads:read::0,4000");
    expect(list).toContain('name="producer 1">');
    expect(list).toMatch(/<thread id="186a2" core="1" name="main">sleeping on &quot;done&quot;</);
    expect(text(await gdb.ask("qThreadExtraInfo,186a2"))).toBe('main: sleeping on "done"');
    expect(await gdb.ask("T186a2")).toBe("OK");
    expect(await gdb.ask("T99")).toBe("E03");
    expect(await gdb.ask("Hg186a2")).toBe("OK");
    const other = await gdb.ask("p20");
    expect(await gdb.ask("Hg0")).toBe("OK");
    expect(await gdb.ask("p20")).toBe(word(msleep(elf)));
    expect(other).not.toBe(word(msleep(elf)));
  });

  it("reads and writes memory, and reports addresses without memory", async () => {
    const { gdb, elf } = connect();
    const at = hex(elf.addressOf("consumed"));
    expect(await gdb.ask(`m${at},4`)).toBe("00000000");
    expect(await gdb.ask(`M${at},2:2a01`)).toBe("OK");
    expect(await gdb.ask(`m${at},4`)).toBe("2a010000");
    expect(await gdb.ask(`X${at},2:#}`)).toBe("OK");
    expect(await gdb.ask(`m${at},2`)).toBe("237d");
    expect(await gdb.ask("m0,4")).toBe("E0e");
    expect(await gdb.ask(`m${hex((1 << 21) - 2)},8`)).toHaveLength(4);
    expect(await gdb.ask("M0,1:00")).toBe("E0e");
    expect(await gdb.ask("mzz,4")).toBe("E16");
  });

  it("steps, watches, and goes back to the beginning", async () => {
    const { gdb, elf, machine } = connect();
    const at = hex(elf.addressOf("consumed"));
    expect(await gdb.ask("vCont;s:186a2;c")).toMatch(/^T05thread:186a2/);
    expect(machine.counters.instructions).toBe(1);
    expect(await gdb.ask(`Z2,${at},4`)).toBe("OK");
    expect(await gdb.ask("c")).toMatch(new RegExp(`^T05watch:${at};thread:186a[67];`));
    expect(await gdb.ask(`m${at},1`)).toBe("01");
    expect(await gdb.ask("bc")).toMatch(new RegExp(`^T05watch:${at};thread:186a[67];`));
    expect(await gdb.ask(`m${at},1`)).toBe("00");
    expect(await gdb.ask("bs")).toMatch(/^T05thread:186a[67];/);
    expect(await gdb.ask("bc")).toMatch(/^T05replaylog:begin;thread:186a2;/);
    expect(machine.counters.instructions).toBe(0);
    expect(await gdb.ask(`z2,${at},4`)).toBe("OK");
    expect(await gdb.ask("Z9,0,4")).toBe("");
  });

  it("refuses what makes no sense, and what it has not announced, and goes on", async () => {
    const { gdb, machine } = connect();
    for (const bad of ["p-1", "p", "p1.8", "P-1=00000000", "qXfer:threads:read::,"]) {
      expect([bad, await gdb.ask(bad)]).toEqual([bad, "E16"]);
    }
    for (const unknown of ["c1000", "s1000", "C5", "vCont;t", "vCont;c;x:1", "vCont;", "cat"]) {
      expect([unknown, await gdb.ask(unknown)]).toEqual([unknown, ""]);
    }
    expect(machine.counters.instructions).toBe(0);
    expect(await gdb.ask("S05")).toMatch(/^T05thread:186a2/);
    expect(machine.counters.instructions).toBe(1);
  });

  it("stops at an address as long as one kind of breakpoint is left there", async () => {
    const { gdb, elf } = connect();
    const at = hex(msleep(elf));
    for (const kind of ["Z0", "Z1", "Z1", "z1"]) {
      expect(await gdb.ask(`${kind},${at},2`)).toBe("OK");
    }
    expect(await gdb.ask("vCont;c")).toMatch(/^T05thread/);
    expect(await gdb.ask("p20")).toBe(word(msleep(elf)));
    expect(await gdb.ask(`z0,${at},2`)).toBe("OK");
    expect(await gdb.ask("vCont;c")).toBe("W00");
  });

  it("steps the thread that was chosen for steps, while it looks at another", async () => {
    const { gdb, elf } = connect();
    await gdb.ask(`Z0,${hex(msleep(elf))},2`);
    const [, here = ""] = /thread:([0-9a-f]+)/.exec(await gdb.ask("vCont;c")) ?? [];
    await gdb.ask(`z0,${hex(msleep(elf))},2`);
    const ids = (await gdb.ask("qfThreadInfo")).slice(1).split(",");
    const other = ids.find((id) => id !== here && id !== "186a2") ?? "";
    expect(await gdb.ask(`Hc${other}`)).toBe("OK");
    expect(await gdb.ask(`Hg${here}`)).toBe("OK");
    expect(await gdb.ask("s")).toContain(`thread:${other};`);
    expect(await gdb.ask("Hc0")).toBe("OK");
    expect(await gdb.ask("Hc99")).toBe("E03");
    expect(await gdb.ask("bs")).toContain(`thread:${other};`);
  });

  it("goes back from a panic, and ends where it should go on", async () => {
    const bad = program("bad").li("a1", 3).lw("a0", "zero", 0).build();
    const machine = new Machine({ jit: false }, buildUnderTest);
    machine.createThread({ name: "bad", body: machine.load(bad).textBase });
    const { gdb } = connectTo(machine);
    expect(await gdb.ask("vCont;c")).toMatch(/^T0bthread/);
    expect(await gdb.ask("vCont;c")).toMatch(/^T06thread/);
    expect(await gdb.ask("pb")).toBe(word(3));
    expect(await gdb.ask("bs")).toMatch(/^T05thread/);
    expect(await gdb.ask("pb")).toBe(word(0));
    expect(await gdb.ask("vCont;c")).toMatch(/^T0bthread/);
    expect(await gdb.ask("vCont;c")).toMatch(/^T06thread/);
    expect(await gdb.ask("vCont;c")).toBe("W46");
  });

  it("ends with the status of the program, and does not change its run", async () => {
    const free = machineWith("producer_consumer").machine;
    free.run();
    const { gdb, elf, machine, ended } = connect();
    await gdb.ask(`Z1,${hex(msleep(elf))},2`);
    for (let count = 0; count < 20; count++) await gdb.ask("c");
    await gdb.ask(`z1,${hex(msleep(elf))},2`);
    expect(await gdb.ask("c")).toBe("W00");
    expect(await ended).toEqual({ how: "stopped", stop: { why: "exit" } });
    expect([machine.hash, machine.counters]).toEqual([free.hash, free.counters]);
    expect(text(await gdb.ask(`qRcmd,${Buffer.from("hash").toString("hex")}`))).toBe(
      `${machine.hash}\n`,
    );
  });

  it("is interrupted, detached and killed", async () => {
    const { gdb, session, machine, ended } = connect("spinlock_broken");
    gdb.send(packet("vCont;c"));
    gdb.send(Uint8Array.of(3));
    expect(await gdb.next()).toMatch(/^(T02thread|T0[5b]|W)/);
    expect(await gdb.ask("D")).toBe("OK");
    expect(await ended).toEqual({ how: "detached" });
    expect(machine.counters.threads).toBeGreaterThan(0);
    session.close();
    const other = connect();
    other.gdb.send(packet("k"));
    expect(await other.ended).toEqual({ how: "killed" });
    const third = connect();
    expect(await third.gdb.ask("vKill;1")).toBe("OK");
    expect(await third.ended).toEqual({ how: "killed" });
  });
});
