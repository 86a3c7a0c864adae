// The fuzzer: `npm run -s fuzz -- [TARGET...] [--for TIME] [--seed N]`. KTM_BUILD chooses the build.

import { Argument, Command } from "commander";
import { parseDuration, wholeNumber } from "../../src/cli/units.js";
import { type Failure, fuzz } from "./fuzz.js";
import type { Target } from "./target.js";
import { targets } from "./targets.js";

const SEED_MAX = 2 ** 32 - 1;

interface Flags {
  readonly for: number;
  readonly seed: number;
  readonly size?: number;
}

function tell(name: string, { seed, size, message }: Failure): void {
  const build = process.env.KTM_BUILD === undefined ? "" : `KTM_BUILD=${process.env.KTM_BUILD} `;
  console.log(`${name}: FAILED: ${message}`);
  console.log(`  again: ${build}npm run -s fuzz -- ${name} --seed ${seed} --size ${size} --for 0s`);
  console.log("  When it is put right, keep the seed in test/fuzz/corpus.ts.");
}

async function run(names: readonly string[], flags: Flags): Promise<void> {
  for (const name of names.length > 0 ? names : Object.keys(targets)) {
    const target = targets[name] as Target;
    const end = performance.now() + flags.for / 1e6;
    const size = flags.size ?? target.size;
    const { seeds, operations, failure } = await fuzz(
      target,
      flags.seed,
      size,
      () => performance.now() < end,
    );
    if (failure === null) {
      console.log(
        `${name}: ${operations} operations of ${seeds} seeds from ${flags.seed}: no failure`,
      );
    } else {
      tell(name, failure);
      process.exitCode = 1;
    }
  }
}

await new Command("fuzz")
  .description("Drives parts of the machine at random against their models and rules.")
  .addArgument(new Argument("[target...]", "what to drive").choices(Object.keys(targets)))
  .option("--for <time>", "host time for each target, such as 10s or 8h", parseDuration, 10e9)
  .option("--seed <n>", "the first seed", wholeNumber(0, SEED_MAX), 1)
  .option("--size <n>", "operations of a try", wholeNumber(1, 1e9))
  .addHelpText(
    "after",
    `\nTargets:\n${Object.entries(targets)
      .map(([name, { about }]) => `  ${name.padEnd(15)}${about}`)
      .join("\n")}`,
  )
  .action(run)
  .parseAsync();
