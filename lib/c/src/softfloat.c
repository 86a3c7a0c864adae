/*
 * What compilers call for floating-point numbers on a CPU without them: IEEE 754 single and double,
 * rounded to nearest, ties to even. Both formats share one unpacked form, so that each operation is
 * written once; that of a single is the same operation rounded to fewer bits.
 */
#include <stdint.h>
#include <string.h>

enum kind { ZERO, FINITE, INFINITE, NOT_A_NUMBER };

/* sig * 2^(exponent - 62), with bit 62 of sig set; bit 0 is sticky: set if any lower bit was lost. */
struct number {
  enum kind kind;
  int sign;
  int exponent;
  uint64_t sig;
};

struct format {
  int exponent_bits, fraction_bits;
};

static const struct format single = {8, 23}, twice = {11, 52};

static uint64_t shift_right(uint64_t n, int by) {
  if (by <= 0) return n;
  if (by > 62) return n != 0;
  return n >> by | ((n & (((uint64_t)1 << by) - 1)) != 0);
}

static struct number normalize(struct number n) {
  if (n.sig == 0) {
    n.kind = ZERO;
    return n;
  }
  if (n.sig >> 63) {
    n.sig = shift_right(n.sig, 1);
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
  n.sig = fraction << (62 - f.fraction_bits);
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
    n.sig = shift_right(n.sig, 1 - exponent);
    exponent = 1;
  }
  int drop = 62 - f.fraction_bits;
  uint64_t half = (uint64_t)1 << (drop - 1), lost = n.sig & (2 * half - 1), kept = n.sig >> drop;
  if (lost > half || (lost == half && (kept & 1))) kept++;
  return sign | (((uint64_t)(exponent - 1) << f.fraction_bits) + kept);
}

/* ---- Operations ---- */

static const struct number not_a_number = {NOT_A_NUMBER, 0, 0, 0};

static struct number add(struct number a, struct number b) {
  if (a.kind == NOT_A_NUMBER || b.kind == NOT_A_NUMBER) return not_a_number;
  if (a.kind == INFINITE) return b.kind == INFINITE && a.sign != b.sign ? not_a_number : a;
  if (b.kind == INFINITE) return b;
  if (a.kind == ZERO && b.kind == ZERO) {
    a.sign &= b.sign;
    return a;
  }
  if (a.kind == ZERO) return b;
  if (b.kind == ZERO) return a;
  if (a.exponent < b.exponent || (a.exponent == b.exponent && a.sig < b.sig)) {
    struct number t = a;
    a = b;
    b = t;
  }
  b.sig = shift_right(b.sig, a.exponent - b.exponent);
  if (a.sign == b.sign) a.sig += b.sig;
  else if (a.sig == b.sig) a.sign = a.sig = 0;
  else a.sig -= b.sig;
  return normalize(a);
}

static struct number multiply(struct number a, struct number b) {
  int sign = a.sign ^ b.sign;
  if (a.kind == NOT_A_NUMBER || b.kind == NOT_A_NUMBER) return not_a_number;
  if (a.kind == INFINITE || b.kind == INFINITE) {
    if (a.kind == ZERO || b.kind == ZERO) return not_a_number;
    return (struct number){INFINITE, sign, 0, 0};
  }
  if (a.kind == ZERO || b.kind == ZERO) return (struct number){ZERO, sign, 0, 0};
  /* Products of halves: the upper 64 bits of 128, and whether the lower ones are zero. */
  uint64_t al = (uint32_t)a.sig, ah = a.sig >> 32, bl = (uint32_t)b.sig, bh = b.sig >> 32;
  uint64_t low = al * bl, middle = ah * bl + (low >> 32), other = al * bh + (uint32_t)middle;
  uint64_t high = ah * bh + (middle >> 32) + (other >> 32);
  uint64_t rest = other << 32 | (uint32_t)low;
  high = high << 2 | rest >> 62;
  struct number n = {FINITE, sign, a.exponent + b.exponent, high | ((rest << 2) != 0)};
  return normalize(n);
}

static struct number divide(struct number a, struct number b) {
  int sign = a.sign ^ b.sign;
  if (a.kind == NOT_A_NUMBER || b.kind == NOT_A_NUMBER) return not_a_number;
  if (a.kind == INFINITE) return b.kind == INFINITE ? not_a_number : (struct number){INFINITE, sign, 0, 0};
  if (b.kind == ZERO) return a.kind == ZERO ? not_a_number : (struct number){INFINITE, sign, 0, 0};
  if (a.kind == ZERO || b.kind == INFINITE) return (struct number){ZERO, sign, 0, 0};
  uint64_t quotient = 0, rest = a.sig;
  for (int bit = 62; bit >= 0; bit--, rest <<= 1) {
    if (rest >= b.sig) {
      rest -= b.sig;
      quotient |= (uint64_t)1 << bit;
    }
  }
  struct number n = {FINITE, sign, a.exponent - b.exponent, quotient | (rest != 0)};
  return normalize(n);
}

/* -1, 0, 1; `unordered` if one is not a number. */
static int compare(struct number a, struct number b, int unordered) {
  if (a.kind == NOT_A_NUMBER || b.kind == NOT_A_NUMBER) return unordered;
  if (a.kind == ZERO && b.kind == ZERO) return 0;
  int sign_a = a.kind == ZERO ? 0 : a.sign ? -1 : 1, sign_b = b.kind == ZERO ? 0 : b.sign ? -1 : 1;
  if (sign_a != sign_b) return sign_a < sign_b ? -1 : 1;
  if (a.kind != b.kind) return a.kind < b.kind ? -sign_a : sign_a;
  if (a.kind == INFINITE) return 0;
  if (a.exponent != b.exponent) return a.exponent < b.exponent ? -sign_a : sign_a;
  if (a.sig == b.sig) return 0;
  return a.sig < b.sig ? -sign_a : sign_a;
}

/* ---- Integers ---- */

static struct number from_integer(uint64_t magnitude, int sign) {
  struct number n = {FINITE, sign, 62, magnitude};
  if (magnitude >> 63) {
    n.exponent = 63;
    n.sig = shift_right(magnitude, 1);
  }
  return normalize(n);
}

/* The whole part, at most `most`. */
static uint64_t to_integer(struct number n, uint64_t most) {
  if (n.kind == ZERO || (n.kind == FINITE && n.exponent < 0)) return 0;
  if (n.kind != FINITE || n.exponent > 63) return most;
  uint64_t value = n.exponent > 62 ? n.sig << 1 : n.sig >> (62 - n.exponent);
  return value < most ? value : most;
}

static int64_t to_signed(struct number n, int64_t most) {
  if (n.kind == NOT_A_NUMBER) return most;
  uint64_t magnitude = to_integer(n, (uint64_t)most + n.sign);
  return (int64_t)(n.sign ? -magnitude : magnitude);
}

static uint64_t to_unsigned(struct number n, uint64_t most) {
  return n.sign && n.kind != NOT_A_NUMBER ? 0 : to_integer(n, most);
}

static uint64_t magnitude(int64_t n) { return n < 0 ? -(uint64_t)n : (uint64_t)n; }

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
