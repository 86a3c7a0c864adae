/*
 * Floating-point numbers from text, rounded to nearest, ties to even. A decimal number is kept as its digits, which are
 * halved and doubled until its bits can be read off: slow for large exponents, and exact.
 */
#include <ctype.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct format {
  int exponent_bits, fraction_bits;
};

static const struct format single = {8, 23}, twice = {11, 52};

static int bias_of(struct format f) { return (1 << (f.exponent_bits - 1)) - 1; }

static uint64_t infinity_of(struct format f) {
  return (((uint64_t)1 << f.exponent_bits) - 1) << f.fraction_bits;
}

/* Bits of the significand of a number from 2^exponent up to twice that: fewer if it is denormal, 0 or less if it is 0. */
static int precision_of(int exponent, struct format f) {
  int least = 1 - bias_of(f);
  int lost = exponent < least ? least - exponent : 0;
  return lost > f.fraction_bits + 2 ? -1 : f.fraction_bits + 1 - lost;
}

/* The number significand * 2^(exponent - precision + 1), whose significand may have been rounded up to one bit more. */
static uint64_t pack(uint64_t significand, int exponent, struct format f) {
  int field = exponent + bias_of(f);
  if (field < 1) return significand;
  if (field >= (1 << f.exponent_bits) - 1) return infinity_of(f);
  return ((uint64_t)(field - 1) << f.fraction_bits) + significand;
}

/* ---- Decimal ---- */

/* 0.d1 d2 d3 ... * 10^point. What lies half-way between two doubles has at most 768 digits; what follows is told by `rest`. */
enum { DIGITS = 800, SHIFT_MAX = 27, GROWTH_MAX = 9 };

struct decimal {
  int count, point;
  int is_rest; /* digits that are not zero were left out */
  unsigned char digits[DIGITS + GROWTH_MAX];
};

static void add_digit(struct decimal *n, unsigned digit) {
  if (n->count < DIGITS) n->digits[n->count++] = (unsigned char)digit;
  else if (digit != 0) n->is_rest = 1;
}

static void drop_zeros(struct decimal *n) {
  while (n->count > 0 && n->digits[n->count - 1] == 0) n->count--;
}

/* Multiplies by 2^by, by at most SHIFT_MAX. */
static void shift_up(struct decimal *n, int by) {
  uint32_t carry = 0;
  for (int i = n->count - 1; i >= 0; i--) {
    carry += (uint32_t)n->digits[i] << by;
    n->digits[i + GROWTH_MAX] = (unsigned char)(carry % 10);
    carry /= 10;
  }
  int first = GROWTH_MAX;
  for (; carry != 0; carry /= 10) n->digits[--first] = (unsigned char)(carry % 10);
  n->count += GROWTH_MAX - first;
  n->point += GROWTH_MAX - first;
  memmove(n->digits, n->digits + first, n->count);
  for (; n->count > DIGITS; n->count--) n->is_rest |= n->digits[n->count - 1] != 0;
  drop_zeros(n);
}

/* Divides by 2^by, by at most SHIFT_MAX. */
static void shift_down(struct decimal *n, int by) {
  struct decimal from = *n;
  uint32_t value = 0;
  n->count = 0;
  for (int i = 0; i < from.count || value != 0; i++) {
    value = value * 10 + (i < from.count ? from.digits[i] : 0);
    unsigned digit = value >> by;
    value &= ((uint32_t)1 << by) - 1;
    if (n->count != 0 || digit != 0) add_digit(n, digit);
    else n->point--;
  }
  drop_zeros(n);
}

/* The whole part, which has less than 64 bits, to nearest. */
static uint64_t rounded(const struct decimal *n) {
  uint64_t value = 0;
  for (int i = 0; i < n->point; i++) value = value * 10 + (i < n->count ? n->digits[i] : 0);
  if (n->point < 0 || n->point >= n->count) return value;
  int next = n->digits[n->point];
  int is_more = n->count > n->point + 1 || n->is_rest;
  return value + (next > 5 || (next == 5 && (is_more || (value & 1))));
}

/* The bits of a decimal number. */
static uint64_t bits_of_decimal(struct decimal *n, struct format f) {
  drop_zeros(n);
  if (n->count == 0 || n->point < -400) return 0;
  if (n->point > 400) return infinity_of(f);
  int exponent = -1; /* 2^exponent is what a number from 1/2 up to 1 stands for */
  while (n->point > 0) {
    int by = n->point == 1 ? 1 : 3 * (n->point - 1);
    if (by > SHIFT_MAX) by = SHIFT_MAX;
    shift_down(n, by);
    exponent += by;
  }
  while (n->point < 0 || n->digits[0] < 5) {
    int by = n->point == 0 ? 1 : -3 * n->point;
    if (by > SHIFT_MAX) by = SHIFT_MAX;
    shift_up(n, by);
    exponent -= by;
  }
  int precision = precision_of(exponent, f);
  if (precision < 0) return 0;
  for (int left = precision; left > 0; left -= left < SHIFT_MAX ? left : SHIFT_MAX) {
    shift_up(n, left < SHIFT_MAX ? left : SHIFT_MAX);
  }
  return pack(rounded(n), exponent, f);
}

/* ---- Text ---- */

/* The exponent behind a letter, if there is one; `*s` is then behind it. */
static int parse_exponent(const char **s, char letter) {
  const char *p = *s;
  if ((*p | 0x20) != letter) return 0;
  int is_negative = *++p == '-';
  if (*p == '+' || *p == '-') p++;
  if (!isdigit((unsigned char)*p)) return 0;
  int n = 0;
  for (; isdigit((unsigned char)*p); p++) {
    if (n < 100000000) n = n * 10 + (*p - '0');
  }
  *s = p;
  return is_negative ? -n : n;
}

/* Digits with a point among them. NULL if there is no digit. */
static const char *parse_decimal(const char *s, struct format f, uint64_t *bits) {
  struct decimal n;
  n.count = n.point = n.is_rest = 0;
  int has_point = 0, has_digit = 0;
  for (;; s++) {
    if (*s == '.' && !has_point) {
      has_point = 1;
      continue;
    }
    if (!isdigit((unsigned char)*s)) break;
    has_digit = 1;
    if (n.count != 0 || *s != '0') {
      add_digit(&n, (unsigned)(*s - '0'));
      n.point += !has_point;
    } else {
      n.point -= has_point;
    }
  }
  if (!has_digit) return NULL;
  n.point += parse_exponent(&s, 'e');
  *bits = bits_of_decimal(&n, f);
  return s;
}

static unsigned hex_value(char c) {
  return isdigit((unsigned char)c) ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
}

/* Hexadecimal digits behind 0x. NULL if there is no digit. */
static const char *parse_hex(const char *s, struct format f, uint64_t *bits) {
  uint64_t value = 0;
  int exponent = 0, has_point = 0, has_digit = 0;
  for (;; s++) {
    if (*s == '.' && !has_point) {
      has_point = 1;
      continue;
    }
    if (!isxdigit((unsigned char)*s)) break;
    has_digit = 1;
    if (value >> 60 == 0) {
      value = value << 4 | hex_value(*s);
      exponent -= 4 * has_point;
    } else {
      value |= hex_value(*s) != 0;
      exponent += 4 * !has_point;
    }
  }
  if (!has_digit) return NULL;
  exponent += parse_exponent(&s, 'p');
  *bits = 0;
  if (value == 0) return s;
  int space = __builtin_clzll(value);
  value <<= space;
  exponent += 63 - space;
  int precision = precision_of(exponent, f);
  if (precision < 0) return s;
  int drop = 64 - precision;
  uint64_t kept = drop > 63 ? 0 : value >> drop;
  uint64_t lost = drop > 63 ? value : value << precision;
  uint64_t half = (uint64_t)1 << 63;
  if (lost > half || (lost == half && (kept & 1))) kept++;
  *bits = pack(kept, exponent, f);
  return s;
}

/* inf, infinity, nan, nan(...). NULL if it is none of these. */
static const char *parse_name(const char *s, struct format f, uint64_t *bits) {
  *bits = infinity_of(f);
  if (strncasecmp(s, "infinity", 8) == 0) return s + 8;
  if (strncasecmp(s, "inf", 3) == 0) return s + 3;
  if (strncasecmp(s, "nan", 3) != 0) return NULL;
  *bits |= (uint64_t)1 << (f.fraction_bits - 1);
  s += 3;
  const char *p = s;
  if (*p++ != '(') return s;
  while (isalnum((unsigned char)*p) || *p == '_') p++;
  return *p == ')' ? p + 1 : s;
}

static uint64_t parse(const char *s, char **end, struct format f) {
  const char *start = s, *behind = NULL;
  uint64_t bits = 0;
  while (isspace((unsigned char)*s)) s++;
  int is_negative = *s == '-';
  if (*s == '+' || *s == '-') s++;
  if (s[0] == '0' && (s[1] | 0x20) == 'x') behind = parse_hex(s + 2, f, &bits);
  if (behind == NULL) behind = parse_decimal(s, f, &bits);
  if (behind == NULL) behind = parse_name(s, f, &bits);
  if (end != NULL) *end = (char *)(behind != NULL ? behind : start);
  if (behind == NULL) return 0;
  return bits | (uint64_t)is_negative << (f.exponent_bits + f.fraction_bits);
}

double strtod(const char *restrict s, char **restrict end) {
  uint64_t bits = parse(s, end, twice);
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

float strtof(const char *restrict s, char **restrict end) {
  uint32_t bits = (uint32_t)parse(s, end, single);
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

double atof(const char *s) { return strtod(s, NULL); }
