/*
 * A manager suspends a worker, which may end instead of stopping: then nobody tells the manager, who waits for ever. With
 * -DRIGHT it waits for a while only, and finds out.
 */
#include <kthread_machine.h>

#ifdef RIGHT
enum { TIMO = 5 };
#else
enum { TIMO = 0 };
#endif

static int jobs = 2;

static void worker(void *arg) {
  (void)arg;
  while (__atomic_load_n(&jobs, __ATOMIC_RELAXED) > 0) {
    kthread_suspend_check();
    __atomic_fetch_sub(&jobs, 1, __ATOMIC_RELAXED);
  }
  kthread_exit();
}

static void manager(void *arg) {
  struct thread *td = arg;
  if (kthread_suspend(td, TIMO) == 0) kthread_resume(td);
  kthread_exit();
}

int main(void) {
  struct thread *td;
  kthread_add(worker, NULL, NULL, &td, 0, 0, "worker");
  kthread_add(manager, td, NULL, NULL, 0, 0, "manager");
  kthread_exit();
}
