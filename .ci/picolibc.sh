#!/usr/bin/env bash
# A C program with picolibc: the same output on 1 and 2 CPUs under each scheduler, and the same run with and without the
# compiler.
set -u
cd "$(dirname "$0")/.." || exit 1

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
program="$folder/program.elf"
node dist/cli.js cc --libc picolibc -Wall -Werror test/fixtures/picolibc/program.c -o "$program" || exit 1

cat >"$folder/expected" <<'END'
worker 0: a0 b0 0.0
worker 1: a1 b1 0.2
worker 2: a2 b2 0.5
worker 3: a3 b3 0.8
worker 4: a4 b4 1.0
worker 5: a5 b5 1.2
1 3 5 9, 2.256, 2.5, 1099511627776, Not enough space
no end
to the same place.
bye
END

failed=0
for scheduler in lwkt 4bsd ule; do
  for cpus in 1 2; do
    options=("$program" --scheduler "$scheduler" --cpus "$cpus")
    timeout 60 node dist/cli.js exec "${options[@]}" -- argument >"$folder/output" 2>"$folder/report" ||
      { echo "$scheduler on $cpus: exit code $?"; cat "$folder/output" "$folder/report"; failed=1; }
    # Which worker ends first is the scheduler's to say.
    { grep '^worker' "$folder/output" | sort; grep -v '^worker' "$folder/output"; } |
      diff "$folder/expected" - || { echo "$scheduler on $cpus: another output"; failed=1; }
    timeout 60 node dist/cli.js exec "${options[@]}" --no-jit -- argument >/dev/null 2>"$folder/plain"
    [ "$(grep -o 'hash .*' "$folder/report")" = "$(grep -o 'hash .*' "$folder/plain")" ] ||
      { echo "$scheduler on $cpus: another run with --no-jit"; failed=1; }
  done
done
exit "$failed"
