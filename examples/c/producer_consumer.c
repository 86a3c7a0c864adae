/*
 * Producers and consumers around a buffer of eight places, on msleep() and wakeup(): each sleeps while there
 * is nothing for it to do, with the buffer's mutex released, and looks again when it is woken.
 */
#include <assert.h>
#include <kthread_machine.h>
#include <stdio.h>

enum { PLACES = 8, PRODUCERS = 3, CONSUMERS = 2, ITEMS_EACH = 200, ITEMS = PRODUCERS * ITEMS_EACH };

static struct mtx lock;
static int places[PLACES];
static int first, used;      /* the oldest item, and how many there are */
static int consumed, sum, done;

static void put(int item) {
  mtx_lock(&lock);
  while (used == PLACES) msleep(&used, &lock, 0, "full", 0);
  places[(first + used) % PLACES] = item;
  used++;
  wakeup(&used);
  mtx_unlock(&lock);
}

/* The next item, or -1 when all have been consumed. */
static int take(void) {
  mtx_lock(&lock);
  while (used == 0 && consumed < ITEMS) msleep(&used, &lock, 0, "empty", 0);
  int item = -1;
  if (consumed < ITEMS) {
    item = places[first];
    first = (first + 1) % PLACES;
    used--;
    consumed++;
    wakeup(&used);
  }
  mtx_unlock(&lock);
  return item;
}

static void producer(void *arg) {
  int number = (int)arg;
  for (int i = 0; i < ITEMS_EACH; i++) put(number * ITEMS_EACH + i);
  kthread_exit();
}

static void consumer(void *arg) {
  int count = 0, item;
  while ((item = take()) >= 0) {
    __atomic_fetch_add(&sum, item, __ATOMIC_RELAXED);
    count++;
  }
  printf("consumer %d: %d items\n", (int)arg, count);
  __atomic_fetch_add(&done, 1, __ATOMIC_RELEASE);
  wakeup(&done);
  kthread_exit();
}

int main(void) {
  mtx_init(&lock, "buffer", NULL, MTX_DEF);
  for (int i = 0; i < PRODUCERS; i++) kthread_add(producer, (void *)i, NULL, NULL, 0, 0, "producer %d", i);
  for (int i = 0; i < CONSUMERS; i++) kthread_add(consumer, (void *)i, NULL, NULL, 0, 0, "consumer %d", i);
  while (__atomic_load_n(&done, __ATOMIC_ACQUIRE) < CONSUMERS) tsleep(&done, 0, "done", 10);
  assert(consumed == ITEMS && sum == ITEMS * (ITEMS - 1) / 2);
  printf("%d items, sum %d\n", consumed, sum);
  return 0;
}
