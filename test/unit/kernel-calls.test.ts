// The table of kernel calls, assembly/syscalls.master, and what the build makes from it.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { madeFiles, parseTable, readTable } from "../../scripts/makesyscalls.mjs";
import { kernel, sys } from "../../src/index.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");

/** The numbers that programs have been compiled with: they stay for ever. */
const numbers = `
  0 body_return, 1 lwkt_yield, 2 lwkt_yield_quick, 3 lwkt_switch, 4 lwkt_schedule_self,
  5 lwkt_deschedule_self, 6 lwkt_schedule, 7 lwkt_deschedule, 8 lwkt_setpri, 9 lwkt_setpri_self,
  10 lwkt_preempt, 11 lwkt_preempted_proc, 12 lwkt_block, 13 lwkt_signal, 14 lwkt_init_wait,
  15 lwkt_gettoken, 16 lwkt_reltoken, 17 lwkt_regettoken, 18 lwkt_havetoken, 19 crit_enter,
  20 crit_exit, 21 crit_exit_noyield, 22 crit_panic, 23 lwkt_create, 24 lwkt_exit,
  25 lwkt_kthread_create, 26 lwkt_kthread_exit, 27 lwkt_free_thread, 28 lwkt_proc_exit,
  29 lwkt_wait_gen, 30 lwkt_migrate, 31 lwkt_setcpu_self, 32 interrupt, 33 intr_enter,
  34 intr_exit, 35 set_reqpri, 36 set_untimely_switch, 37 intr_register, 38 intr_wait,
  48 compute, 49 cycles, 50 curthread, 51 curcpu, 52 random, 64 kthread_add, 65 kthread_exit,
  66 kthread_suspend, 67 kthread_resume, 68 kthread_suspend_check, 69 kthread_start,
  70 kproc_create, 71 kproc_exit, 72 kproc_suspend, 73 kproc_resume, 74 kproc_suspend_check,
  75 kproc_start, 76 kproc_kthread_add, 77 fork, 78 thr_create, 79 thr_exit, 80 exit, 81 wait,
  82 proc_stop, 83 proc_cont, 84 ast, 85 tsleep, 86 wakeup, 87 wakeup_one, 88 pause,
  89 sched_relinquish, 90 sched_add, 91 sched_prio, 92 ticks, 96 thread_exit, 97 thread_alloc,
  98 thread_free, 99 thread_recycle, 100 thread_reap, 101 thread_reap_all,
  102 thread_reap_barrier, 103 thread_single, 104 thread_single_end, 105 thread_suspend_check,
  106 thread_suspend_check_needed, 107 thread_check_susp, 108 thread_unsuspend,
  109 thread_run_flash, 110 tdfind, 111 pfind, 112 proc_setcred, 113 proc_setlimit,
  114 thread_cow_update, 115 thread_cow_synced, 116 cow_sync_creds, 117 td_setucred,
  118 td_restoreucred, 120 tid_alloc, 121 tid_free,
  122 tidhash_add, 123 tidhash_remove, 124 kstack_fail, 126 eventhandler_register,
  127 eventhandler_deregister, 128 reboot, 160 mtx_create, 161 mtx_lock, 162 mtx_unlock,
  163 cv_create, 164 cv_wait, 165 cv_signal, 166 cv_broadcast, 167 sema_create, 168 sema_wait,
  169 sema_post, 170 barrier_create, 171 barrier_wait, 172 timer_create, 173 timer_wait,
  174 timer_next, 175 sleep_until, 176 sleep, 177 cpuset_setaffinity, 178 sched_prio_self,
  179 thread_report, 180 mtx_owned, 200 msleep, 201 mtx_sleep, 202 mtx_init, 203 mtx_trylock, 204 mtx_recursed,
  205 mtx_lock_spin, 206 mtx_unlock_spin,
  210 rw_init, 211 rw_destroy, 212 rw_rlock, 213 rw_runlock,
  214 rw_wlock, 215 rw_wunlock, 216 rw_try_rlock, 217 rw_try_wlock,
  218 rw_try_upgrade, 219 rw_downgrade, 220 rw_wowned, 221 rw_sleep,
  240 sx_init, 241 sx_destroy, 242 sx_slock, 243 sx_sunlock,
  244 sx_xlock, 245 sx_xunlock, 246 sx_try_slock, 247 sx_try_xlock,
  248 sx_try_upgrade, 249 sx_downgrade, 250 sx_xlocked, 251 sx_sleep,
  222 cv_timedwait, 223 cv_wait_sig, 224 cv_timedwait_sig, 225 sema_trywait,
  226 sema_timedwait, 227 sema_value, 192 rm_init, 193 rm_destroy, 194 rm_rlock, 195 rm_runlock,
  196 rm_wlock, 197 rm_wunlock, 198 rm_try_rlock, 199 rm_wowned, 232 rm_sleep, 233 lockinit,
  234 lockdestroy, 235 lockmgr, 236 lockstatus, 237 lockmgr_disown,
  228 lwkt_trytoken, 229 lwkt_token_pool_lookup, 252 lwkt_getpooltoken, 253 lwkt_relpooltoken,
  238 sx_slock_sig, 239 sx_xlock_sig, 254 cv_wait_unlock, 255 msleep_spin, 256 mtx_trylock_spin,
  257 mtx_assert, 258 rw_assert, 259 sx_assert, 260 rm_assert, 261 wakeup_any,
  262 lockmgr_assert, 263 eventhandler_deregister_nowait,
  264 lwkt_token_uninit, 265 lwkt_wait_uninit
`;

const { calls } = readTable();

describe("the table of kernel calls", () => {
  it("takes the row that CONTRIBUTING.md adds to it, and makes its dispatch, types and reference", () => {
    const [, row = ""] = /\n```\n(\d+ thread_count[^`]*)```/.exec(read("CONTRIBUTING.md")) ?? [];
    const table = parseTable(`${read("assembly/syscalls.master")}${row}`);
    expect(table.calls.length).toBe(calls.length + 1);
    const files = madeFiles(table);
    const made = [...files].flatMap(([path, text]) =>
      text.includes("thread_count") ? [path] : [],
    );
    expect(made.sort()).toEqual([
      "assembly/run/init_sysent.ts",
      "assembly/sys/syscall.ts",
      "docs/kernel-calls.md",
      "include/kthread_machine/syscalls.h",
      "src/generated/calls.ts",
      "src/machine/generated/sys.ts",
    ]);
  });

  it("keeps every number that has been given away", () => {
    const given = numbers.trim().split(/,\s*/);
    const now = calls.map(({ nr, name }) => `${nr} ${name}`);
    expect(given.filter((call) => !now.includes(call))).toEqual([]);
  });

  it("names functions that exist", () => {
    const missing = calls.filter(({ impl }) => {
      return !new RegExp(`^export function ${impl.name}\\(`, "m").test(
        read(`assembly/${impl.file}.ts`),
      );
    });
    expect(missing.map(({ name }) => name)).toEqual([]);
  });

  it("names errors that exist", () => {
    const known = read("assembly/sys/errno.ts");
    const errors = new Set(calls.flatMap((call) => call.errors.map(({ name }) => name)));
    expect([...errors].filter((name) => !known.includes(`const ${name}:`))).toEqual([]);
  });

  it("gives a result to every call except those that leave the registers alone or never return", () => {
    for (const { name, result, canFail, hasResult } of calls) {
      const returns = result !== "nothing" && (result !== "never" || canFail);
      expect([name, hasResult]).toEqual([name, returns]);
    }
  });

  it("has a maker of each call, in `sys` and under the deprecated name `kernel`", () => {
    const names = calls.filter(({ isInternal }) => !isInternal).map(({ name }) => name);
    expect(Object.keys(sys).sort()).toEqual([...names].sort());
    expect(kernel).toBe(sys);
  });

  it("describes each call in the reference", () => {
    const reference = read("docs/kernel-calls.md");
    const headings = [...reference.matchAll(/^### (\w+)$/gm)].map((match) => match[1]);
    expect(headings.sort()).toEqual(Object.keys(sys).sort());
  });

  it("is what the made files were made from", () => {
    const made = madeFiles();
    expect(made.size).toBeGreaterThan(4);
    for (const [path, text] of made) expect(read(path) === text, path).toBe(true);
  });
});

describe("a new call", () => {
  it("is one row", () => {
    const row =
      "group g any G\n\n200 thing(proc: proc, time: u64): i32\n    = run/x thing value\n    Does it.\n    proc: it\n    time: when\n";
    const made = madeFiles(parseTable(row));
    expect(made.get("assembly/sys/syscall.ts")).toContain("  thing = 200,\n");
    const dispatch = made.get("assembly/run/init_sysent.ts");
    expect(dispatch).toContain('import { thing } from "./x";');
    expect(dispatch).toContain(
      "    case Sys.thing:\n      if (!(proc_valid(f.a0))) {\n        f.a0 = EINVAL;\n        return;\n      }\n" +
        "      f.a0 = thing(changetype<Proc>(f.a0), wide(f.a1, f.a2));\n      return;\n",
    );
    expect(made.get("src/machine/generated/sys.ts")).toContain(
      "thing(proc: Handle | number, time: bigint | number): KernelCall<number>;",
    );
    expect(made.get("src/generated/calls.ts")).toContain('args: ["proc", "u64"],');
    expect(made.get("docs/kernel-calls.md")).toContain("- `EINVAL`: `proc` is not a process");
  });

  it.each([
    ["1 a(): i32\n    = f g value\n    A.\n", "line 1: this call belongs to no group"],
    ["group g any G\n1 a(): i32\n    A.\n", "line 2: a names no function"],
    ["group g any G\n1 a(): i32\n    = f g value\n", "line 2: a: the call is not described"],
    ["group g any G\n1 a(x: u32): i32\n    = f g value\n    A.\n", "a: x is not described"],
    ["group g any G\n1 a(x: what): i32\n", "line 2: what is no kind of argument"],
    ["group g any G\n1 a(): what\n", "line 2: what is no kind of result"],
    ["group g what G\n", "line 1: what is no layer"],
    ["group g any G\n4096 a(): i32\n    = f g value\n    A.\n", "the number is above 2047"],
    ["group g any G\n1 a(): nothing\n    = f g value\n    A.\n    EBUSY: x\n", "a can fail"],
    [
      "group g any G\n1 a(): i32\n    = f g value\n    A.\n    what: x\n",
      "line 5: a has no `what`",
    ],
    [
      "group g any G\n1 a(): i32\n    = f g value\n    A.\n1 b(): i32\n    = f g value\n    B.\n",
      "line 5: b has the number of a, 1. A new call takes the number behind all others, 2.",
    ],
    [
      "group g any G\n1 a(): i32\n    = f g value\n    A.\n2 a(): i32\n    = f g value\n    B.\n",
      "line 5: there are two calls a",
    ],
    ["group g any G\n1 a(): i32\n  = f g value\n", "line 3: indented by 2"],
  ])("is refused when its row is wrong: %j", (text, message) => {
    expect(() => parseTable(text)).toThrow(message);
  });
});
