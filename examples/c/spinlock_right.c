/* A spin lock on an atomic exchange: whoever reads 0 has it. */
#include "spinlock.h"

static int lock;

static void acquire(void) {
  while (__atomic_exchange_n(&lock, 1, __ATOMIC_ACQUIRE) != 0) sched_relinquish();
}

static void release(void) { __atomic_store_n(&lock, 0, __ATOMIC_RELEASE); }
