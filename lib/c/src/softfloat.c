/*
 * What compilers call for floating-point numbers on a CPU without them: IEEE 754 single and double,
 * rounded to nearest, ties to even. Both formats share one unpacked form, so that each operation is
 * written once (ieee754.h); that of a single is the same operation rounded to fewer bits.
 */
#include <stdint.h>
#include <string.h>

typedef uint64_t significand;

enum { TOP = 62 };

#define zero 0

static int is_equal(uint64_t a, uint64_t b) { return a == b; }

static int is_less(uint64_t a, uint64_t b) { return a < b; }

static uint64_t plus(uint64_t a, uint64_t b) { return a + b; }

static uint64_t minus(uint64_t a, uint64_t b) { return a - b; }

/* By any number, with what is lost in bit 0. */
static uint64_t right_sticky(uint64_t n, int by) {
  if (by <= 0) return n;
  if (by > TOP) return n != 0;
  return n >> by | ((n & (((uint64_t)1 << by) - 1)) != 0);
}

#include "ieee754.h"

/* ---- From and to bits ---- */

static struct number normalize(struct number n) {
  if (n.sig == 0) {
    n.kind = ZERO;
    return n;
  }
  if (n.sig >> 63) {
    n.sig = right_sticky(n.sig, 1);
    n.exponent++;
  }
  int by = __builtin_clzll(n.sig) - 1;
  n.sig <<= by;
  n.exponent -= by;
  return n;
}

static struct number unpack(uint64_t bits, struct format f) {
  int most = (1 << f.exponent_bits) - 1;
  int exponent = (int)(bits >> f.fraction_bits) & most;
  uint64_t fraction = bits & (((uint64_t)1 << f.fraction_bits) - 1);
  struct number n = {FINITE, (int)(bits >> (f.fraction_bits + f.exponent_bits)) & 1, 0, 0};
  if (exponent == most) {
    n.kind = fraction != 0 ? NOT_A_NUMBER : INFINITE;
    return n;
  }
  if (exponent != 0) fraction |= (uint64_t)1 << f.fraction_bits;
  else exponent = 1;
  n.exponent = exponent - most / 2;
  n.sig = fraction << (TOP - f.fraction_bits);
  return normalize(n);
}

static uint64_t pack(struct number n, struct format f) {
  int most = (1 << f.exponent_bits) - 1;
  uint64_t sign = (uint64_t)n.sign << (f.fraction_bits + f.exponent_bits);
  uint64_t infinite = (uint64_t)most << f.fraction_bits;
  if (n.kind == NOT_A_NUMBER) return infinite | (uint64_t)1 << (f.fraction_bits - 1);
  if (n.kind == INFINITE) return sign | infinite;
  if (n.kind == ZERO) return sign;
  int exponent = n.exponent + most / 2;
  if (exponent >= most) return sign | infinite;
  if (exponent < 1) {
    n.sig = right_sticky(n.sig, 1 - exponent);
    exponent = 1;
  }
  int drop = TOP - f.fraction_bits;
  uint64_t half = (uint64_t)1 << (drop - 1), lost = n.sig & (2 * half - 1), kept = n.sig >> drop;
  if (lost > half || (lost == half && (kept & 1))) kept++;
  return sign | (((uint64_t)(exponent - 1) << f.fraction_bits) + kept);
}

/* ---- What ieee754.h needs ---- */

/* Products of halves: the upper 64 bits of 128, and whether the lower ones are zero. */
static uint64_t product_of(uint64_t a, uint64_t b) {
  uint64_t al = (uint32_t)a, ah = a >> 32, bl = (uint32_t)b, bh = b >> 32;
  uint64_t low = al * bl, middle = ah * bl + (low >> 32), other = al * bh + (uint32_t)middle;
  uint64_t high = ah * bh + (middle >> 32) + (other >> 32);
  uint64_t rest = other << 32 | (uint32_t)low;
  high = high << 2 | rest >> TOP;
  return high | ((rest << 2) != 0);
}

static uint64_t quotient_of(uint64_t rest, uint64_t divisor) {
  uint64_t quotient = 0;
  for (int bit = TOP; bit >= 0; bit--, rest <<= 1) {
    if (rest >= divisor) {
      rest -= divisor;
      quotient |= (uint64_t)1 << bit;
    }
  }
  return quotient | (rest != 0);
}

static uint64_t whole_part(struct number n) {
  return n.exponent > TOP ? n.sig << 1 : n.sig >> (TOP - n.exponent);
}

static struct number from_integer(uint64_t magnitude, int sign) {
  struct number n = {FINITE, sign, TOP, magnitude};
  if (magnitude >> 63) {
    n.exponent = 63;
    n.sig = right_sticky(magnitude, 1);
  }
  return normalize(n);
}

/* ---- The functions that compilers call, for both formats ---- */

#define DEFINE(TYPE, BITS, FORMAT, NAME)                                                        \
  static struct number get_##NAME(TYPE value) {                                                 \
    BITS bits;                                                                                  \
    memcpy(&bits, &value, sizeof bits);                                                         \
    return unpack(bits, FORMAT);                                                                \
  }                                                                                             \
  static TYPE make_##NAME(struct number n) {                                                    \
    BITS bits = (BITS)pack(n, FORMAT);                                                          \
    TYPE value;                                                                                 \
    memcpy(&value, &bits, sizeof value);                                                        \
    return value;                                                                               \
  }                                                                                             \
  static struct number negative_##NAME(TYPE value) {                                            \
    struct number n = get_##NAME(value);                                                        \
    n.sign ^= 1;                                                                                \
    return n;                                                                                   \
  }                                                                                             \
  TYPE __add##NAME##3(TYPE a, TYPE b) { return make_##NAME(add(get_##NAME(a), get_##NAME(b))); } \
  TYPE __sub##NAME##3(TYPE a, TYPE b) {                                                         \
    return make_##NAME(add(get_##NAME(a), negative_##NAME(b)));                                 \
  }                                                                                             \
  TYPE __mul##NAME##3(TYPE a, TYPE b) {                                                         \
    return make_##NAME(multiply(get_##NAME(a), get_##NAME(b)));                                 \
  }                                                                                             \
  TYPE __div##NAME##3(TYPE a, TYPE b) {                                                         \
    return make_##NAME(divide(get_##NAME(a), get_##NAME(b)));                                   \
  }                                                                                             \
  TYPE __neg##NAME##2(TYPE a) { return make_##NAME(negative_##NAME(a)); }                       \
  int __eq##NAME##2(TYPE a, TYPE b) { return compare(get_##NAME(a), get_##NAME(b), 1); }        \
  int __ne##NAME##2(TYPE a, TYPE b) { return compare(get_##NAME(a), get_##NAME(b), 1); }        \
  int __lt##NAME##2(TYPE a, TYPE b) { return compare(get_##NAME(a), get_##NAME(b), 1); }        \
  int __le##NAME##2(TYPE a, TYPE b) { return compare(get_##NAME(a), get_##NAME(b), 1); }        \
  int __gt##NAME##2(TYPE a, TYPE b) { return compare(get_##NAME(a), get_##NAME(b), -1); }       \
  int __ge##NAME##2(TYPE a, TYPE b) { return compare(get_##NAME(a), get_##NAME(b), -1); }       \
  int __unord##NAME##2(TYPE a, TYPE b) {                                                        \
    return get_##NAME(a).kind == NOT_A_NUMBER || get_##NAME(b).kind == NOT_A_NUMBER;            \
  }                                                                                             \
  int32_t __fix##NAME##si(TYPE a) { return (int32_t)to_signed(get_##NAME(a), INT32_MAX); }      \
  int64_t __fix##NAME##di(TYPE a) { return to_signed(get_##NAME(a), INT64_MAX); }               \
  uint32_t __fixuns##NAME##si(TYPE a) {                                                         \
    return (uint32_t)to_unsigned(get_##NAME(a), UINT32_MAX);                                    \
  }                                                                                             \
  uint64_t __fixuns##NAME##di(TYPE a) { return to_unsigned(get_##NAME(a), UINT64_MAX); }        \
  TYPE __floatsi##NAME(int32_t n) { return make_##NAME(from_integer(magnitude(n), n < 0)); }    \
  TYPE __floatdi##NAME(int64_t n) { return make_##NAME(from_integer(magnitude(n), n < 0)); }    \
  TYPE __floatunsi##NAME(uint32_t n) { return make_##NAME(from_integer(n, 0)); }                \
  TYPE __floatundi##NAME(uint64_t n) { return make_##NAME(from_integer(n, 0)); }

DEFINE(float, uint32_t, single, sf)
DEFINE(double, uint64_t, twice, df)

double __extendsfdf2(float a) { return make_df(get_sf(a)); }
float __truncdfsf2(double a) { return make_sf(get_df(a)); }
