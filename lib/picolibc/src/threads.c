/* The start and the end of a program, and of its threads: picolibc keeps errno and more behind tp. */
#include <kthread_machine.h>
#include <stdlib.h>
#include <string.h>

typedef void function(void);

extern function *const __init_array_start[], *const __init_array_end[];
/* Thread-local variables as they begin: those that are not zero, and behind them the others. */
extern char __tls_base[], __tls_data_end[], __tls_end[];

enum { TLS_ALIGNMENT = 16 };

/* One of either kind, since the linker leaves out what has no contents, and its symbols are nowhere then. */
static _Thread_local int begun = 1;
static _Thread_local int ended = 0;

static size_t tls_size(void) { return __tls_end - __tls_base; }

/* Makes the thread-local variables of the calling thread at an aligned address. */
static void begin(char *tls) {
  size_t data = __tls_data_end - __tls_base;
  memcpy(tls, __tls_base, data);
  memset(tls + data, 0, tls_size() - data);
  __asm__ volatile("mv tp, %0" ::"r"(tls) : "memory");
  __asm__ volatile("" ::"m"(begun), "m"(ended));
}

/* What runs before main: its thread-local variables, and constructors. */
void ktm_init(void) {
  begin(kmem_malloc(tls_size() + TLS_ALIGNMENT));
  for (function *const *f = __init_array_start; f < __init_array_end; f++) (*f)();
}

/* The functions that exit() calls are in the array of its own; there are no others. */
void __libc_fini_array(void) {}

void _exit(int status) { kern_exit(status); }

/* A report shows where, and who called. */
void abort(void) {
  for (;;) __asm__ volatile("ebreak" ::: "memory");
}

/* What a new thread is to run, until it does. */
struct start {
  void (*func)(void *);
  void *arg;
};

/* Runs the function of a new thread, whose thread-local variables are on its stack and go with that. */
static void thread_main(void *given) {
  struct start start = *(struct start *)given;
  char tls[tls_size() + TLS_ALIGNMENT] __attribute__((aligned(TLS_ALIGNMENT)));
  begin(tls);
  free(given);
  start.func(start.arg);
}

int ktm_tls_start(void (**func)(void *), void **arg) {
  struct start *start = malloc(sizeof *start);
  if (start == NULL) return ENOMEM;
  start->func = *func;
  start->arg = *arg;
  *func = thread_main;
  *arg = start;
  return 0;
}

int ktm_tls_started(int error, void *arg) {
  if (error != 0) free(arg);
  return error;
}
