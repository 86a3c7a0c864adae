/* Memory, numbers, sorting, and the end of the program. */
#ifndef KTM_STDLIB_H
#define KTM_STDLIB_H

#include <stddef.h>

#define EXIT_SUCCESS 0
#define EXIT_FAILURE 1
#define RAND_MAX 0x7fffffff

typedef struct { int quot, rem; } div_t;
typedef struct { long quot, rem; } ldiv_t;
typedef struct { long long quot, rem; } lldiv_t;

/* Any thread may allocate, and free what another one has allocated. */
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *p, size_t size);
void *reallocarray(void *p, size_t count, size_t size);
void *aligned_alloc(size_t alignment, size_t size);
int posix_memalign(void **p, size_t alignment, size_t size);
void free(void *p);

/* Ends the run: of all threads, at once. */
_Noreturn void exit(int status);
_Noreturn void _Exit(int status);
/* A fault of the calling thread, as by a breakpoint: the report has a backtrace. */
_Noreturn void abort(void);
/* Functions that exit() calls, the last one first; 0, or -1 when 32 are registered. */
int atexit(void (*function)(void));

int abs(int n);
long labs(long n);
long long llabs(long long n);
div_t div(int a, int b);
ldiv_t ldiv(long a, long b);
lldiv_t lldiv(long long a, long long b);

int atoi(const char *s);
long atol(const char *s);
long long atoll(const char *s);
long strtol(const char *restrict s, char **restrict end, int base);
long long strtoll(const char *restrict s, char **restrict end, int base);
unsigned long strtoul(const char *restrict s, char **restrict end, int base);
unsigned long long strtoull(const char *restrict s, char **restrict end, int base);
double atof(const char *s);
double strtod(const char *restrict s, char **restrict end);
float strtof(const char *restrict s, char **restrict end);

void qsort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *));
void *bsearch(const void *key, const void *base, size_t count, size_t size,
              int (*compare)(const void *, const void *));

/* Numbers from 0 to RAND_MAX; one sequence for all threads, the same in every run. */
int rand(void);
void srand(unsigned seed);
int rand_r(unsigned *seed);

/* There is no environment: always NULL. */
char *getenv(const char *name);

#endif
