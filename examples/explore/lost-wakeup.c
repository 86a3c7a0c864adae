/*
 * A consumer looks whether something is there, and then sleeps: the wakeup may come between. With -DRIGHT a mutex makes
 * the two one step.
 */
#include <kthread_machine.h>

static volatile int full;
static struct mtx lock;

#ifdef RIGHT
static void enter(void) { mtx_lock(&lock); }
static void leave(void) { mtx_unlock(&lock); }
static void wait_for_it(void) { msleep(&full, &lock, 0, "empty", 0); }
#else
static void enter(void) {}
static void leave(void) {}
static void wait_for_it(void) { tsleep(&full, 0, "empty", 0); }
#endif

static void consumer(void *arg) {
  (void)arg;
  enter();
  while (!full) wait_for_it();
  leave();
  kthread_exit();
}

static void producer(void *arg) {
  (void)arg;
  enter();
  full = 1;
  wakeup(&full);
  leave();
  kthread_exit();
}

int main(void) {
  mtx_init(&lock, "lock", NULL, MTX_DEF);
  kthread_add(consumer, NULL, NULL, NULL, 0, 0, "consumer");
  kthread_add(producer, NULL, NULL, NULL, 0, 0, "producer");
  kthread_exit();
}
