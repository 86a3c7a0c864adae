/*
 * Three threads take two of three locks each, in a circle. With -DRIGHT all take them in one order.
 */
#include <kthread_machine.h>

static struct mtx a, b, c;

struct order {
  struct mtx *first, *second;
};

static void take_two(void *arg) {
  const struct order *order = arg;
  mtx_lock(order->first);
  mtx_lock(order->second);
  mtx_unlock(order->second);
  mtx_unlock(order->first);
  kthread_exit();
}

int main(void) {
  static struct order ab = {&a, &b}, bc = {&b, &c};
#ifdef RIGHT
  static struct order last = {&a, &c};
#else
  static struct order last = {&c, &a};
#endif
  mtx_init(&a, "A", NULL, MTX_DEF);
  mtx_init(&b, "B", NULL, MTX_DEF);
  mtx_init(&c, "C", NULL, MTX_DEF);
  kthread_add(take_two, &ab, NULL, NULL, 0, 0, "ab");
  kthread_add(take_two, &bc, NULL, NULL, 0, 0, "bc");
  kthread_add(take_two, &last, NULL, NULL, 0, 0, last.first == &c ? "ca" : "ac");
  kthread_exit();
}
