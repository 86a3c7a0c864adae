/*
 * Something is made when it is first needed. Looking once, under no lock, makes it twice. With -DRIGHT it is looked at
 * again under the lock.
 */
#include <assert.h>
#include <kthread_machine.h>
#include <stdbool.h>

static bool is_ready;
static int made;
static struct mtx lock;
static struct sema done;

static bool is_still_needed(void) {
#ifdef RIGHT
  return !__atomic_load_n(&is_ready, __ATOMIC_RELAXED);
#else
  return true;
#endif
}

static void use(void *arg) {
  (void)arg;
  if (!__atomic_load_n(&is_ready, __ATOMIC_ACQUIRE)) {
    mtx_lock(&lock);
    if (is_still_needed()) {
      made++;
      __atomic_store_n(&is_ready, true, __ATOMIC_RELEASE);
    }
    mtx_unlock(&lock);
  }
  sema_post(&done);
  kthread_exit();
}

int main(void) {
  mtx_init(&lock, "lock", NULL, MTX_DEF);
  sema_init(&done, 0, "done");
  kthread_add(use, NULL, NULL, NULL, 0, 0, "one");
  kthread_add(use, NULL, NULL, NULL, 0, 0, "two");
  sema_wait(&done);
  sema_wait(&done);
  assert(made == 1);
  return 0;
}
