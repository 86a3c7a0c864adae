#!/usr/bin/env bash
# Two sessions of gdb-multiarch. The first is with a C program: lists threads, stops at a breakpoint in a thread, prints a
# backtrace and a variable, steps back, and continues to the end; the hash is that of a run without gdb. The second is
# with a program on bare metal, whose instructions and cycles are those of a run without gdb.
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

# session PROGRAM OPTION...: has gdb give its commands to the program.
session() {
  local port machine
  node dist/cli.js exec "$@" --json --gdb 0 >"$folder/report" 2>"$folder/port" &
  machine=$!
  for _ in $(seq 100); do
    port=$(grep -o '127\.0\.0\.1:[0-9]*' "$folder/port") && break
    sleep 0.1
  done
  timeout 120 gdb-multiarch -nx -batch -ex "target remote $port" -x "$folder/commands" "$1" \
    >"$folder/session" 2>&1
  wait "$machine"
}

session "$program" --cpus 2
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

# ---- On bare metal ----

program="$folder/traps.elf"
clang --target=riscv32-unknown-elf -march=rv32imac -mabi=ilp32 -g -O1 -nostdlib -fuse-ld=lld \
  -Wl,--image-base=0x80000000 test/fixtures/bare/traps.c -o "$program" || exit 1

# figures FILE: the end of a run, its instructions and cycles.
figures() {
  grep -E '"(status|reason|code|instructions|cycles)"' "$1"
}

node dist/cli.js exec "$program" --bare --json >"$folder/free" || exit 1
cat >"$folder/commands" <<'EOF'
set pagination off
set confirm off
break add if value == 7 && total > 100
continue
backtrace
print total
delete
break handler
continue
print $mcause
print/x $misa
delete
watch traps
continue
print traps
stepi
info registers mepc
delete
continue
EOF
session "$program" --bare
expect '^#0 +add \(value=(value@entry=)?7\) at .*traps\.c:'
expect '^#1 .* main \(\)'
expect '^\$1 = 105$'
expect '^\$2 = 11$'
expect '^\$3 = 0x40001105$'
expect 'Hardware watchpoint .*: traps'
expect '^\$4 = 2$'
expect '^mepc +0x80'
expect 'exited normally'
[ "$(figures "$folder/free")" = "$(figures "$folder/report")" ] ||
  { echo "another run on bare metal with gdb:"; diff "$folder/free" "$folder/report"; failed=1; }
[ "$failed" -eq 0 ] || cat "$folder/session"
exit "$failed"
