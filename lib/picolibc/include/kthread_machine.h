/*
 * The kernel calls for programs with picolibc: as ever, but that a new thread begins with thread-local variables of its
 * own, which picolibc keeps errno and more in, and which a program may have, too (_Thread_local).
 */
#include_next <kthread_machine.h>

#ifndef KTM_PICOLIBC_KTHREAD_MACHINE_H
#define KTM_PICOLIBC_KTHREAD_MACHINE_H

/* Replaces the function of a new thread, and its argument: 0, or ENOMEM. */
int ktm_tls_start(void (**func)(void *), void **arg);
/* Gives that up where the thread could not be created; returns the error. */
int ktm_tls_started(int error, void *arg);

#define KTM_TLS(func, arg, call)                                \
  ({                                                            \
    void (*ktm_func)(void *) = (func);                          \
    void *ktm_arg = (arg);                                      \
    int ktm_error = ktm_tls_start(&ktm_func, &ktm_arg);         \
    ktm_error != 0 ? ktm_error : ktm_tls_started(call, ktm_arg); \
  })

#define sys_kthread_add(func, arg, ...) \
  KTM_TLS(func, arg, sys_kthread_add(ktm_func, ktm_arg, __VA_ARGS__))
#define sys_kthread_start(name, func, arg, ...) \
  KTM_TLS(func, arg, sys_kthread_start(name, ktm_func, ktm_arg, __VA_ARGS__))
#define sys_kproc_create(func, arg, ...) \
  KTM_TLS(func, arg, sys_kproc_create(ktm_func, ktm_arg, __VA_ARGS__))
#define sys_kproc_start(name, func, arg, ...) \
  KTM_TLS(func, arg, sys_kproc_start(name, ktm_func, ktm_arg, __VA_ARGS__))
#define sys_kproc_kthread_add(func, arg, ...) \
  KTM_TLS(func, arg, sys_kproc_kthread_add(ktm_func, ktm_arg, __VA_ARGS__))
#define sys_lwkt_create(func, arg, ...) \
  KTM_TLS(func, arg, sys_lwkt_create(ktm_func, ktm_arg, __VA_ARGS__))
#define sys_lwkt_kthread_create(func, arg, ...) \
  KTM_TLS(func, arg, sys_lwkt_kthread_create(ktm_func, ktm_arg, __VA_ARGS__))
#define sys_fork(func, arg, ...) KTM_TLS(func, arg, sys_fork(ktm_func, ktm_arg, __VA_ARGS__))
#define sys_thr_create(func, arg, ...) \
  KTM_TLS(func, arg, sys_thr_create(ktm_func, ktm_arg, __VA_ARGS__))

#endif
