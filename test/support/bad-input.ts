// Bad input made from a seed: damaged workload files, invalid command lines, and values that no method takes.

import type { Random } from "./random.js";

/** Values of all kinds to pass as arguments. */
export const oddValues: readonly unknown[] = [
  ...[undefined, null, true, -1, 1.5, 33, 256, 2 ** 32, 2 ** 53, 1e300, Number.NaN],
  ...[Number.POSITIVE_INFINITY, 5n, -5n, 2n ** 70n, "", "x", "0", "__proto__", "\u0000", "\ud800"],
  ...["é".repeat(200), Symbol("s"), [], [1], {}, { address: 4 }, { address: "x" }, { entry: 3 }],
  ...[Promise.resolve(), () => {}, async () => {}, new Date(0), /x/, new Map()],
];

const PIECES = [
  ...[
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    '"',
    "\\",
    "\u0000",
    "\u001b[31m",
    "\ud83d\ude00",
    "/*",
    "//",
    "\n",
  ],
  ...[
    "-1",
    "1e999",
    "0.5",
    "null",
    "true",
    '"lock"',
    '"run"',
    '"fork"',
    '"x"',
    "99999999999999999999",
  ],
  ...[
    '"instance": -3',
    '"loop": "x"',
    '"cpus": [64]',
    '"priority": 300',
    '"phases": []',
    '"sleep": {}',
  ],
];

/** A damaged text: pieces inserted, removed, doubled or swapped. */
export function damaged(text: string, random: Random): string {
  let result = text;
  for (let i = 1 + random.below(4); i > 0; i--) {
    const at = random.below(result.length + 1);
    const length = random.below(20);
    const insert = random.once(3)
      ? ""
      : random.once(3)
        ? result.slice(at, at + 2 * length)
        : random.pick(PIECES);
    result = result.slice(0, at) + insert + result.slice(at + (random.once(2) ? length : 0));
  }
  return result;
}

const OPTIONS = [
  ...["--cpus", "--for", "--seed", "--scheduler", "--trace", "--at", "--threads", "--rounds"],
  ...["--json", "--all", "--progress", "--no", "-x", "--", "--cpus=0", "--help=1"],
];
const OPTION_VALUES = [
  ...[
    "",
    "0",
    "-1",
    "65",
    "1.5",
    "1e3",
    "NaN",
    "x",
    "0x10",
    "1s2",
    "s",
    "99999999h",
    "4BSD",
    "\u0000",
  ],
  ...["/", "/dev/null", "/nonexistent/x", "a".repeat(5000), "🙂", "--json"],
];

const COMMANDS = ["run", "ps", "stress", "completion", "", "rnu", "--nope"];

/** Commands with programs, searches and comparisons, and options of theirs. */
export const toolCommands = ["compare", "exec", "explore", "cc", "worker"];
const TOOL_OPTIONS = [
  ...["--cpus", "--scheduler", "--schedulers", "--seeds", "--seed", "--for", "--json", "--nope"],
  ...["--strategy", "--schedules", "--depth", "--steps", "--choose", "--replay", "--workers"],
  ...["--memory", "--threads", "--faults", "--limit", "--disassemble", "--bare", "--compiler"],
];

/** Invalid arguments of one of the tools. */
export function badToolArguments(random: Random): string[] {
  const args = [random.pick(toolCommands)];
  args.push(random.pick(["/nonexistent.json", "/", "", "/dev/null", "package.json"]));
  for (let i = random.below(4); i > 0; i--) {
    args.push(random.pick(TOOL_OPTIONS));
    if (random.once(2)) args.push(random.pick(OPTION_VALUES));
  }
  return args;
}

/** Invalid arguments of a command: a file that does not exist, or wrong options. */
export function badArguments(random: Random): string[] {
  const command = random.pick(COMMANDS);
  const args = [command];
  if (command === "stress") args.push("--threads", random.pick(OPTION_VALUES.slice(0, 9)));
  else args.push(random.pick(["/nonexistent.json", "/", "", "/dev/null", "package.json"]));
  for (let i = random.below(4); i > 0; i--) {
    args.push(random.pick(OPTIONS));
    if (random.once(2)) args.push(random.pick(OPTION_VALUES));
  }
  return args;
}
