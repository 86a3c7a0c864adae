#!/usr/bin/env bash
# The small C library beside the host's: the same program, with the same random arguments, prints the same.
set -u
cd "$(dirname "$0")/.." || exit 1

source=test/fixtures/c-library/beside-host.c
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cc -O1 -w -fwrapv -ffp-contract=off -D_GNU_SOURCE "$source" -o "$folder/host" || exit 1
node dist/cli.js cc -w "$source" -o "$folder/machine.elf" || exit 1

failed=0
for what in 0 1 2 3 4; do
  "$folder/host" "$what" "${SEED:-1}" 4000 >"$folder/expected"
  timeout 60 node dist/cli.js exec "$folder/machine.elf" "$what" "${SEED:-1}" 4000 >"$folder/output" 2>"$folder/report" ||
    { echo "part $what: exit code $?"; cat "$folder/report"; failed=1; }
  diff "$folder/expected" "$folder/output" | head -n 10
  cmp -s "$folder/expected" "$folder/output" || { echo "part $what differs"; failed=1; }
done
exit "$failed"
