/*
 * The rules of IEEE 754 that are the same for numbers of any size: what sums, products, quotients and comparisons are where
 * an operand is zero, infinite or not a number, and what becomes of integers. softfloat.c and softquad.c include this, each
 * with a `significand` of its own size: they define before that TOP, the number of its highest bit, and zero, is_equal,
 * is_less, plus, minus and right_sticky; and behind it what is declared below.
 */
#include <stdint.h>

enum kind { ZERO, FINITE, INFINITE, NOT_A_NUMBER };

/* sig * 2^(exponent - TOP), with bit TOP of sig set; bit 0 is sticky: set if any lower bit was lost. */
struct number {
  enum kind kind;
  int sign;
  int exponent;
  significand sig;
};

struct format {
  int exponent_bits, fraction_bits;
};

static const struct format single = {8, 23}, twice = {11, 52};
static const struct number not_a_number = {NOT_A_NUMBER, 0, 0, zero};

/* A number whose highest bit is anywhere, or in the bit above TOP, or that is zero. */
static struct number normalize(struct number n);

/* The product without its lowest TOP bits, which are in bit 0. */
static significand product_of(significand a, significand b);

/* The quotient of two whose bit TOP is set, times 2^TOP; bit 0 is set if it is not exact. */
static significand quotient_of(significand a, significand b);

/* The whole part of a number from 1 to below 2^64, without the sign. */
static uint64_t whole_part(struct number n);

/* ---- Operations ---- */

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
  if (a.exponent < b.exponent || (a.exponent == b.exponent && is_less(a.sig, b.sig))) {
    struct number t = a;
    a = b;
    b = t;
  }
  b.sig = right_sticky(b.sig, a.exponent - b.exponent);
  if (a.sign == b.sign) {
    a.sig = plus(a.sig, b.sig);
  } else if (is_equal(a.sig, b.sig)) {
    a.sign = 0;
    a.sig = (significand)zero;
  } else {
    a.sig = minus(a.sig, b.sig);
  }
  return normalize(a);
}

static struct number multiply(struct number a, struct number b) {
  int sign = a.sign ^ b.sign;
  if (a.kind == NOT_A_NUMBER || b.kind == NOT_A_NUMBER) return not_a_number;
  if (a.kind == INFINITE || b.kind == INFINITE) {
    if (a.kind == ZERO || b.kind == ZERO) return not_a_number;
    return (struct number){INFINITE, sign, 0, zero};
  }
  if (a.kind == ZERO || b.kind == ZERO) return (struct number){ZERO, sign, 0, zero};
  return normalize((struct number){FINITE, sign, a.exponent + b.exponent, product_of(a.sig, b.sig)});
}

static struct number divide(struct number a, struct number b) {
  int sign = a.sign ^ b.sign;
  if (a.kind == NOT_A_NUMBER || b.kind == NOT_A_NUMBER) return not_a_number;
  if (a.kind == INFINITE) return b.kind == INFINITE ? not_a_number : (struct number){INFINITE, sign, 0, zero};
  if (b.kind == ZERO) return a.kind == ZERO ? not_a_number : (struct number){INFINITE, sign, 0, zero};
  if (a.kind == ZERO || b.kind == INFINITE) return (struct number){ZERO, sign, 0, zero};
  return normalize((struct number){FINITE, sign, a.exponent - b.exponent, quotient_of(a.sig, b.sig)});
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
  if (is_equal(a.sig, b.sig)) return 0;
  return is_less(a.sig, b.sig) ? -sign_a : sign_a;
}

/* ---- Integers ---- */

/* The whole part, at most `most`. */
static uint64_t to_integer(struct number n, uint64_t most) {
  if (n.kind == ZERO || (n.kind == FINITE && n.exponent < 0)) return 0;
  if (n.kind != FINITE || n.exponent > 63) return most;
  uint64_t value = whole_part(n);
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
