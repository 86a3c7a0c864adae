/*
 * sscanf: all conversions of C but for those of wide characters and of long double. A number ends where strtol() and
 * strtod() end it.
 */
#include <ctype.h>
#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A conversion. */
struct directive {
  int is_suppressed;
  int width; /* 0: none */
  char length; /* 'h' for short, 'H' for char, 'l', 'q' for long long; 0 */
};

static const char *skip_space(const char *s) {
  while (isspace((unsigned char)*s)) s++;
  return s;
}

static const char *parse_directive(const char *p, struct directive *d) {
  *d = (struct directive){0, 0, 0};
  if (*p == '*') {
    d->is_suppressed = 1;
    p++;
  }
  for (; isdigit((unsigned char)*p); p++) {
    if (d->width < 100000000) d->width = d->width * 10 + (*p - '0');
  }
  if (p[0] == 'h' && p[1] == 'h') d->length = 'H', p += 2;
  else if (p[0] == 'l' && p[1] == 'l') d->length = 'q', p += 2;
  else if (*p == 'j') d->length = 'q', p++;
  else if (*p == 'h' || *p == 'l' || *p == 'q') d->length = *p++;
  else if (*p == 'z' || *p == 't') p++;
  return p;
}

/* ---- Numbers ---- */

/* A number of a width is read from a copy; wider than this no number needs to be. */
enum { WIDTH_MAX = 255 };

/* The text of a number that is at most so wide. */
static const char *limited(char copy[WIDTH_MAX + 1], const char *s, int width) {
  if (width == 0 || width > WIDTH_MAX) return s;
  size_t n = strnlen(s, width);
  memcpy(copy, s, n);
  copy[n] = '\0';
  return copy;
}

static void store_integer(void *to, char length, unsigned long long value) {
  switch (length) {
    case 'H':
      *(unsigned char *)to = (unsigned char)value;
      break;
    case 'h':
      *(unsigned short *)to = (unsigned short)value;
      break;
    case 'q':
      *(unsigned long long *)to = value;
      break;
    default:
      *(unsigned *)to = (unsigned)value;
  }
}

static int is_signed(char conversion) { return conversion == 'd' || conversion == 'i'; }

static int base_of(char conversion) {
  switch (conversion) {
    case 'd':
    case 'u':
      return 10;
    case 'i':
      return 0;
    case 'o':
      return 8;
    default:
      return 16;
  }
}

/* Reads an integer; NULL if there is none. */
static const char *read_integer(const char *s, const struct directive *d, char conversion, void *to) {
  char copy[WIDTH_MAX + 1];
  const char *text = limited(copy, s, d->width);
  char *end;
  int base = base_of(conversion);
  unsigned long long value;
  if (d->length == 'q') {
    value = is_signed(conversion) ? (unsigned long long)strtoll(text, &end, base) : strtoull(text, &end, base);
  } else {
    value = is_signed(conversion) ? (unsigned long)strtol(text, &end, base) : strtoul(text, &end, base);
  }
  if (end == text) return NULL;
  if (to != NULL) store_integer(to, d->length, value);
  return s + (end - text);
}

/* Reads a floating-point number; NULL if there is none. */
static const char *read_double(const char *s, const struct directive *d, void *to) {
  char copy[WIDTH_MAX + 1];
  const char *text = limited(copy, s, d->width);
  char *end;
  if (d->length == 'l') {
    double value = strtod(text, &end);
    if (to != NULL && end != text) *(double *)to = value;
  } else {
    float value = strtof(text, &end);
    if (to != NULL && end != text) *(float *)to = value;
  }
  return end == text ? NULL : s + (end - text);
}

/* ---- Characters ---- */

/* %[...]: which characters belong to it, and where the format goes on. */
static const char *parse_set(const char *p, unsigned char set[UCHAR_MAX + 1]) {
  int is_inverse = *p == '^';
  p += is_inverse;
  memset(set, is_inverse, UCHAR_MAX + 1);
  set[0] = 0;
  const char *first = p;
  for (; *p != '\0' && (*p != ']' || p == first); p++) {
    int from = (unsigned char)*p, to = from;
    if (p[1] == '-' && p[2] != ']' && p[2] != '\0') {
      to = (unsigned char)p[2];
      p += 2;
    }
    for (int c = from; c <= to; c++) set[c] = !is_inverse;
  }
  return p;
}

/* Reads characters of a set, at most so many; NULL if there is none. */
static const char *read_set(const char *s, const unsigned char *set, int width, char *to) {
  const char *start = s;
  while (set[(unsigned char)*s] && s - start < width) s++;
  if (s == start) return NULL;
  if (to != NULL) {
    memcpy(to, start, s - start);
    to[s - start] = '\0';
  }
  return s;
}

/* Reads so many characters; NULL if there are fewer. */
static const char *read_characters(const char *s, int count, char *to) {
  if (strnlen(s, count) < (size_t)count) return NULL;
  if (to != NULL) memcpy(to, s, count);
  return s + count;
}

/* ---- A format ---- */

static const char *read_text(const char *s, const struct directive *d, const char **format, void *to) {
  unsigned char set[UCHAR_MAX + 1];
  int width = d->width == 0 ? INT_MAX : d->width;
  if (**format == '[') {
    *format = parse_set(*format + 1, set);
    return read_set(s, set, width, to);
  }
  for (int c = 0; c <= UCHAR_MAX; c++) set[c] = c != 0 && !isspace(c);
  return read_set(s, set, width, to);
}

/* Reads what a conversion asks for, into `to` unless that is NULL; NULL if that is not there. */
static const char *convert(const char *s, const struct directive *d, const char **format, void *to) {
  switch (**format) {
    case 'd':
    case 'i':
    case 'u':
    case 'o':
    case 'x':
    case 'X':
    case 'p':
      return read_integer(s, d, **format, to);
    case 'a':
    case 'A':
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
      return read_double(s, d, to);
    case 'c':
      return read_characters(s, d->width == 0 ? 1 : d->width, to);
    case 's':
    case '[':
      return read_text(s, d, format, to);
    default:
      return NULL; /* no conversion of C */
  }
}

int vsscanf(const char *restrict text, const char *restrict format, va_list args) {
  const char *s = text;
  int count = 0, is_any = 0; /* converted, and whether a conversion is complete, stored or not */
  for (const char *p = format; *p != '\0'; p++) {
    if (isspace((unsigned char)*p)) {
      s = skip_space(s);
      continue;
    }
    if (*p == '%' && *++p != '%') {
      struct directive d;
      p = parse_directive(p, &d);
      void *to = d.is_suppressed || *p == '\0' ? NULL : va_arg(args, void *);
      if (*p == 'n') {
        if (to != NULL) store_integer(to, d.length, s - text);
        continue;
      }
      if (*p != 'c' && *p != '[') s = skip_space(s);
      if (*s == '\0') return is_any ? count : EOF;
      s = convert(s, &d, &p, to);
      if (s == NULL || *p == '\0') return count;
      is_any = 1;
      count += !d.is_suppressed;
    } else {
      if (*p == '%') s = skip_space(s);
      if (*s == '\0') return is_any ? count : EOF;
      if (*s++ != *p) return count;
    }
  }
  return count;
}

int sscanf(const char *restrict text, const char *restrict format, ...) {
  va_list args;
  va_start(args, format);
  int count = vsscanf(text, format, args);
  va_end(args);
  return count;
}
