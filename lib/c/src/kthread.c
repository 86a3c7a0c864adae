/* What is more than one instruction of the calls in <kthread_machine.h>: names by a format, and objects. */
#include <kthread_machine.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { NAME_MAX = 20 }; /* bytes that the kernel keeps, with the final zero */

/* A name as the kernel takes it: a format and one argument. */
struct name {
  const char *fmt;
  uintptr_t arg;
  char text[NAME_MAX];
};

static int count_directives(const char *fmt, char *last) {
  int count = 0;
  for (; *fmt != '\0'; fmt++) {
    if (*fmt != '%') continue;
    if (*++fmt == '%') continue;
    while ((*fmt >= '0' && *fmt <= '9') || *fmt == '-') fmt++;
    *last = *fmt;
    count++;
    if (*fmt == '\0') break;
  }
  return count;
}

/*
 * A format with one number, or none, goes to the kernel as it is: it formats names when somebody looks
 * at them. Any other one is formatted here.
 */
static void make_name(struct name *name, const char *fmt, va_list args) {
  char kind = 'd';
  int count = count_directives(fmt, &kind);
  name->fmt = fmt;
  name->arg = 0;
  if (count == 0) return;
  if (count == 1 && (kind == 'd' || kind == 'u' || kind == 'x' || kind == 's')) {
    name->arg = va_arg(args, uintptr_t);
    return;
  }
  vsnprintf(name->text, sizeof name->text, fmt, args);
  name->fmt = "%s";
  name->arg = (uintptr_t)name->text;
}

#define MAKE_NAME(name, fmt)      \
  do {                            \
    va_list args;                 \
    va_start(args, fmt);          \
    make_name(&(name), fmt, args); \
    va_end(args);                 \
  } while (0)

int kthread_add(void (*func)(void *), void *arg, struct proc *procp, struct thread **newtdpp,
                int flags, int pages, const char *fmt, ...) {
  struct name name;
  struct thread *td;
  MAKE_NAME(name, fmt);
  int error = sys_kthread_add(func, arg, procp, flags, pages, name.fmt, name.arg, &td);
  if (error == 0 && newtdpp != NULL) *newtdpp = td;
  return error;
}

int kproc_create(void (*func)(void *), void *arg, struct proc **newpp, int flags, int pages,
                 const char *fmt, ...) {
  struct name name;
  struct proc *p;
  struct thread *td;
  MAKE_NAME(name, fmt);
  int error = sys_kproc_create(func, arg, flags, pages, name.fmt, name.arg, &p, &td);
  if (error == 0 && newpp != NULL) *newpp = p;
  return error;
}

int kproc_kthread_add(void (*func)(void *), void *arg, struct proc **procptr,
                      struct thread **tdptr, int flags, int pages, const char *procname,
                      const char *fmt, ...) {
  struct name name;
  struct proc *p;
  struct thread *td;
  MAKE_NAME(name, fmt);
  int error = sys_kproc_kthread_add(func, arg, *procptr, flags, pages, procname, name.fmt, name.arg,
                                    &td, &p);
  if (error != 0) return error;
  *procptr = p;
  if (tdptr != NULL) *tdptr = td;
  return 0;
}

int lwkt_create(void (*func)(void *), void *arg, thread_t *tdp, thread_t template, int flags,
                int cpu, const char *fmt, ...) {
  struct name name;
  struct thread *td;
  MAKE_NAME(name, fmt);
  int error = sys_lwkt_create(func, arg, template, flags, name.fmt, name.arg, &td);
  if (error != 0) return error;
  if (tdp != NULL) *tdp = td;
  if (cpu >= 0 && cpu != (int)curcpu) error = sys_lwkt_migrate(td, cpu);
  return error;
}

void kthread_start(const void *udata) {
  const struct kthread_desc *desc = udata;
  struct thread *td;
  sys_kthread_start(desc->arg0, (void (*)(void *))desc->func, NULL, &td);
  if (desc->global_threadpp != NULL) *desc->global_threadpp = td;
}

void kproc_start(const void *udata) {
  const struct kproc_desc *desc = udata;
  struct proc *p;
  struct thread *td;
  sys_kproc_start(desc->arg0, (void (*)(void *))desc->func, NULL, &p, &td);
  if (desc->global_procpp != NULL) *desc->global_procpp = p;
}

static void check(int error, const char *what, const char *name) {
  if (error == 0) return;
  printf("%s: no room for \"%s\"\n", what, name);
  abort();
}

void mtx_init(struct mtx *m, const char *name, const char *type, int opts) {
  (void)type;
  check(sys_mtx_init(name, opts, &m->object), "mtx_init", name);
}

void cv_init(struct cv *cv, const char *desc) {
  check(sys_cv_create(desc, &cv->object), "cv_init", desc);
}

void sema_init(struct sema *sema, int value, const char *desc) {
  check(sys_sema_create(desc, value, &sema->object), "sema_init", desc);
}

void rw_init_flags(struct rwlock *rw, const char *name, int opts) {
  check(sys_rw_init(name, opts, &rw->object), "rw_init", name);
}

void sx_init_flags(struct sx *sx, const char *name, int opts) {
  check(sys_sx_init(name, opts, &sx->object), "sx_init", name);
}

void rm_init_flags(struct rmlock *rm, const char *name, int opts) {
  check(sys_rm_init(name, opts, &rm->object), "rm_init", name);
}

void lockinit(struct lock *lk, int priority, const char *wmesg, int timo, int flags) {
  check(sys_lockinit(priority, wmesg, timo, flags, &lk->object), "lockinit", wmesg);
}
