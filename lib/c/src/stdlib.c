/* Numbers, sorting, random numbers. */
#include <ctype.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int abs(int n) { return n < 0 ? -n : n; }
long labs(long n) { return n < 0 ? -n : n; }
long long llabs(long long n) { return n < 0 ? -n : n; }
div_t div(int a, int b) { return (div_t){a / b, a % b}; }
ldiv_t ldiv(long a, long b) { return (ldiv_t){a / b, a % b}; }
lldiv_t lldiv(long long a, long long b) { return (lldiv_t){a / b, a % b}; }

/* ---- Numbers from text ---- */

static int digit_value(int c) {
  if (isdigit(c)) return c - '0';
  if (isalpha(c)) return tolower(c) - 'a' + 10;
  return INT_MAX;
}

struct scanned {
  unsigned long long value;
  int is_negative;
  int is_too_large; /* more than `limit` */
};

static struct scanned scan(const char *s, char **end, int base, unsigned long long limit) {
  struct scanned result = {0, 0, 0};
  const char *start = s;
  while (isspace((unsigned char)*s)) s++;
  if (*s == '+' || *s == '-') result.is_negative = *s++ == '-';
  int is_hex = s[0] == '0' && (s[1] | 0x20) == 'x' && digit_value((unsigned char)s[2]) < 16;
  if ((base == 0 || base == 16) && is_hex) {
    s += 2;
    base = 16;
  } else if (base == 0) {
    base = *s == '0' ? 8 : 10;
  }
  for (; digit_value((unsigned char)*s) < base; s++) {
    unsigned digit = digit_value((unsigned char)*s);
    start = NULL;
    if (result.value > (limit - digit) / base) result.is_too_large = 1;
    else result.value = result.value * base + digit;
  }
  if (end != NULL) *end = (char *)(start == NULL ? s : start);
  return result;
}

unsigned long long strtoull(const char *restrict s, char **restrict end, int base) {
  struct scanned n = scan(s, end, base, ULLONG_MAX);
  if (n.is_too_large) return ULLONG_MAX;
  return n.is_negative ? -n.value : n.value;
}

unsigned long strtoul(const char *restrict s, char **restrict end, int base) {
  struct scanned n = scan(s, end, base, ULONG_MAX);
  if (n.is_too_large) return ULONG_MAX;
  return n.is_negative ? -(unsigned long)n.value : (unsigned long)n.value;
}

long long strtoll(const char *restrict s, char **restrict end, int base) {
  struct scanned n = scan(s, end, base, (unsigned long long)LLONG_MAX + 1);
  if (n.is_negative) return n.is_too_large ? LLONG_MIN : (long long)-n.value;
  return n.is_too_large || n.value > LLONG_MAX ? LLONG_MAX : (long long)n.value;
}

long strtol(const char *restrict s, char **restrict end, int base) {
  struct scanned n = scan(s, end, base, (unsigned long)LONG_MAX + 1);
  if (n.is_negative) return n.is_too_large ? LONG_MIN : (long)-n.value;
  return n.is_too_large || n.value > LONG_MAX ? LONG_MAX : (long)n.value;
}

int atoi(const char *s) { return (int)strtol(s, NULL, 10); }
long atol(const char *s) { return strtol(s, NULL, 10); }
long long atoll(const char *s) { return strtoll(s, NULL, 10); }

/* ---- Sorting: a heap sort, which needs no memory and no recursion ---- */

static void swap(char *a, char *b, size_t size) {
  if ((((uintptr_t)a | (uintptr_t)b | size) & 3) == 0) {
    for (; size != 0; size -= 4, a += 4, b += 4) {
      uint32_t t = *(uint32_t *)a;
      *(uint32_t *)a = *(uint32_t *)b;
      *(uint32_t *)b = t;
    }
    return;
  }
  for (; size != 0; size--, a++, b++) {
    char t = *a;
    *a = *b;
    *b = t;
  }
}

typedef int comparison(const void *, const void *);

static void sift(char *base, size_t at, size_t count, size_t size, comparison *compare) {
  for (;;) {
    size_t child = 2 * at + 1;
    if (child >= count) return;
    if (child + 1 < count && compare(base + child * size, base + (child + 1) * size) < 0) child++;
    if (compare(base + at * size, base + child * size) >= 0) return;
    swap(base + at * size, base + child * size, size);
    at = child;
  }
}

void qsort(void *base, size_t count, size_t size, comparison *compare) {
  for (size_t at = count / 2; at-- > 0;) sift(base, at, count, size, compare);
  while (count > 1) {
    count--;
    swap(base, (char *)base + count * size, size);
    sift(base, 0, count, size, compare);
  }
}

void *bsearch(const void *key, const void *base, size_t count, size_t size, comparison *compare) {
  const char *low = base;
  while (count != 0) {
    const char *middle = low + count / 2 * size;
    int order = compare(key, middle);
    if (order == 0) return (void *)middle;
    if (order > 0) {
      low = middle + size;
      count--;
    }
    count /= 2;
  }
  return NULL;
}

/* ---- Random numbers: a xorshift of 32 bits ---- */

static unsigned random_state = 1;

int rand_r(unsigned *seed) {
  unsigned x = *seed != 0 ? *seed : 0x9e3779b9;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  *seed = x;
  return (int)((x * 0x9e3779b1u) >> 1);
}

int rand(void) { return rand_r(&random_state); }
void srand(unsigned seed) { random_state = seed; }

char *getenv(const char *name) {
  (void)name;
  return NULL;
}
