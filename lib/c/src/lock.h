/*
 * The library's lock for what is short and no word: a word, 0 free, 1 taken, 2 taken and somebody sleeps. Who finds it
 * taken sleeps: a thread of a high priority must let go on the one that holds it.
 */
#ifndef KTM_LOCK_H
#define KTM_LOCK_H

#include <kthread_machine.h>

/*
 * One exchange where nobody has the lock. Where somebody has, it hides for a moment that others sleep; but whoever gets
 * the lock then has it as 2, and wakes them.
 */
static void lock_acquire(int *lock, const char *wmesg) {
  if (__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE) == 0) return;
  while (__atomic_exchange_n(lock, 2, __ATOMIC_ACQUIRE) != 0) tsleep(lock, 0, wmesg, 1);
}

static void lock_release(int *lock) {
  if (__atomic_exchange_n(lock, 0, __ATOMIC_RELEASE) == 2) wakeup(lock);
}

#endif
