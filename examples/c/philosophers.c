/*
 * Five philosophers, five forks. A fork is a token of LWKT: it belongs to a CPU, which gives it away when
 * none of its threads uses it, and whoever holds one is in a critical section. Each philosopher takes
 * the fork with the smaller number first, so that they cannot wait for each other in a circle.
 *
 * Tokens exist under the scheduler lwkt only; with the argument `mutex` forks are mutexes, for the others.
 */
#include <assert.h>
#include <kthread_machine.h>
#include <stdio.h>
#include <string.h>

enum { PHILOSOPHERS = 5, MEALS = 50 };

static lwkt_token_t tokens[PHILOSOPHERS];
static struct mtx mutexes[PHILOSOPHERS];
static int has_mutexes;

static volatile int eating[PHILOSOPHERS];
static int meals[PHILOSOPHERS];
static int done;

static void take(int fork) {
  if (has_mutexes) mtx_lock(&mutexes[fork]);
  else lwkt_gettoken(tokens[fork]);
}

/*
 * Both forks. Whoever waits for a token may lose those that it has: they are asked for again until none
 * had been lost.
 */
static void take_both(int first, int second) {
  take(first);
  take(second);
  if (has_mutexes) return;
  while (lwkt_regettoken(tokens[first]) || lwkt_regettoken(tokens[second])) continue;
}

static void put_back(int fork) {
  if (has_mutexes) mtx_unlock(&mutexes[fork]);
  else lwkt_reltoken(tokens[fork]);
}

static void philosopher(void *arg) {
  int me = (int)arg, left = me, right = (me + 1) % PHILOSOPHERS;
  int first = left < right ? left : right, second = left < right ? right : left;
  for (int i = 0; i < MEALS; i++) {
    take_both(first, second);
    eating[me] = 1;
    assert(!eating[(me + 1) % PHILOSOPHERS] && !eating[(me + PHILOSOPHERS - 1) % PHILOSOPHERS]);
    sys_compute(100 + sys_random() % 400);
    eating[me] = 0;
    meals[me]++;
    put_back(second);
    put_back(first);
    sys_compute(100 + sys_random() % 400);
    sched_relinquish();
  }
  __atomic_fetch_add(&done, 1, __ATOMIC_RELEASE);
  wakeup(&done);
  kthread_exit();
}

int main(int argc, char **argv) {
  has_mutexes = argc > 1 && strcmp(argv[1], "mutex") == 0;
  for (int i = 0; i < PHILOSOPHERS; i++) {
    if (has_mutexes) mtx_init(&mutexes[i], "fork", NULL, MTX_DEF);
    else tokens[i] = lwkt_token_create(0);
  }
  static const char *const names[PHILOSOPHERS] = {"Aristotle", "Hypatia", "Spinoza", "Arendt", "Kant"};
  for (int i = 0; i < PHILOSOPHERS; i++) {
    kthread_add(philosopher, (void *)i, NULL, NULL, 0, 0, "%s", names[i]);
  }
  while (__atomic_load_n(&done, __ATOMIC_ACQUIRE) < PHILOSOPHERS) tsleep(&done, 0, "dinner", 10);
  for (int i = 0; i < PHILOSOPHERS; i++) printf("%-9s %d meals\n", names[i], meals[i]);
  return 0;
}
