#!/usr/bin/env bash
# A session of gdb-multiarch with a C program: lists threads, stops at a breakpoint in a thread, prints a
# backtrace and a variable, steps back, and continues to the end; the hash is that of a run without gdb.
set -u
cd "$(dirname "$0")/.." || exit 1

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
program="$folder/producer_consumer.elf"
node dist/cli.js cc -g -O0 examples/c/producer_consumer.c -o "$program" || exit 1
free=$(node dist/cli.js exec "$program" --cpus 2 --json | grep '"hash"') || exit 1

cat >"$folder/commands" <<'EOF'
set pagination off
set confirm off
break put if item == 250
continue
info threads
backtrace
print item
delete
watch consumed
continue
print consumed
reverse-continue
print consumed
delete
reverse-stepi
stepi
monitor hash
continue
EOF

node dist/cli.js exec "$program" --cpus 2 --json --gdb 0 >"$folder/report" 2>"$folder/port" &
machine=$!
for _ in $(seq 100); do
  port=$(grep -o '127\.0\.0\.1:[0-9]*' "$folder/port") && break
  sleep 0.1
done
timeout 120 gdb-multiarch -nx -batch -ex "target remote $port" -x "$folder/commands" "$program" \
  >"$folder/session" 2>&1
wait "$machine"
debugged=$(grep '"hash"' "$folder/report")

# expect TEXT: a line of the session has it.
failed=0
expect() {
  grep -qE -- "$1" "$folder/session" || { echo "gdb did not say: $1"; failed=1; }
}
expect 'Thread [0-9]+ "main" \(sleeping on "done"\)'
expect '^\* .* "producer 1" \(running on CPU [01]\) +put \(item=250\)'
expect 'Thread [0-9]+ "consumer 0" \('
expect '^#0 +put \(item=250\) at .*producer_consumer\.c:'
expect '^#1 .*producer'
expect '^\$1 = 250$'
expect 'Hardware watchpoint .*: consumed'
expect 'exited normally'
[ -n "$free" ] && [ "$free" = "$debugged" ] || { echo "without gdb $free, with it $debugged"; failed=1; }
[ "$failed" -eq 0 ] || cat "$folder/session"
exit "$failed"
