/* picolibc's locks, of which it makes one for all, and others for streams: recursive, and who finds one taken sleeps. */
#include <kthread_machine.h>
#include <stdlib.h>
#include <sys/lock.h>

struct __lock {
  struct thread *owner;
  int depth;
};

struct __lock __lock___libc_recursive_mutex;

void __retarget_lock_acquire_recursive(_LOCK_T lock) {
  struct thread *self = curthread, *free = NULL;
  if (__atomic_load_n(&lock->owner, __ATOMIC_RELAXED) != self) {
    while (!__atomic_compare_exchange_n(&lock->owner, &free, self, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
      tsleep(lock, 0, "libc", 1);
      free = NULL;
    }
  }
  lock->depth++;
}

int __retarget_lock_try_acquire_recursive(_LOCK_T lock) {
  struct thread *self = curthread, *free = NULL;
  if (__atomic_load_n(&lock->owner, __ATOMIC_RELAXED) != self &&
      !__atomic_compare_exchange_n(&lock->owner, &free, self, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
    return 0;
  }
  lock->depth++;
  return 1;
}

void __retarget_lock_release_recursive(_LOCK_T lock) {
  if (--lock->depth != 0) return;
  __atomic_store_n(&lock->owner, NULL, __ATOMIC_RELEASE);
  wakeup(lock);
}

void __retarget_lock_init_recursive(_LOCK_T *lock) { *lock = calloc(1, sizeof **lock); }
void __retarget_lock_close_recursive(_LOCK_T lock) { free(lock); }
void __retarget_lock_init(_LOCK_T *lock) { __retarget_lock_init_recursive(lock); }
void __retarget_lock_close(_LOCK_T lock) { __retarget_lock_close_recursive(lock); }
void __retarget_lock_acquire(_LOCK_T lock) { __retarget_lock_acquire_recursive(lock); }
int __retarget_lock_try_acquire(_LOCK_T lock) { return __retarget_lock_try_acquire_recursive(lock); }
void __retarget_lock_release(_LOCK_T lock) { __retarget_lock_release_recursive(lock); }
