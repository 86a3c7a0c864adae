#!/usr/bin/env bash
# Builds the examples: `build.sh` writes the ELFs beside their sources, `build.sh FOLDER` elsewhere. The files
# are the same bit for bit wherever they are built, by Debian 12's clang and lld.
set -eu
out=$(realpath -m "${1:-$(dirname "$0")}")
cd "$(dirname "$0")"
mkdir -p "$out"
for source in *.c; do
  node ../../dist/cli.js cc "$source" -o "$out/${source%.c}.elf" --compiler clang -O2 -Wall -Wextra -Wl,--strip-debug
done
