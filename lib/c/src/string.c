/* Memory and strings. Copies go a word at a time where both sides allow it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef uint32_t __attribute__((may_alias)) word;

static int is_word_aligned(const void *a, const void *b) {
  return (((uintptr_t)a | (uintptr_t)b) & 3) == 0;
}

static void *copy_up(void *to, const void *from, size_t n) {
  unsigned char *t = to;
  const unsigned char *f = from;
  if (is_word_aligned(t, f)) {
    for (; n >= 16; n -= 16, t += 16, f += 16) {
      uint32_t a = ((const word *)f)[0], b = ((const word *)f)[1];
      uint32_t c = ((const word *)f)[2], d = ((const word *)f)[3];
      ((word *)t)[0] = a;
      ((word *)t)[1] = b;
      ((word *)t)[2] = c;
      ((word *)t)[3] = d;
    }
    for (; n >= 4; n -= 4, t += 4, f += 4) *(word *)t = *(const word *)f;
  }
  for (; n != 0; n--) *t++ = *f++;
  return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t n) {
  return copy_up(to, from, n);
}

void *memmove(void *to, const void *from, size_t n) {
  if ((uintptr_t)to - (uintptr_t)from >= n) return copy_up(to, from, n);
  unsigned char *t = (unsigned char *)to + n;
  const unsigned char *f = (const unsigned char *)from + n;
  if (is_word_aligned(t, f)) {
    for (; n >= 4; n -= 4) {
      t -= 4;
      f -= 4;
      *(word *)t = *(const word *)f;
    }
  }
  for (; n != 0; n--) *--t = *--f;
  return to;
}

void *memset(void *to, int c, size_t n) {
  unsigned char *t = to;
  uint32_t fill = (unsigned char)c * 0x01010101u;
  for (; n != 0 && ((uintptr_t)t & 3) != 0; n--) *t++ = (unsigned char)c;
  for (; n >= 16; n -= 16, t += 16) {
    ((word *)t)[0] = fill;
    ((word *)t)[1] = fill;
    ((word *)t)[2] = fill;
    ((word *)t)[3] = fill;
  }
  for (; n >= 4; n -= 4, t += 4) *(word *)t = fill;
  for (; n != 0; n--) *t++ = (unsigned char)c;
  return to;
}

int memcmp(const void *a, const void *b, size_t n) {
  const unsigned char *x = a, *y = b;
  for (; n != 0; n--, x++, y++) {
    if (*x != *y) return *x - *y;
  }
  return 0;
}

void *memchr(const void *s, int c, size_t n) {
  const unsigned char *p = s;
  for (; n != 0; n--, p++) {
    if (*p == (unsigned char)c) return (void *)p;
  }
  return NULL;
}

void *memrchr(const void *s, int c, size_t n) {
  const unsigned char *p = s;
  while (n-- != 0) {
    if (p[n] == (unsigned char)c) return (void *)(p + n);
  }
  return NULL;
}

void *memccpy(void *restrict to, const void *restrict from, int c, size_t n) {
  const unsigned char *end = memchr(from, c, n);
  if (end != NULL) n = end + 1 - (const unsigned char *)from;
  memcpy(to, from, n);
  return end == NULL ? NULL : (unsigned char *)to + n;
}

void *memmem(const void *s, size_t n, const void *part, size_t length) {
  const unsigned char *p = s;
  for (; n >= length; n--, p++) {
    if (memcmp(p, part, length) == 0) return (void *)p;
  }
  return NULL;
}

size_t strlen(const char *s) {
  const char *end = s;
  while (*end != '\0') end++;
  return end - s;
}

size_t strnlen(const char *s, size_t max) {
  const char *end = memchr(s, 0, max);
  return end == NULL ? max : (size_t)(end - s);
}

int strcmp(const char *a, const char *b) {
  while (*a != '\0' && *a == *b) a++, b++;
  return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t n) {
  for (; n != 0 && *a != '\0' && *a == *b; n--) a++, b++;
  return n == 0 ? 0 : (unsigned char)*a - (unsigned char)*b;
}

static int lower(int c) {
  return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

int strncasecmp(const char *a, const char *b, size_t n) {
  for (; n != 0; n--, a++, b++) {
    int difference = lower((unsigned char)*a) - lower((unsigned char)*b);
    if (difference != 0 || *a == '\0') return difference;
  }
  return 0;
}

int strcasecmp(const char *a, const char *b) {
  return strncasecmp(a, b, SIZE_MAX);
}

int strcoll(const char *a, const char *b) {
  return strcmp(a, b);
}

size_t strxfrm(char *restrict to, const char *restrict from, size_t size) {
  return strlcpy(to, from, size);
}

char *stpcpy(char *restrict to, const char *restrict from) {
  return strcpy(to, from) + strlen(from);
}

char *strcpy(char *restrict to, const char *restrict from) {
  char *t = to;
  while ((*t++ = *from++) != '\0') continue;
  return to;
}

char *strncpy(char *restrict to, const char *restrict from, size_t n) {
  size_t length = strnlen(from, n);
  memcpy(to, from, length);
  memset(to + length, 0, n - length);
  return to;
}

char *strcat(char *restrict to, const char *restrict from) {
  strcpy(to + strlen(to), from);
  return to;
}

char *strncat(char *restrict to, const char *restrict from, size_t n) {
  size_t length = strnlen(from, n);
  char *t = to + strlen(to);
  memcpy(t, from, length);
  t[length] = '\0';
  return to;
}

size_t strlcpy(char *restrict to, const char *restrict from, size_t size) {
  size_t length = strlen(from);
  if (size != 0) {
    size_t n = length < size ? length : size - 1;
    memcpy(to, from, n);
    to[n] = '\0';
  }
  return length;
}

size_t strlcat(char *restrict to, const char *restrict from, size_t size) {
  size_t length = strnlen(to, size);
  return length + strlcpy(to + length, from, size - length);
}

char *strchr(const char *s, int c) {
  for (;; s++) {
    if (*s == (char)c) return (char *)s;
    if (*s == '\0') return NULL;
  }
}

char *strrchr(const char *s, int c) {
  const char *last = NULL;
  for (;; s++) {
    if (*s == (char)c) last = s;
    if (*s == '\0') return (char *)last;
  }
}

char *strstr(const char *s, const char *part) {
  size_t length = strlen(part);
  for (; strncmp(s, part, length) != 0; s++) {
    if (*s == '\0') return NULL;
  }
  return (char *)s;
}

char *strcasestr(const char *s, const char *part) {
  size_t length = strlen(part);
  for (; strncasecmp(s, part, length) != 0; s++) {
    if (*s == '\0') return NULL;
  }
  return (char *)s;
}

size_t strcspn(const char *s, const char *set) {
  const char *p = s;
  while (*p != '\0' && strchr(set, *p) == NULL) p++;
  return p - s;
}

size_t strspn(const char *s, const char *set) {
  const char *p = s;
  while (*p != '\0' && strchr(set, *p) != NULL) p++;
  return p - s;
}

char *strpbrk(const char *s, const char *set) {
  s += strcspn(s, set);
  return *s == '\0' ? NULL : (char *)s;
}

char *strtok_r(char *restrict s, const char *restrict set, char **restrict rest) {
  if (s == NULL) s = *rest;
  s += strspn(s, set);
  if (*s == '\0') {
    *rest = s;
    return NULL;
  }
  char *end = s + strcspn(s, set);
  *rest = *end == '\0' ? end : end + 1;
  *end = '\0';
  return s;
}

char *strtok(char *restrict s, const char *restrict set) {
  static char *rest;
  return strtok_r(s, set, &rest);
}

char *strsep(char **restrict rest, const char *restrict set) {
  char *s = *rest;
  if (s == NULL) return NULL;
  char *end = s + strcspn(s, set);
  *rest = *end == '\0' ? NULL : end + 1;
  *end = '\0';
  return s;
}

char *strndup(const char *s, size_t n) {
  size_t length = strnlen(s, n);
  char *copy = malloc(length + 1);
  if (copy == NULL) return NULL;
  memcpy(copy, s, length);
  copy[length] = '\0';
  return copy;
}

char *strdup(const char *s) {
  return strndup(s, strlen(s));
}
