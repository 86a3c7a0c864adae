/*
 * A pool of 10,000 threads, each with a stack of its own. They wait at a gate until all exist; then each
 * takes numbers from a shared counter, as long as there are any, and adds up their divisors.
 */
#include <assert.h>
#include <kthread_machine.h>
#include <stdio.h>
#include <stdlib.h>

enum { NUMBERS = 40000 };

static int gate, next_number = 1, done;
static unsigned total;
static int threads;

static unsigned divisor_sum(unsigned n) {
  unsigned sum = 0;
  for (unsigned d = 1; d * d <= n; d++) {
    if (n % d != 0) continue;
    sum += d;
    if (d * d != n) sum += n / d;
  }
  return sum;
}

static void worker(void *arg) {
  unsigned sum = 0;
  int number;
  (void)arg;
  while (!__atomic_load_n(&gate, __ATOMIC_ACQUIRE)) tsleep(&gate, 0, "gate", 100);
  while ((number = __atomic_fetch_add(&next_number, 1, __ATOMIC_RELAXED)) <= NUMBERS) {
    sum += divisor_sum((unsigned)number);
    if (number % 4 == 0) sched_relinquish();
  }
  __atomic_fetch_add(&total, sum, __ATOMIC_RELAXED);
  if (__atomic_add_fetch(&done, 1, __ATOMIC_RELEASE) == threads) wakeup(&done);
  kthread_exit();
}

int main(int argc, char **argv) {
  threads = argc > 1 ? atoi(argv[1]) : 10000;
  for (int i = 0; i < threads; i++) {
    if (kthread_add(worker, NULL, NULL, NULL, 0, 0, "worker %d", i) != 0) {
      printf("only %d threads fit\n", i);
      threads = i;
    }
  }
  __atomic_store_n(&gate, 1, __ATOMIC_RELEASE);
  wakeup(&gate);
  while (__atomic_load_n(&done, __ATOMIC_ACQUIRE) < threads) tsleep(&done, 0, "pool", 10);
  printf("%d threads, sum of divisors up to %d: %u\n", threads, NUMBERS, total);
  return 0;
}
