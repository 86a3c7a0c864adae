/*
 * A spin lock that is none: between the look and the store another CPU may look, too. Run it on two CPUs or
 * more, under some seeds: the assertion finds two owners.
 */
#include "spinlock.h"

static volatile int lock;

static __attribute__((noinline)) int is_free(void) { return lock == 0; }

static void acquire(void) {
  while (!is_free()) sched_relinquish();
  lock = 1;
}

static void release(void) { lock = 0; }
