#!/usr/bin/env bash
# Builds both forms of the examples of C: `build.sh` writes the ELFs beside their sources, `build.sh FOLDER` elsewhere.
# The files are the same bit for bit wherever they are built, by Debian 12's clang and lld. They know the lines of their
# own sources only: those of the C library would take most of the room.
set -eu
out=$(realpath -m "${1:-$(dirname "$0")}")
cd "$(dirname "$0")"
mkdir -p "$out"
object=$(mktemp --suffix=.o)
trap 'rm -f "$object"' EXIT

# build SOURCE OUT [OPTION...]
build() {
  node ../../dist/cli.js cc --compiler clang -c "$1" -o "$object" -O2 -gline-tables-only -fdebug-compilation-dir=. -Wall \
    -Wextra "${@:3}"
  node ../../dist/cli.js cc --compiler clang "$object" -o "$2"
}

for source in *.c; do
  name="$out/${source%.c}"
  build "$source" "$name.elf"
  build "$source" "$name-right.elf" -DRIGHT
done
