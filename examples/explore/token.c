/*
 * Two threads book the one seat that is left, under a token. A token is lost while its holder sleeps: what was seen
 * before need not hold behind that. With -DRIGHT it is looked at again once the token is back.
 */
#include <assert.h>
#include <kthread_machine.h>
#include <stdbool.h>

static volatile int seats = 1;
static lwkt_token_t token;
static struct sema done;

static bool is_still_free(void) {
#ifdef RIGHT
  return seats > 0;
#else
  return true;
#endif
}

static void book(void *arg) {
  lwkt_gettoken(token);
  if (seats > 0) {
    tsleep(arg, 0, "pays", 1);
    lwkt_regettoken(token);
    if (is_still_free()) seats--;
  }
  lwkt_reltoken(token);
  sema_post(&done);
  kthread_exit();
}

int main(void) {
  static int one, two; /* what each sleeps on */
  token = lwkt_token_create(0);
  sema_init(&done, 0, "done");
  kthread_add(book, &one, NULL, NULL, 0, 0, "one");
  kthread_add(book, &two, NULL, NULL, 0, 0, "two");
  sema_wait(&done);
  sema_wait(&done);
  assert(seats == 0);
  return 0;
}
