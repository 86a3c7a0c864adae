/*
 * A buffer of one place whose two producers and two consumers wait for one condition variable: a signal may wake one of
 * the wrong kind, which goes to sleep again. With -DRIGHT a broadcast wakes the right one, too.
 */
#include <kthread_machine.h>
#include <stdbool.h>

static volatile bool is_full;
static struct mtx lock;
static struct cv changed;

static void wake(void) {
#ifdef RIGHT
  cv_broadcast(&changed);
#else
  cv_signal(&changed);
#endif
}

static void change(bool to) {
  mtx_lock(&lock);
  while (is_full == to) cv_wait(&changed, &lock);
  is_full = to;
  wake();
  mtx_unlock(&lock);
}

static void producer(void *arg) {
  (void)arg;
  change(true);
  kthread_exit();
}

static void consumer(void *arg) {
  (void)arg;
  change(false);
  kthread_exit();
}

int main(void) {
  mtx_init(&lock, "lock", NULL, MTX_DEF);
  cv_init(&changed, "changed");
  for (int i = 1; i <= 2; i++) kthread_add(consumer, NULL, NULL, NULL, 0, 0, "consumer %d", i);
  for (int i = 1; i <= 2; i++) kthread_add(producer, NULL, NULL, NULL, 0, 0, "producer %d", i);
  kthread_exit();
}
