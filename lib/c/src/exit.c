/* The start and the end of a program. */
#include <assert.h>
#include <kthread_machine.h>
#include <stdio.h>
#include <stdlib.h>

enum { FUNCTIONS_MAX = 32 };

typedef void function(void);

extern function *const __init_array_start[], *const __init_array_end[];

static function *functions[FUNCTIONS_MAX];
static int function_count;

/* What runs before main: constructors. */
void ktm_init(void) {
  for (function *const *f = __init_array_start; f < __init_array_end; f++) (*f)();
}

int atexit(function *f) {
  if (function_count == FUNCTIONS_MAX) return -1;
  functions[function_count++] = f;
  return 0;
}

void exit(int status) {
  while (function_count > 0) functions[--function_count]();
  _Exit(status);
}

void _Exit(int status) { kern_exit(status); }

void abort(void) {
  for (;;) __asm__ volatile("ebreak" ::: "memory");
}

void ktm_assert_failed(const char *condition, const char *file, int line, const char *function) {
  printf("assertion \"%s\" failed: file \"%s\", line %d, function \"%s\"\n", condition, file, line,
         function);
  abort();
}
