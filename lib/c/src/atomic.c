/*
 * What compilers call for atomics that this CPU has no instruction for. A byte or a halfword is changed in its word by
 * compare and exchange, so that its neighbours keep what other threads give them meanwhile. Eight bytes, and objects of
 * other sizes (generic), are under one lock; so they are atomic among themselves, and not for an interrupt thread that
 * must not sleep.
 *
 * The names are those of libatomic, which Debian has for neither compiler. They stand in assembler labels, since
 * compilers take functions of these names for their own.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lock.h"

static int lock;

static void acquire(void) { lock_acquire(&lock, "atomic"); }
static void release(void) { lock_release(&lock); }

/* A part of a word: where it is, and which of its bits. */
struct part {
  uint32_t *word;
  int shift;
};

static struct part part_of(volatile void *p) {
  uintptr_t at = (uintptr_t)p;
  return (struct part){(uint32_t *)(at & ~(uintptr_t)3), (int)(at & 3) * 8};
}

static uint32_t load_word(const struct part *part) { return __atomic_load_n(part->word, __ATOMIC_RELAXED); }

/* Replaces the bits of `mask`; false, and the word as it is, if it is not `old` any more. */
static int replace(const struct part *part, uint32_t *old, uint32_t mask, uint32_t value) {
  uint32_t next = (*old & ~(mask << part->shift)) | (value & mask) << part->shift;
  return __atomic_compare_exchange_n(part->word, old, next, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

#define ADD(a, b) ((a) + (b))
#define SUB(a, b) ((a) - (b))
#define AND(a, b) ((a) & (b))
#define OR(a, b) ((a) | (b))
#define XOR(a, b) ((a) ^ (b))
#define NAND(a, b) (~((a) & (b)))
#define NEW(a, b) (b)

/* ---- One and two bytes ---- */

#define DEFINE_PART_CHANGE(NAME, TYPE, SIZE, OPERATION)                               \
  TYPE ktm_##NAME##_##SIZE(volatile void *p, TYPE value, int order)                   \
      __asm__("__atomic_" #NAME "_" #SIZE);                                           \
  TYPE ktm_##NAME##_##SIZE(volatile void *p, TYPE value, int order) {                 \
    (void)order;                                                                      \
    struct part part = part_of(p);                                                    \
    uint32_t word = load_word(&part);                                                 \
    TYPE old;                                                                         \
    do old = (TYPE)(word >> part.shift);                                              \
    while (!replace(&part, &word, (TYPE)-1, (uint32_t)(OPERATION(old, value))));      \
    return old;                                                                       \
  }

#define DEFINE_PART(TYPE, SIZE)                                                                    \
  DEFINE_PART_CHANGE(exchange, TYPE, SIZE, NEW)                                                    \
  DEFINE_PART_CHANGE(fetch_add, TYPE, SIZE, ADD)                                                   \
  DEFINE_PART_CHANGE(fetch_sub, TYPE, SIZE, SUB)                                                   \
  DEFINE_PART_CHANGE(fetch_and, TYPE, SIZE, AND)                                                   \
  DEFINE_PART_CHANGE(fetch_or, TYPE, SIZE, OR)                                                     \
  DEFINE_PART_CHANGE(fetch_xor, TYPE, SIZE, XOR)                                                   \
  DEFINE_PART_CHANGE(fetch_nand, TYPE, SIZE, NAND)                                                 \
  _Bool ktm_compare_exchange_##SIZE(volatile void *p, TYPE *expected, TYPE value, int order,       \
                                    int failure) __asm__("__atomic_compare_exchange_" #SIZE);      \
  _Bool ktm_compare_exchange_##SIZE(volatile void *p, TYPE *expected, TYPE value, int order,       \
                                    int failure) {                                                 \
    (void)order;                                                                                   \
    (void)failure;                                                                                 \
    struct part part = part_of(p);                                                                 \
    uint32_t word = load_word(&part);                                                              \
    do {                                                                                           \
      TYPE old = (TYPE)(word >> part.shift);                                                       \
      if (old != *expected) {                                                                      \
        *expected = old;                                                                           \
        return 0;                                                                                  \
      }                                                                                            \
    } while (!replace(&part, &word, (TYPE)-1, value));                                             \
    return 1;                                                                                      \
  }

DEFINE_PART(uint8_t, 1)
DEFINE_PART(uint16_t, 2)

/* ---- Eight bytes ---- */

uint64_t ktm_load_8(const volatile void *p, int order) __asm__("__atomic_load_8");
uint64_t ktm_load_8(const volatile void *p, int order) {
  (void)order;
  acquire();
  uint64_t value = *(const volatile uint64_t *)p;
  release();
  return value;
}

void ktm_store_8(volatile void *p, uint64_t value, int order) __asm__("__atomic_store_8");
void ktm_store_8(volatile void *p, uint64_t value, int order) {
  (void)order;
  acquire();
  *(volatile uint64_t *)p = value;
  release();
}

#define DEFINE_CHANGE_8(NAME, OPERATION)                                                           \
  uint64_t ktm_##NAME##_8(volatile void *p, uint64_t value, int order) __asm__("__atomic_" #NAME "_8"); \
  uint64_t ktm_##NAME##_8(volatile void *p, uint64_t value, int order) {                           \
    (void)order;                                                                                   \
    acquire();                                                                                     \
    uint64_t old = *(volatile uint64_t *)p;                                                        \
    *(volatile uint64_t *)p = OPERATION(old, value);                                               \
    release();                                                                                     \
    return old;                                                                                    \
  }

DEFINE_CHANGE_8(exchange, NEW)
DEFINE_CHANGE_8(fetch_add, ADD)
DEFINE_CHANGE_8(fetch_sub, SUB)
DEFINE_CHANGE_8(fetch_and, AND)
DEFINE_CHANGE_8(fetch_or, OR)
DEFINE_CHANGE_8(fetch_xor, XOR)
DEFINE_CHANGE_8(fetch_nand, NAND)

/* ---- Any size ---- */

void ktm_load(size_t size, const void *p, void *to, int order) __asm__("__atomic_load");
void ktm_load(size_t size, const void *p, void *to, int order) {
  (void)order;
  acquire();
  memcpy(to, p, size);
  release();
}

void ktm_store(size_t size, void *p, const void *from, int order) __asm__("__atomic_store");
void ktm_store(size_t size, void *p, const void *from, int order) {
  (void)order;
  acquire();
  memcpy(p, from, size);
  release();
}

void ktm_exchange(size_t size, void *p, const void *from, void *to, int order) __asm__("__atomic_exchange");
void ktm_exchange(size_t size, void *p, const void *from, void *to, int order) {
  (void)order;
  char *object = p, *old = to;
  const char *value = from;
  acquire();
  for (size_t k = 0; k < size; k++) { /* `from` and `to` may be the same */
    char byte = object[k];
    object[k] = value[k];
    old[k] = byte;
  }
  release();
}

_Bool ktm_compare_exchange(size_t size, void *p, void *expected, const void *value, int order, int failure)
    __asm__("__atomic_compare_exchange");
_Bool ktm_compare_exchange(size_t size, void *p, void *expected, const void *value, int order, int failure) {
  (void)order;
  (void)failure;
  acquire();
  _Bool is_same = memcmp(p, expected, size) == 0;
  if (is_same) memcpy(p, value, size);
  else memcpy(expected, p, size);
  release();
  return is_same;
}

_Bool ktm_compare_exchange_8(volatile void *p, uint64_t *expected, uint64_t value, int order, int failure)
    __asm__("__atomic_compare_exchange_8");
_Bool ktm_compare_exchange_8(volatile void *p, uint64_t *expected, uint64_t value, int order, int failure) {
  return ktm_compare_exchange(sizeof value, (void *)p, expected, &value, order, failure);
}

/* Words are, and what is smaller. */
_Bool ktm_is_lock_free(size_t size, const volatile void *p) __asm__("__atomic_is_lock_free");
_Bool ktm_is_lock_free(size_t size, const volatile void *p) {
  return (size == 1 || size == 2 || size == 4) && ((uintptr_t)p & (size - 1)) == 0;
}
