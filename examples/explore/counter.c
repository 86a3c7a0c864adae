/*
 * Two threads count: an addition that is a load and a store loses one of the two. With -DRIGHT it is atomic.
 */
#include <assert.h>
#include <kthread_machine.h>

static int n;
static struct sema done;

static void count(void *arg) {
  (void)arg;
#ifdef RIGHT
  __atomic_fetch_add(&n, 1, __ATOMIC_RELAXED);
#else
  n++;
#endif
  sema_post(&done);
  kthread_exit();
}

int main(void) {
  sema_init(&done, 0, "done");
  kthread_add(count, NULL, NULL, NULL, 0, 0, "one");
  kthread_add(count, NULL, NULL, NULL, 0, 0, "two");
  sema_wait(&done);
  sema_wait(&done);
  assert(n == 2);
  return 0;
}
