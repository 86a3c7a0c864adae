/*
 * What compilers call for long double, which on RISC-V is IEEE 754 quadruple: 1 bit for the sign, 15 for the exponent, 112
 * for the fraction; rounded to nearest, ties to even. The way is that of softfloat.c with numbers of 128 bits (ieee754.h).
 * It is apart so that float and double, which programs use far more, stay as fast as 64 bits allow.
 */
#include <stdint.h>
#include <string.h>

/* A number of 128 bits, as it lies in memory. */
struct wide {
  uint64_t low, high;
};

typedef struct wide significand;

enum { TOP = 126, LIMBS = 4 };

/* ---- Numbers of 128 bits ---- */

#define zero \
  { 0, 0 }

static int is_zero(struct wide n) { return (n.low | n.high) == 0; }

static int is_equal(struct wide a, struct wide b) { return a.low == b.low && a.high == b.high; }

static int is_less(struct wide a, struct wide b) { return a.high != b.high ? a.high < b.high : a.low < b.low; }

static struct wide plus(struct wide a, struct wide b) {
  struct wide n = {a.low + b.low, a.high + b.high};
  n.high += n.low < a.low;
  return n;
}

static struct wide minus(struct wide a, struct wide b) {
  struct wide n = {a.low - b.low, a.high - b.high};
  n.high -= a.low < b.low;
  return n;
}

/* By 0 to 127. */
static struct wide left(struct wide n, int by) {
  if (by == 0) return n;
  if (by >= 64) return (struct wide){0, n.low << (by - 64)};
  return (struct wide){n.low << by, n.high << by | n.low >> (64 - by)};
}

/* By 0 to 127. */
static struct wide right(struct wide n, int by) {
  if (by == 0) return n;
  if (by >= 64) return (struct wide){n.high >> (by - 64), 0};
  return (struct wide){n.low >> by | n.high << (64 - by), n.high >> by};
}

/* By any number, with what is lost in bit 0. */
static struct wide right_sticky(struct wide n, int by) {
  if (by <= 0) return n;
  if (by > TOP) return (struct wide){!is_zero(n), 0};
  struct wide kept = right(n, by), back = left(kept, by);
  kept.low |= back.low != n.low || back.high != n.high;
  return kept;
}

static int bit_of(struct wide n, int at) { return (int)(right(n, at).low & 1); }

#include "ieee754.h"

static const struct format quad = {15, 112};

/* ---- From and to bits ---- */

static struct number normalize(struct number n) {
  if (is_zero(n.sig)) {
    n.kind = ZERO;
    return n;
  }
  if (n.sig.high >> 63) {
    n.sig = right_sticky(n.sig, 1);
    n.exponent++;
    return n;
  }
  int by = n.sig.high != 0 ? __builtin_clzll(n.sig.high) : 64 + __builtin_clzll(n.sig.low);
  n.sig = left(n.sig, by - 1);
  n.exponent -= by - 1;
  return n;
}

static struct number unpack(struct wide bits, struct format f) {
  int most = (1 << f.exponent_bits) - 1;
  int exponent = (int)right(bits, f.fraction_bits).low & most;
  struct number n = {FINITE, bit_of(bits, f.fraction_bits + f.exponent_bits), 0, {0, 0}};
  struct wide fraction = right(left(bits, 128 - f.fraction_bits), 128 - f.fraction_bits);
  if (exponent == most) {
    n.kind = is_zero(fraction) ? INFINITE : NOT_A_NUMBER;
    return n;
  }
  if (exponent != 0) fraction = plus(fraction, left((struct wide){1, 0}, f.fraction_bits));
  else exponent = 1;
  n.exponent = exponent - most / 2;
  n.sig = left(fraction, TOP - f.fraction_bits);
  return normalize(n);
}

static struct wide pack(struct number n, struct format f) {
  int most = (1 << f.exponent_bits) - 1;
  struct wide sign = left((struct wide){(uint64_t)n.sign, 0}, f.fraction_bits + f.exponent_bits);
  struct wide infinite = left((struct wide){(uint64_t)most, 0}, f.fraction_bits);
  if (n.kind == NOT_A_NUMBER) return plus(infinite, left((struct wide){1, 0}, f.fraction_bits - 1));
  if (n.kind == INFINITE) return plus(sign, infinite);
  if (n.kind == ZERO) return sign;
  int exponent = n.exponent + most / 2;
  if (exponent >= most) return plus(sign, infinite);
  if (exponent < 1) {
    n.sig = right_sticky(n.sig, 1 - exponent);
    exponent = 1;
  }
  int drop = TOP - f.fraction_bits;
  struct wide kept = right(n.sig, drop), rest = left(n.sig, 128 - drop); /* rest: what is lost, at the top */
  struct wide half = {0, (uint64_t)1 << 63};
  int is_half = rest.high == half.high && rest.low == 0;
  if (is_less(half, rest) || (is_half && (kept.low & 1))) kept = plus(kept, (struct wide){1, 0});
  struct wide field = left((struct wide){(uint64_t)(exponent - 1), 0}, f.fraction_bits);
  return plus(sign, plus(field, kept)); /* a carry goes into the exponent */
}

static struct number get(long double value) {
  struct wide bits;
  memcpy(&bits, &value, sizeof bits);
  return unpack(bits, quad);
}

static long double make(struct number n) {
  struct wide bits = pack(n, quad);
  long double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* ---- What ieee754.h needs ---- */

static void split(uint32_t limbs[LIMBS], struct wide n) {
  limbs[0] = (uint32_t)n.low;
  limbs[1] = (uint32_t)(n.low >> 32);
  limbs[2] = (uint32_t)n.high;
  limbs[3] = (uint32_t)(n.high >> 32);
}

static struct wide product_of(struct wide a, struct wide b) {
  uint32_t x[LIMBS], y[LIMBS], product[2 * LIMBS] = {0};
  split(x, a);
  split(y, b);
  for (int i = 0; i < LIMBS; i++) {
    uint64_t carry = 0;
    for (int k = 0; k < LIMBS; k++) {
      carry += (uint64_t)x[i] * y[k] + product[i + k];
      product[i + k] = (uint32_t)carry;
      carry >>= 32;
    }
    product[i + LIMBS] = (uint32_t)carry;
  }
  struct wide low = {(uint64_t)product[1] << 32 | product[0], (uint64_t)product[3] << 32 | product[2]};
  struct wide high = {(uint64_t)product[5] << 32 | product[4], (uint64_t)product[7] << 32 | product[6]};
  struct wide n = left(high, 128 - TOP);
  n.low |= low.high >> (TOP - 64);
  n.low |= !is_zero(left(low, 128 - TOP));
  return n;
}

static struct wide quotient_of(struct wide rest, struct wide divisor) {
  struct wide quotient = {0, 0};
  for (int bit = TOP; bit >= 0; bit--, rest = left(rest, 1)) {
    quotient = left(quotient, 1);
    if (is_less(rest, divisor)) continue;
    rest = minus(rest, divisor);
    quotient.low |= 1;
  }
  quotient.low |= !is_zero(rest);
  return quotient;
}

static uint64_t whole_part(struct number n) { return right(n.sig, TOP - n.exponent).low; }

static struct number from_integer(uint64_t magnitude, int sign) {
  return normalize((struct number){FINITE, sign, TOP, {magnitude, 0}});
}

static struct number negative(struct number n) {
  n.sign ^= 1;
  return n;
}

/* ---- The functions that compilers call ---- */

long double __addtf3(long double a, long double b) { return make(add(get(a), get(b))); }
long double __subtf3(long double a, long double b) { return make(add(get(a), negative(get(b)))); }
long double __multf3(long double a, long double b) { return make(multiply(get(a), get(b))); }
long double __divtf3(long double a, long double b) { return make(divide(get(a), get(b))); }
long double __negtf2(long double a) { return make(negative(get(a))); }

int __eqtf2(long double a, long double b) { return compare(get(a), get(b), 1); }
int __netf2(long double a, long double b) { return compare(get(a), get(b), 1); }
int __lttf2(long double a, long double b) { return compare(get(a), get(b), 1); }
int __letf2(long double a, long double b) { return compare(get(a), get(b), 1); }
int __gttf2(long double a, long double b) { return compare(get(a), get(b), -1); }
int __getf2(long double a, long double b) { return compare(get(a), get(b), -1); }
int __unordtf2(long double a, long double b) {
  return get(a).kind == NOT_A_NUMBER || get(b).kind == NOT_A_NUMBER;
}

int32_t __fixtfsi(long double a) { return (int32_t)to_signed(get(a), INT32_MAX); }
int64_t __fixtfdi(long double a) { return to_signed(get(a), INT64_MAX); }
uint32_t __fixunstfsi(long double a) { return (uint32_t)to_unsigned(get(a), UINT32_MAX); }
uint64_t __fixunstfdi(long double a) { return to_unsigned(get(a), UINT64_MAX); }
long double __floatsitf(int32_t n) { return make(from_integer(magnitude(n), n < 0)); }
long double __floatditf(int64_t n) { return make(from_integer(magnitude(n), n < 0)); }
long double __floatunsitf(uint32_t n) { return make(from_integer(n, 0)); }
long double __floatunditf(uint64_t n) { return make(from_integer(n, 0)); }

long double __extendsftf2(float a) {
  uint32_t bits;
  memcpy(&bits, &a, sizeof bits);
  return make(unpack((struct wide){bits, 0}, single));
}

long double __extenddftf2(double a) {
  uint64_t bits;
  memcpy(&bits, &a, sizeof bits);
  return make(unpack((struct wide){bits, 0}, twice));
}

float __trunctfsf2(long double a) {
  uint32_t bits = (uint32_t)pack(get(a), single).low;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

double __trunctfdf2(long double a) {
  uint64_t bits = pack(get(a), twice).low;
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}
