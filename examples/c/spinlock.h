/*
 * Threads that take a lock in turn, again and again, and check that they are alone: spinlock_right.c and
 * spinlock_broken.c differ in the lock. The machine's seed decides how long each holds it.
 */
#include <assert.h>
#include <kthread_machine.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 4 };

static void acquire(void);
static void release(void);

static volatile int owners;
static volatile int turns;
static int turns_each, done;

static void work(int amount) {
  for (volatile int i = 0; i < amount; i++) continue;
}

static void contender(void *arg) {
  (void)arg;
  for (int i = 0; i < turns_each; i++) {
    acquire();
    owners++;
    assert(owners == 1);
    turns++;
    work(sys_random() % 16);
    assert(owners == 1);
    owners--;
    release();
    work(sys_random() % 16);
  }
  __atomic_fetch_add(&done, 1, __ATOMIC_RELEASE);
  wakeup(&done);
  kthread_exit();
}

int main(int argc, char **argv) {
  turns_each = argc > 1 ? atoi(argv[1]) : 2000;
  for (int i = 0; i < THREADS; i++) kthread_add(contender, NULL, NULL, NULL, 0, 0, "contender %d", i);
  while (__atomic_load_n(&done, __ATOMIC_ACQUIRE) < THREADS) tsleep(&done, 0, "done", 10);
  assert(turns == THREADS * turns_each);
  printf("%d turns, never two at a time\n", turns);
  return 0;
}
