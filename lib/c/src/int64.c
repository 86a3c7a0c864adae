/*
 * What compilers call for 64-bit numbers on a 32-bit CPU, where no library of the compiler's is linked
 * (Debian has none for clang): division, shifts, multiplication, and counts of bits.
 */
#include <stdint.h>

typedef union {
  uint64_t all;
  struct {
    uint32_t low, high;
  };
} wide;

/* A 64-bit number by a 32-bit one; the high word is less than the divisor. */
static uint32_t divide_step(uint32_t high, uint32_t low, uint32_t by, uint32_t *rest) {
  uint32_t quotient = 0;
  for (int bit = 31; bit >= 0; bit--) {
    uint32_t carry = high >> 31;
    high = high << 1 | (low >> bit & 1);
    if (carry || high >= by) {
      high -= by;
      quotient |= 1u << bit;
    }
  }
  *rest = high;
  return quotient;
}

static uint64_t divide(uint64_t n, uint64_t by, uint64_t *rest) {
  wide a = {n}, b = {by}, q = {0};
  if (a.high == 0 && b.high == 0) {
    *rest = a.low % b.low;
    return a.low / b.low;
  }
  if (b.high == 0) {
    wide r = {0};
    q.high = a.high / b.low;
    q.low = divide_step(a.high % b.low, a.low, b.low, &r.low);
    *rest = r.all;
    return q.all;
  }
  /* The quotient has at most 32 bits: as many steps as the divisor can be shifted. */
  int shift = __builtin_clz(b.high) - (a.high == 0 ? 32 : __builtin_clz(a.high));
  for (; shift >= 0; shift--) {
    if (n >= by << shift) {
      n -= by << shift;
      q.low |= 1u << shift;
    }
  }
  *rest = n;
  return q.all;
}

uint64_t __udivdi3(uint64_t n, uint64_t by) {
  uint64_t rest;
  return divide(n, by, &rest);
}

uint64_t __umoddi3(uint64_t n, uint64_t by) {
  uint64_t rest;
  divide(n, by, &rest);
  return rest;
}

static uint64_t magnitude(int64_t n) { return n < 0 ? -(uint64_t)n : (uint64_t)n; }

int64_t __divdi3(int64_t n, int64_t by) {
  uint64_t quotient = __udivdi3(magnitude(n), magnitude(by));
  return (int64_t)((n ^ by) < 0 ? -quotient : quotient);
}

int64_t __moddi3(int64_t n, int64_t by) {
  uint64_t rest = __umoddi3(magnitude(n), magnitude(by));
  return (int64_t)(n < 0 ? -rest : rest);
}

uint64_t __ashldi3(uint64_t n, int by) {
  wide a = {n};
  if (by >= 32) return (wide){.high = a.low << (by - 32)}.all;
  if (by == 0) return n;
  return (wide){.low = a.low << by, .high = a.high << by | a.low >> (32 - by)}.all;
}

uint64_t __lshrdi3(uint64_t n, int by) {
  wide a = {n};
  if (by >= 32) return (wide){.low = a.high >> (by - 32)}.all;
  if (by == 0) return n;
  return (wide){.low = a.low >> by | a.high << (32 - by), .high = a.high >> by}.all;
}

int64_t __ashrdi3(int64_t n, int by) {
  wide a = {(uint64_t)n};
  int32_t high = (int32_t)a.high;
  if (by >= 32) return (int64_t)(wide){.low = high >> (by - 32), .high = high >> 31}.all;
  if (by == 0) return n;
  return (int64_t)(wide){.low = a.low >> by | a.high << (32 - by), .high = high >> by}.all;
}

uint64_t __muldi3(uint64_t x, uint64_t y) {
  wide a = {x}, b = {y};
  uint32_t al = a.low & 0xffff, ah = a.low >> 16, bl = b.low & 0xffff, bh = b.low >> 16;
  uint32_t low = al * bl, middle = ah * bl + (low >> 16), other = al * bh + (middle & 0xffff);
  wide r = {.low = other << 16 | (low & 0xffff)};
  r.high = ah * bh + (middle >> 16) + (other >> 16) + a.low * b.high + a.high * b.low;
  return r.all;
}

int __clzsi2(uint32_t n) {
  int count = 0;
  for (int step = 16; step != 0; step /= 2) {
    if (n >> (32 - step) == 0) {
      count += step;
      n <<= step;
    }
  }
  return count;
}

int __ctzsi2(uint32_t n) { return 31 - __clzsi2(n & -n); }

int __clzdi2(uint64_t n) {
  wide a = {n};
  return a.high != 0 ? __clzsi2(a.high) : 32 + __clzsi2(a.low);
}

int __ctzdi2(uint64_t n) {
  wide a = {n};
  return a.low != 0 ? __ctzsi2(a.low) : 32 + __ctzsi2(a.high);
}

int __popcountsi2(uint32_t n) {
  n -= n >> 1 & 0x55555555;
  n = (n & 0x33333333) + (n >> 2 & 0x33333333);
  return (int)(((n + (n >> 4)) & 0x0f0f0f0f) * 0x01010101 >> 24);
}

int __popcountdi2(uint64_t n) {
  wide a = {n};
  return __popcountsi2(a.low) + __popcountsi2(a.high);
}

uint32_t __bswapsi2(uint32_t n) {
  return n >> 24 | (n >> 8 & 0xff00) | (n & 0xff00) << 8 | n << 24;
}

uint64_t __bswapdi2(uint64_t n) {
  wide a = {n};
  return (wide){.low = __bswapsi2(a.high), .high = __bswapsi2(a.low)}.all;
}
