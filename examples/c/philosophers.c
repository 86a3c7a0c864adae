/*
 * Five philosophers, five forks, on a token of LWKT. Whoever holds the token looks at the forks: it takes
 * both of its own or none, so that nobody waits for a fork with another one in hand. Who finds one taken
 * releases the token and blocks until forks are put back; the generation of the wait structure, read while
 * the token is held, tells lwkt_block() whether that has happened since.
 *
 * Tokens exist under the scheduler lwkt only; with the argument `mutex` the philosophers use a mutex
 * and a condition variable, for the others.
 */
#include <assert.h>
#include <kthread_machine.h>
#include <stdio.h>
#include <string.h>

enum { PHILOSOPHERS = 5, MEALS = 50 };

static int has_mutex;
static lwkt_token_t token;
static lwkt_wait_t put_back;
static struct mtx mutex;
static struct cv put_back_cv;

static volatile int taken[PHILOSOPHERS], eating[PHILOSOPHERS];
static int meals[PHILOSOPHERS];
static int done;

static void enter(void) {
  if (has_mutex) mtx_lock(&mutex);
  else lwkt_gettoken(token);
}

static void leave(void) {
  if (has_mutex) mtx_unlock(&mutex);
  else lwkt_reltoken(token);
}

/* Waits until forks are put back; has entered again when it returns. */
static void wait_for_forks(void) {
  if (has_mutex) {
    cv_wait(&put_back_cv, &mutex);
    return;
  }
  int generation = lwkt_wait_gen(put_back);
  leave();
  lwkt_block(put_back, "forks", generation);
  enter();
}

static void take_forks(int left, int right) {
  enter();
  while (taken[left] || taken[right]) wait_for_forks();
  taken[left] = taken[right] = 1;
  leave();
}

static void return_forks(int left, int right) {
  enter();
  taken[left] = taken[right] = 0;
  if (has_mutex) cv_broadcast(&put_back_cv);
  else lwkt_signal(put_back);
  leave();
}

static void philosopher(void *arg) {
  int me = (int)arg, left = me, right = (me + 1) % PHILOSOPHERS;
  for (int i = 0; i < MEALS; i++) {
    take_forks(left, right);
    eating[me] = 1;
    assert(!eating[(me + 1) % PHILOSOPHERS] && !eating[(me + PHILOSOPHERS - 1) % PHILOSOPHERS]);
    sys_compute(100 + sys_random() % 400);
    eating[me] = 0;
    meals[me]++;
    return_forks(left, right);
    sys_compute(100 + sys_random() % 400);
    sched_relinquish();
  }
  __atomic_fetch_add(&done, 1, __ATOMIC_RELEASE);
  wakeup(&done);
  kthread_exit();
}

int main(int argc, char **argv) {
  has_mutex = argc > 1 && strcmp(argv[1], "mutex") == 0;
  if (has_mutex) {
    mtx_init(&mutex, "table", NULL, MTX_DEF);
    cv_init(&put_back_cv, "forks");
  } else {
    token = lwkt_token_create(0);
    put_back = lwkt_wait_create(0);
  }
  static const char *const names[PHILOSOPHERS] = {"Aristotle", "Hypatia", "Spinoza", "Arendt", "Kant"};
  for (int i = 0; i < PHILOSOPHERS; i++) {
    kthread_add(philosopher, (void *)i, NULL, NULL, 0, 0, "%s", names[i]);
  }
  while (__atomic_load_n(&done, __ATOMIC_ACQUIRE) < PHILOSOPHERS) tsleep(&done, 0, "dinner", 10);
  for (int i = 0; i < PHILOSOPHERS; i++) printf("%-9s %d meals\n", names[i], meals[i]);
  return 0;
}
