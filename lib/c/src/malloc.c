/*
 * Memory. A block has a header with its size and that of the block before it, so that free blocks
 * can be joined with their neighbours; free blocks are in lists by the size's power of two. The machine
 * gives more memory by kmem_malloc, in areas that need not touch one another: each is closed by a header
 * that is never free.
 *
 * One lock guards it all.
 */
#include <kthread_machine.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lock.h"

struct block {
  size_t before; /* bytes of the block before this one, 0 for an area's first */
  size_t size;   /* bytes with this header; bit 0: in use */
  struct block *next, *previous; /* of a free block: its list */
};

enum { HEADER = 8, ALIGNMENT = 16, USED = 1, LEAST = 32, LISTS = 32, AREA = 16384 };

static struct block *lists[LISTS];
static int lock;

static void acquire(void) { lock_acquire(&lock, "malloc"); }
static void release(void) { lock_release(&lock); }

static size_t size_of(const struct block *b) { return b->size & ~(size_t)USED; }

static struct block *after(struct block *b) { return (struct block *)((char *)b + size_of(b)); }

static struct block *before(struct block *b) { return (struct block *)((char *)b - b->before); }

static int list_of(size_t size) { return 31 - __builtin_clz(size); }

static void insert(struct block *b) {
  struct block **list = &lists[list_of(b->size)];
  b->previous = NULL;
  b->next = *list;
  if (*list != NULL) (*list)->previous = b;
  *list = b;
}

static void take_out(struct block *b) {
  if (b->next != NULL) b->next->previous = b->previous;
  if (b->previous != NULL) b->previous->next = b->next;
  else lists[list_of(b->size)] = b->next;
}

static struct block *find(size_t size) {
  for (int list = list_of(size); list < LISTS; list++) {
    for (struct block *b = lists[list]; b != NULL; b = b->next) {
      if (b->size >= size) return b;
    }
  }
  return NULL;
}

/* Makes a free block of new memory, large enough for `size`. */
static struct block *grow(size_t size) {
  size_t bytes = size + ALIGNMENT + HEADER;
  if (bytes < size) return NULL;
  char *area = NULL;
  if (bytes < AREA && (area = kmem_malloc(AREA)) != NULL) bytes = AREA;
  if (area == NULL) area = kmem_malloc(bytes);
  if (area == NULL) return NULL;
  struct block *b = (struct block *)(area + ALIGNMENT - HEADER);
  b->before = 0;
  b->size = (bytes - ALIGNMENT) & ~(size_t)(ALIGNMENT - 1);
  struct block *end = after(b);
  end->before = b->size;
  end->size = HEADER | USED;
  insert(b);
  return b;
}

/* Gives back what a block, which is in use, has beyond `size`. */
static void trim(struct block *b, size_t size) {
  size_t rest = size_of(b) - size;
  if (rest < LEAST) return;
  b->size = size | USED;
  struct block *r = after(b);
  r->before = size;
  r->size = rest;
  struct block *next = after(r);
  if ((next->size & USED) == 0) {
    take_out(next);
    r->size += next->size;
    next = after(r);
  }
  next->before = r->size;
  insert(r);
}

static size_t block_size(size_t size) {
  size_t bytes = (size + HEADER + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
  return bytes < LEAST ? LEAST : bytes;
}

static struct block *block_at(void *p) { return (struct block *)((char *)p - HEADER); }

void *malloc(size_t size) {
  if (size > INT32_MAX) return NULL;
  size_t bytes = block_size(size);
  acquire();
  struct block *b = find(bytes);
  if (b == NULL) b = grow(bytes);
  if (b != NULL) {
    take_out(b);
    b->size |= USED;
    trim(b, bytes);
  }
  release();
  return b == NULL ? NULL : (char *)b + HEADER;
}

static void free_block(struct block *b) {
  b->size = size_of(b);
  struct block *next = after(b);
  if ((next->size & USED) == 0) {
    take_out(next);
    b->size += next->size;
  }
  if (b->before != 0 && (before(b)->size & USED) == 0) {
    struct block *joined = before(b);
    take_out(joined);
    joined->size += b->size;
    b = joined;
  }
  after(b)->before = b->size;
  insert(b);
}

void free(void *p) {
  if (p == NULL) return;
  acquire();
  free_block(block_at(p));
  release();
}

void *calloc(size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) return NULL;
  void *p = malloc(bytes);
  return p == NULL ? NULL : memset(p, 0, bytes);
}

void *realloc(void *p, size_t size) {
  if (p == NULL) return malloc(size);
  if (size > INT32_MAX) return NULL;
  size_t bytes = block_size(size);
  struct block *b = block_at(p);
  size_t old = size_of(b);
  if (bytes <= old) {
    acquire();
    trim(b, bytes);
    release();
    return p;
  }
  void *copy = malloc(size);
  if (copy == NULL) return NULL;
  memcpy(copy, p, old - HEADER);
  free(p);
  return copy;
}

void *aligned_alloc(size_t alignment, size_t size) {
  if (alignment <= ALIGNMENT) return malloc(size);
  if ((alignment & (alignment - 1)) != 0 || alignment > INT32_MAX / 2 || size > INT32_MAX) return NULL;
  char *p = malloc(size + alignment + LEAST);
  if (p == NULL || ((uintptr_t)p & (alignment - 1)) == 0) return p;
  /* Split off what lies before the first aligned place that leaves room for a block. */
  char *q = (char *)(((uintptr_t)p + LEAST + alignment - 1) & ~(uintptr_t)(alignment - 1));
  acquire();
  struct block *b = block_at(p), *aligned = block_at(q);
  size_t head = q - p;
  aligned->before = head;
  aligned->size = (size_of(b) - head) | USED;
  after(aligned)->before = size_of(aligned);
  b->size = head | USED;
  free_block(b);
  trim(aligned, block_size(size));
  release();
  return q;
}

void *reallocarray(void *p, size_t count, size_t size) {
  size_t bytes;
  return __builtin_mul_overflow(count, size, &bytes) ? NULL : realloc(p, bytes);
}

int posix_memalign(void **p, size_t alignment, size_t size) {
  if (alignment < sizeof(void *) || (alignment & (alignment - 1)) != 0) return EINVAL;
  void *given = aligned_alloc(alignment, size);
  if (given == NULL) return ENOMEM;
  *p = given;
  return 0;
}
