/*
 * The printf family: all conversions of C but for those of wide characters. Floating-point numbers are
 * printed by exact arithmetic on large integers (%f %e %g), or as they are (%a).
 */
#include <kthread_machine.h>
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

struct ktm_file {
  int number;
};

static struct ktm_file files[2] = {{1}, {2}};
FILE *const stdout = &files[0];
FILE *const stderr = &files[1];

/* Where output goes: to memory, or through a buffer to the machine. */
struct output {
  char *to;
  size_t room; /* of `to`; what does not fit is counted only */
  size_t count;
  int is_console;
};

static void flush(struct output *out, size_t used) {
  if (used != 0) cnputsn(out->to, used);
}

static void put(struct output *out, char c) {
  if (out->is_console) {
    out->to[out->count % BUFSIZ] = c;
    if (++out->count % BUFSIZ == 0) flush(out, BUFSIZ);
  } else {
    if (out->count < out->room) out->to[out->count] = c;
    out->count++;
  }
}

static void put_text(struct output *out, const char *s, size_t n) {
  for (; n != 0; n--) put(out, *s++);
}

static void pad(struct output *out, char c, int n) {
  for (; n > 0; n--) put(out, c);
}

/* ---- A conversion ---- */

struct directive {
  int is_left, has_plus, has_space, has_hash, has_zero;
  int width;
  int precision; /* -1: none */
};

/* Puts a number: its sign or prefix, zeros, its digits, in a field. */
static void put_number(struct output *out, const struct directive *d, const char *prefix,
                       const char *digits, int length, int zeros) {
  int prefix_length = (int)strlen(prefix);
  int space = d->width - prefix_length - zeros - length;
  if (d->has_zero && !d->is_left && space > 0) {
    zeros += space;
    space = 0;
  }
  if (!d->is_left) pad(out, ' ', space);
  put_text(out, prefix, prefix_length);
  pad(out, '0', zeros);
  put_text(out, digits, length);
  if (d->is_left) pad(out, ' ', space);
}

static int digits_of(char *end, unsigned long long value, unsigned base, const char *alphabet) {
  char *p = end;
  while (value > UINT32_MAX) {
    *--p = alphabet[value % base];
    value /= base;
  }
  for (unsigned v = (unsigned)value; v != 0; v /= base) *--p = alphabet[v % base];
  return (int)(end - p);
}

static void put_integer(struct output *out, struct directive d, unsigned long long value,
                        unsigned base, const char *prefix, int is_upper) {
  char digits[24];
  char *end = digits + sizeof digits;
  int length = digits_of(end, value, base, is_upper ? "0123456789ABCDEF" : "0123456789abcdef");
  int least = d.precision < 0 ? 1 : d.precision;
  if (base == 8 && d.has_hash && least <= length) least = length + 1;
  if (d.precision >= 0) d.has_zero = 0;
  put_number(out, &d, prefix, end - length, length, least > length ? least - length : 0);
}

static void put_signed(struct output *out, struct directive d, long long value) {
  const char *sign = value < 0 ? "-" : d.has_plus ? "+" : d.has_space ? " " : "";
  unsigned long long magnitude = value < 0 ? -(unsigned long long)value : (unsigned long long)value;
  put_integer(out, d, magnitude, 10, sign, 0);
}

static void put_string(struct output *out, const struct directive *d, const char *s) {
  if (s == NULL) s = "(null)";
  size_t n = d->precision < 0 ? strlen(s) : strnlen(s, d->precision);
  if (!d->is_left) pad(out, ' ', d->width - (int)n);
  put_text(out, s, n);
  if (d->is_left) pad(out, ' ', d->width - (int)n);
}

/* ---- Floating-point numbers ---- */

/*
 * The decimal digits of a finite double, exactly: value = 0.d1 d2 d3 ... * 10^point. 1,100 digits hold
 * the longest one, 2^-1074 times an odd number of 53 bits.
 */
enum { LIMBS = 128, DIGITS = 1100, LIMB = 1000000000 };

struct decimal {
  char digits[DIGITS];
  int count;
  int point;
};

struct large {
  uint32_t limbs[LIMBS]; /* base 10^9, the lowest first */
  int count;
};

/* `factor` is less than 10^9, so that a carry is a limb. */
static void multiply(struct large *n, uint32_t factor) {
  uint64_t carry = 0;
  for (int i = 0; i < n->count; i++) {
    carry += (uint64_t)n->limbs[i] * factor;
    n->limbs[i] = (uint32_t)(carry % LIMB);
    carry /= LIMB;
  }
  if (carry != 0) n->limbs[n->count++] = (uint32_t)carry;
}

/* mantissa * 2^exponent as decimal digits; the fraction is scaled by 10 for each factor of a half. */
static void to_decimal(struct decimal *out, uint64_t mantissa, int exponent) {
  struct large n = {.count = 0};
  for (; mantissa != 0; mantissa /= LIMB) n.limbs[n.count++] = (uint32_t)(mantissa % LIMB);
  int shift = exponent < 0 ? -exponent : 0; /* x / 2^shift = x * 5^shift / 10^shift */
  for (int left = exponent; left > 0; left -= left < 29 ? left : 29) multiply(&n, 1u << (left < 29 ? left : 29));
  for (int left = shift; left >= 12; left -= 12) multiply(&n, 244140625u);
  for (int left = shift % 12; left > 0; left--) multiply(&n, 5);
  out->count = 0;
  for (int i = n.count - 1; i >= 0; i--) {
    char limb[9];
    uint32_t v = n.limbs[i];
    for (int k = 8; k >= 0; k--, v /= 10) limb[k] = (char)(v % 10);
    for (int k = 0; k < 9; k++) {
      if (out->count != 0 || limb[k] != 0) out->digits[out->count++] = limb[k];
    }
  }
  out->point = out->count - shift;
}

/* Keeps `keep` digits, rounded to nearest, ties to even as C's default mode does. */
static void round_digits(struct decimal *n, int keep) {
  if (keep >= n->count) return;
  int up = 0;
  if (keep >= 0) {
    int next = n->digits[keep], rest = 0;
    for (int i = keep + 1; i < n->count; i++) rest |= n->digits[i];
    int is_odd = keep > 0 && (n->digits[keep - 1] & 1);
    up = next > 5 || (next == 5 && (rest || is_odd));
  }
  n->count = keep < 0 ? 0 : keep;
  if (!up) return;
  int i = n->count - 1;
  for (; i >= 0 && n->digits[i] == 9; i--) n->digits[i] = 0;
  if (i >= 0) {
    n->digits[i]++;
    return;
  }
  n->digits[0] = 1;
  for (int k = 1; k <= n->count; k++) n->digits[k] = 0;
  if (n->count == 0) n->count = 1;
  n->point++;
}

static int digit_at(const struct decimal *n, int place) {
  return place >= 0 && place < n->count ? n->digits[place] : 0;
}

struct text {
  char *at;
  int length;
};

static void add(struct text *t, char c) { t->at[t->length++] = c; }

enum { PRECISION_MAX = 400, TEXT_MAX = 320 + PRECISION_MAX + 8 };

static void write_fixed(struct text *t, const struct decimal *n, int precision, int has_point) {
  for (int i = n->point > 0 ? 0 : n->point - 1; i < n->point; i++) add(t, (char)('0' + digit_at(n, i)));
  if (n->point <= 0) {
    t->length = 0;
    add(t, '0');
  }
  if (precision > 0 || has_point) add(t, '.');
  for (int i = 0; i < precision; i++) add(t, (char)('0' + digit_at(n, n->point + i)));
}

static void write_exponent(struct text *t, const struct decimal *n, int precision, int has_point,
                           char letter) {
  int exponent = n->count == 0 ? 0 : n->point - 1;
  add(t, (char)('0' + digit_at(n, 0)));
  if (precision > 0 || has_point) add(t, '.');
  for (int i = 1; i <= precision; i++) add(t, (char)('0' + digit_at(n, i)));
  add(t, letter);
  add(t, exponent < 0 ? '-' : '+');
  if (exponent < 0) exponent = -exponent;
  if (exponent >= 100) add(t, (char)('0' + exponent / 100));
  add(t, (char)('0' + exponent / 10 % 10));
  add(t, (char)('0' + exponent % 10));
}

static void drop_zeros(struct text *t) {
  if (memchr(t->at, '.', t->length) == NULL) return;
  while (t->at[t->length - 1] == '0') t->length--;
  if (t->at[t->length - 1] == '.') t->length--;
}

static void write_general(struct text *t, struct decimal *n, int precision, int has_hash, char letter) {
  if (precision == 0) precision = 1;
  round_digits(n, precision);
  int exponent = n->count == 0 ? 0 : n->point - 1;
  if (exponent >= -4 && exponent < precision) {
    write_fixed(t, n, precision - 1 - exponent, has_hash);
    if (!has_hash) drop_zeros(t);
    return;
  }
  int shown = precision - 1;
  if (!has_hash) {
    while (shown > 0 && digit_at(n, shown) == 0) shown--;
  }
  write_exponent(t, n, shown, has_hash, letter);
}

static uint64_t bits_of(double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

/* The bits of the double that a long double, of 128 bits, is rounded to. */
static uint64_t bits_of_long(long double value) {
  uint64_t half[2];
  memcpy(half, &value, sizeof half);
  uint64_t sign = half[1] >> 63 << 63;
  int exponent = (int)(half[1] >> 48 & 0x7fff) - 16383 + 1023;
  uint64_t mantissa = (half[1] & 0xffffffffffffULL) << 16 | half[0] >> 48; /* 64 of 112 bits */
  int is_rest = (half[0] << 16) != 0;
  if (exponent == 0x7fff - 16383 + 1023) return sign | 0x7ffULL << 52 | (mantissa != 0) | is_rest;
  if (exponent >= 0x7ff) return sign | 0x7ffULL << 52;
  int drop = 12;
  if (exponent <= 0) { /* a denormal double, or 0 */
    if (exponent < -52) return sign;
    is_rest |= mantissa & 1;
    mantissa = mantissa >> 1 | 1ULL << 63;
    drop += -exponent;
    exponent = 0;
  }
  uint64_t kept = drop < 64 ? mantissa >> drop : 0;
  uint64_t lost = mantissa << (64 - drop);
  uint64_t half_way = 1ULL << 63;
  if (lost > half_way || (lost == half_way && (is_rest || (kept & 1)))) kept++;
  return sign | (((uint64_t)exponent << 52) + kept);
}

static void put_double(struct output *out, struct directive d, uint64_t bits, char conversion) {
  int is_upper = conversion < 'a';
  char kind = (char)(conversion | 0x20);
  const char *sign = bits >> 63 ? "-" : d.has_plus ? "+" : d.has_space ? " " : "";
  int exponent = (int)(bits >> 52 & 0x7ff);
  uint64_t mantissa = bits & 0xfffffffffffffULL;
  if (exponent == 0x7ff) {
    d.has_zero = 0;
    const char *text = mantissa != 0 ? (is_upper ? "NAN" : "nan") : is_upper ? "INF" : "inf";
    put_number(out, &d, sign, text, 3, 0);
    return;
  }
  if (exponent != 0) mantissa |= 1ULL << 52;
  else exponent = 1;
  struct decimal n;
  to_decimal(&n, mantissa, exponent - 1075);
  int precision = d.precision < 0 ? 6 : d.precision > PRECISION_MAX ? PRECISION_MAX : d.precision;
  char buffer[TEXT_MAX];
  struct text t = {buffer, 0};
  char letter = is_upper ? 'E' : 'e';
  if (kind == 'f') {
    round_digits(&n, n.point + precision);
    write_fixed(&t, &n, precision, d.has_hash);
  } else if (kind == 'e') {
    round_digits(&n, precision + 1);
    write_exponent(&t, &n, precision, d.has_hash, letter);
  } else {
    write_general(&t, &n, precision, d.has_hash, letter);
  }
  put_number(out, &d, sign, t.at, t.length, 0);
}

/* The digits of %a behind the point: a fraction of 52 bits, rounded to nearest where fewer are asked for. */
enum { FRACTION_DIGITS = 13 };

static void put_hex(struct output *out, struct directive d, uint64_t bits, char conversion) {
  int exponent = (int)(bits >> 52 & 0x7ff);
  uint64_t mantissa = bits & 0xfffffffffffffULL;
  if (exponent == 0x7ff) {
    put_double(out, d, bits, conversion);
    return;
  }
  if (exponent != 0) mantissa |= 1ULL << 52;
  else exponent = 1;
  if (mantissa == 0) exponent = 1023;
  int is_upper = conversion < 'a';
  const char *sign = bits >> 63 ? "-" : d.has_plus ? "+" : d.has_space ? " " : "";
  const char *alphabet = is_upper ? "0123456789ABCDEF" : "0123456789abcdef";
  int shown = FRACTION_DIGITS, zeros = 0;
  if (d.precision < 0) {
    while (shown > 0 && (mantissa & 0xf) == 0) mantissa >>= 4, shown--;
  } else if (d.precision < FRACTION_DIGITS) {
    int drop = 4 * (FRACTION_DIGITS - d.precision);
    uint64_t half = 1ULL << (drop - 1), lost = mantissa & (2 * half - 1);
    mantissa >>= drop;
    if (lost > half || (lost == half && (mantissa & 1))) mantissa++;
    shown = d.precision;
  } else {
    zeros = d.precision - FRACTION_DIGITS;
  }
  char digits[FRACTION_DIGITS + 2], tail[8];
  int length = 0;
  digits[length++] = alphabet[mantissa >> (4 * shown)];
  if (shown > 0 || zeros > 0 || d.has_hash) digits[length++] = '.';
  while (shown > 0) digits[length++] = alphabet[mantissa >> (4 * --shown) & 0xf];
  int tail_length = snprintf(tail, sizeof tail, is_upper ? "P%+d" : "p%+d", exponent - 1023);
  char prefix[4];
  snprintf(prefix, sizeof prefix, "%s0%c", sign, is_upper ? 'X' : 'x');
  int space = d.width - (int)strlen(prefix) - length - zeros - tail_length;
  if (!d.is_left && !d.has_zero) pad(out, ' ', space);
  put_text(out, prefix, strlen(prefix));
  if (!d.is_left && d.has_zero) pad(out, '0', space);
  put_text(out, digits, length);
  pad(out, '0', zeros);
  put_text(out, tail, tail_length);
  if (d.is_left) pad(out, ' ', space);
}

/* ---- A format ---- */

static const char *parse_number(const char *p, int *value) {
  int n = 0;
  for (; *p >= '0' && *p <= '9'; p++) {
    if (n < INT_MAX / 10 - 9) n = n * 10 + (*p - '0');
  }
  *value = n;
  return p;
}

static const char *parse_flags(const char *p, struct directive *d) {
  for (;; p++) {
    if (*p == '-') d->is_left = 1;
    else if (*p == '+') d->has_plus = 1;
    else if (*p == ' ') d->has_space = 1;
    else if (*p == '#') d->has_hash = 1;
    else if (*p == '0') d->has_zero = 1;
    else return p;
  }
}

/* Lengths of arguments. */
enum { CHAR, SHORT, INT, LONG_LONG };

static const char *parse_length(const char *p, int *length) {
  *length = INT;
  if (*p == 'h') {
    *length = SHORT;
    if (*++p == 'h') {
      *length = CHAR;
      p++;
    }
  } else if (*p == 'l') {
    if (*++p == 'l') {
      *length = LONG_LONG;
      p++;
    }
  } else if (*p == 'j' || *p == 'L' || *p == 'q') {
    *length = LONG_LONG;
    p++;
  } else if (*p == 'z' || *p == 't') {
    p++;
  }
  return p;
}

/* va_list may be an array, which cannot be passed by reference. */
struct arguments {
  va_list list;
};

static long long signed_argument(struct arguments *args, int length) {
  if (length == LONG_LONG) return va_arg(args->list, long long);
  int value = va_arg(args->list, int);
  return length == CHAR ? (signed char)value : length == SHORT ? (short)value : value;
}

static unsigned long long unsigned_argument(struct arguments *args, int length) {
  if (length == LONG_LONG) return va_arg(args->list, unsigned long long);
  unsigned value = va_arg(args->list, unsigned);
  return length == CHAR ? (unsigned char)value : length == SHORT ? (unsigned short)value : value;
}

/* %n: how much there is, in an integer of this length. */
static void store_count(void *to, int length, size_t count) {
  if (length == CHAR) *(signed char *)to = (signed char)count;
  else if (length == SHORT) *(short *)to = (short)count;
  else if (length == LONG_LONG) *(long long *)to = (long long)count;
  else *(int *)to = (int)count;
}

/* What is rare, apart from the rest so that this stays short. */
static __attribute__((noinline)) void put_other(struct output *out, const struct directive *d, int length, char c,
                                                struct arguments *args) {
  if (c == 'a' || c == 'A') {
    uint64_t bits = length == LONG_LONG ? bits_of_long(va_arg(args->list, long double))
                                        : bits_of(va_arg(args->list, double));
    put_hex(out, *d, bits, c);
  } else if (c == 'n') {
    store_count(va_arg(args->list, void *), length, out->count);
  } else { /* no conversion of C: shown as it is */
    put(out, '%');
    put(out, c);
  }
}

static void convert(struct output *out, struct directive d, int length, char c,
                    struct arguments *args) {
  char character[1];
  switch (c) {
    case 'd':
    case 'i':
      put_signed(out, d, signed_argument(args, length));
      break;
    case 'u':
      put_integer(out, d, unsigned_argument(args, length), 10, "", 0);
      break;
    case 'o':
      put_integer(out, d, unsigned_argument(args, length), 8, "", 0);
      break;
    case 'x':
    case 'X': {
      unsigned long long value = unsigned_argument(args, length);
      const char *prefix = d.has_hash && value != 0 ? (c == 'x' ? "0x" : "0X") : "";
      put_integer(out, d, value, 16, prefix, c == 'X');
      break;
    }
    case 'p':
      put_integer(out, d, (uintptr_t)va_arg(args->list, void *), 16, "0x", 0);
      break;
    case 'c':
      character[0] = (char)va_arg(args->list, int);
      d.precision = -1;
      if (!d.is_left) pad(out, ' ', d.width - 1);
      put(out, character[0]);
      if (d.is_left) pad(out, ' ', d.width - 1);
      break;
    case 's':
      put_string(out, &d, va_arg(args->list, const char *));
      break;
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
      put_double(out, d,
                 length == LONG_LONG ? bits_of_long(va_arg(args->list, long double))
                                     : bits_of(va_arg(args->list, double)),
                 c);
      break;
    case '%':
      put(out, '%');
      break;
    default:
      put_other(out, &d, length, c, args);
  }
}

static void format_to(struct output *out, const char *p, va_list list) {
  struct arguments args;
  va_copy(args.list, list);
  for (; *p != '\0'; p++) {
    if (*p != '%') {
      put(out, *p);
      continue;
    }
    struct directive d = {.precision = -1};
    int length;
    p = parse_flags(p + 1, &d);
    if (*p == '*') {
      d.width = va_arg(args.list, int);
      if (d.width < 0) {
        d.is_left = 1;
        d.width = -d.width;
      }
      p++;
    } else {
      p = parse_number(p, &d.width);
    }
    if (*p == '.') {
      if (*++p == '*') {
        d.precision = va_arg(args.list, int);
        p++;
      } else {
        p = parse_number(p, &d.precision);
      }
    }
    p = parse_length(p, &length);
    if (*p == '\0') break;
    convert(out, d, length, *p, &args);
  }
  va_end(args.list);
}

/* ---- The functions of C ---- */

int vsnprintf(char *restrict to, size_t size, const char *restrict format, va_list args) {
  struct output out = {.to = to, .room = size == 0 ? 0 : size - 1};
  format_to(&out, format, args);
  if (size != 0) to[out.count < size ? out.count : size - 1] = '\0';
  return (int)out.count;
}

int vsprintf(char *restrict to, const char *restrict format, va_list args) {
  return vsnprintf(to, INT_MAX, format, args);
}

int vprintf(const char *restrict format, va_list args) {
  char buffer[BUFSIZ];
  struct output out = {.to = buffer, .is_console = 1};
  format_to(&out, format, args);
  flush(&out, out.count % BUFSIZ);
  return (int)out.count;
}

int vfprintf(FILE *restrict file, const char *restrict format, va_list args) {
  (void)file;
  return vprintf(format, args);
}

int printf(const char *restrict format, ...) {
  va_list args;
  va_start(args, format);
  int count = vprintf(format, args);
  va_end(args);
  return count;
}

int fprintf(FILE *restrict file, const char *restrict format, ...) {
  va_list args;
  va_start(args, format);
  int count = vfprintf(file, format, args);
  va_end(args);
  return count;
}

int sprintf(char *restrict to, const char *restrict format, ...) {
  va_list args;
  va_start(args, format);
  int count = vsprintf(to, format, args);
  va_end(args);
  return count;
}

int snprintf(char *restrict to, size_t size, const char *restrict format, ...) {
  va_list args;
  va_start(args, format);
  int count = vsnprintf(to, size, format, args);
  va_end(args);
  return count;
}
