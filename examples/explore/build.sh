#!/usr/bin/env bash
# Builds both forms of the examples of C: `build.sh` writes the ELFs beside their sources, `build.sh FOLDER` elsewhere.
# The files are the same bit for bit wherever they are built, by Debian 12's clang and lld. They know the lines of their
# own sources only: those of the C library would take most of the room.
set -eu
out=$(realpath -m "${1:-$(dirname "$0")}")
cd "$(dirname "$0")"
mkdir -p "$out"
objects=$(mktemp -d)
trap 'rm -rf "$objects"' EXIT

# build SOURCE NAME [OPTION...]
build() {
  local object="$objects/$2.o"
  node ../../dist/cli.js cc --compiler clang -c "$1" -o "$object" -O2 -gline-tables-only -fdebug-compilation-dir=. -Wall \
    -Wextra "${@:3}"
  node ../../dist/cli.js cc --compiler clang "$object" -o "$out/$2.elf"
}

for source in *.c; do
  name=${source%.c}
  build "$source" "$name" & # both forms at once
  build "$source" "$name-right" -DRIGHT
  wait $!
done
