#!/usr/bin/env bash
# Builds the programs for our machine, by gcc -O2: `build.sh` writes machine.elf here, `build.sh FOLDER` elsewhere. The
# file is the same bit for bit wherever it is built, by Debian 12's riscv64-unknown-elf-gcc.
set -eu
out=$(realpath -m "${1:-$(dirname "$0")}")
cd "$(dirname "$0")"
mkdir -p "$out"
node ../../../dist/cli.js cc machine.c works.c numbers.c arrays.c interpreters.c library.c \
  -o "$out/machine.elf" --compiler gcc -O2 -Wall -Wextra -Wl,--strip-debug
