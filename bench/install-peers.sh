#!/bin/sh
# Installs what the benchmarks' peers are compiled with, on Debian and its relatives. A peer whose
# compiler is missing is reported as "not installed", and the others run.
set -e

sudo=
if [ "$(id -u)" != 0 ]; then
  sudo=sudo
fi

$sudo apt-get update
$sudo apt-get install -y --no-install-recommends gcc libc6-dev util-linux golang-go erlang-base \
  qemu-user-static gcc-riscv64-linux-gnu libc6-dev-riscv64-cross
