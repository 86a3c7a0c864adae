// `kthread-machine cc`: compiles C for the machine with the compiler that is installed.

import { type Command, Option } from "commander";
import { LIBCS, type LibcName } from "./libc.js";
import { COMPILERS, type CompilerName, compile, splitArguments } from "./toolchain.js";

const HELP = `
What is not known here goes to the compiler: -O2 -g -Wall -DNAME=1 -march=rv32ima ...
Unless told otherwise the compiler gets -O2, -march=rv32imac and -mabi=ilp32. With -g reports name source lines.

Exit codes:
  0  OUT.elf is there
  1  the compiler or the linker has found errors: it has told them
  2  wrong arguments, or no compiler is installed: the message says what to install
  129, 130, 143  ended by SIGHUP, Ctrl-C or SIGTERM

Examples:
  kthread-machine cc hello.c -o hello.elf && kthread-machine exec hello.elf
  kthread-machine cc *.c -o app.elf -O3 -Wall
  kthread-machine cc --libc picolibc app.c -o app.elf
`;

interface Flags {
  readonly output?: string;
  readonly compiler?: CompilerName;
  readonly libc: LibcName;
}

/** Adds the command `cc` to a program. */
export function registerCc(program: Command): void {
  program
    .command("cc")
    .summary("compile C programs for the machine")
    .description(
      "Compiles and links C for the machine, with clang and lld or riscv64-unknown-elf-gcc: adds the header " +
        "kthread_machine.h, a small C library, the start file and the link script.",
    )
    .argument("<arguments...>", "source files, object files, and options of the compiler")
    .option("-o, --output <file>", "the program to write, or the object file with -c")
    .addOption(
      new Option("--compiler <name>", "which one, if both are installed").choices(COMPILERS),
    )
    .addOption(
      new Option("--libc <name>", "C library: the small one, or picolibc where it is installed")
        .choices(LIBCS)
        .default("small"),
    )
    .allowUnknownOption()
    .addHelpText("after", HELP)
    .action(async (given: string[], { output, compiler, libc }: Flags) => {
      process.exitCode = await compile(splitArguments(given, output), libc, compiler);
    });
}
