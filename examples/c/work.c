/*
 * Work of the kinds that small systems do, for comparing speeds: a linked list that is searched, sorted and
 * turned round; products of matrices; a state machine that reads numbers; and a CRC over all
 * results, which says whether they are right. Each thread does all of it on memory of its own.
 */
#include <kthread_machine.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NODES = 200, SIZE = 16, ROUNDS_DEFAULT = 20, THREADS = 2 };

static uint16_t crc16(uint16_t crc, uint32_t word) {
  for (int i = 0; i < 32; i++, word >>= 1) {
    int bit = (crc ^ word) & 1;
    crc >>= 1;
    if (bit) crc ^= 0xa001;
  }
  return crc;
}

/* ---- Lists ---- */

struct node {
  struct node *next;
  int16_t key, value;
};

static struct node *merge(struct node *a, struct node *b) {
  struct node head, *tail = &head;
  while (a != NULL && b != NULL) {
    struct node **least = a->key <= b->key ? &a : &b;
    tail->next = *least;
    tail = *least;
    *least = (*least)->next;
  }
  tail->next = a != NULL ? a : b;
  return head.next;
}

static struct node *sort(struct node *list, int count) {
  if (count == 1) {
    list->next = NULL;
    return list;
  }
  struct node *half = list;
  for (int i = 0; i < count / 2; i++) half = half->next;
  struct node *upper = sort(half, count - count / 2);
  return merge(sort(list, count / 2), upper);
}

static struct node *turn(struct node *list) {
  struct node *turned = NULL;
  while (list != NULL) {
    struct node *next = list->next;
    list->next = turned;
    turned = list;
    list = next;
  }
  return turned;
}

static uint16_t work_on_list(struct node *nodes, uint32_t seed, uint16_t crc) {
  for (int i = 0; i < NODES; i++) {
    seed = seed * 1664525 + 1013904223;
    nodes[i].key = (int16_t)(seed >> 16 & 0x7ff);
    nodes[i].value = (int16_t)i;
    nodes[i].next = i + 1 < NODES ? &nodes[i + 1] : NULL;
  }
  struct node *list = sort(nodes, NODES);
  list = turn(list);
  int found = 0;
  for (int key = 0; key < 64; key++) {
    for (struct node *n = list; n != NULL; n = n->next) {
      if (n->key == key * 32) found += n->value;
    }
  }
  for (struct node *n = list; n != NULL; n = n->next) crc = crc16(crc, (uint32_t)n->key << 16 | (uint16_t)n->value);
  return crc16(crc, (uint32_t)found);
}

/* ---- Matrices ---- */

struct matrices {
  int16_t a[SIZE][SIZE], b[SIZE][SIZE];
  int32_t c[SIZE][SIZE];
};

static uint16_t work_on_matrices(struct matrices *m, uint32_t seed, uint16_t crc) {
  for (int i = 0; i < SIZE; i++) {
    for (int j = 0; j < SIZE; j++) {
      seed = seed * 1664525 + 1013904223;
      m->a[i][j] = (int16_t)(seed >> 20);
      m->b[i][j] = (int16_t)(seed >> 12 & 0xff);
    }
  }
  for (int i = 0; i < SIZE; i++) {
    for (int j = 0; j < SIZE; j++) {
      int32_t sum = 0;
      for (int k = 0; k < SIZE; k++) sum += m->a[i][k] * m->b[k][j];
      m->c[i][j] = sum;
      crc = crc16(crc, (uint32_t)(sum >> 2));
    }
  }
  return crc;
}

/* ---- A state machine: which kind of number is this text? ---- */

enum state { START, SIGN, INTEGER, POINT, FRACTION, EXPONENT, EXPONENT_SIGN, POWER, INVALID, STATES };

static enum state step(enum state s, char c) {
  int is_digit = c >= '0' && c <= '9', is_sign = c == '+' || c == '-';
  switch (s) {
    case START: return is_digit ? INTEGER : is_sign ? SIGN : c == '.' ? POINT : INVALID;
    case SIGN: return is_digit ? INTEGER : c == '.' ? POINT : INVALID;
    case INTEGER: return is_digit ? INTEGER : c == '.' ? FRACTION : c == 'e' ? EXPONENT : INVALID;
    case POINT: return is_digit ? FRACTION : INVALID;
    case FRACTION: return is_digit ? FRACTION : c == 'e' ? EXPONENT : INVALID;
    case EXPONENT: return is_digit ? POWER : is_sign ? EXPONENT_SIGN : INVALID;
    case EXPONENT_SIGN: return is_digit ? POWER : INVALID;
    case POWER: return is_digit ? POWER : INVALID;
    default: return INVALID;
  }
}

static uint16_t work_on_texts(uint32_t seed, uint16_t crc) {
  static const char *const texts[] = {"5012",  "-874", "+122", "35.54400", ".1234500", "-110.700", "5.500e+3",
                                      "-.123e-2", "-87e+832", "+0.6e-12", "T0.3e-1F", "-T.T++Tq", "1T3.4e4z", "34.0e-T^"};
  unsigned counts[STATES] = {0};
  for (int i = 0; i < 100; i++) {
    seed = seed * 1664525 + 1013904223;
    enum state s = START;
    for (const char *c = texts[(seed >> 24) % 14]; *c != '\0'; c++) s = step(s, *c);
    counts[s]++;
  }
  for (int s = 0; s < STATES; s++) crc = crc16(crc, counts[s]);
  return crc;
}

/* ---- The threads ---- */

struct job {
  uint32_t seed;
  uint16_t crc;
  int rounds;
};

static struct job jobs[THREADS];
static int done;

static void work(void *arg) {
  struct job *job = arg;
  struct node *nodes = calloc(NODES, sizeof *nodes);
  struct matrices *matrices = malloc(sizeof *matrices);
  for (int i = 0; i < job->rounds; i++) {
    uint32_t seed = job->seed + (uint32_t)i;
    job->crc = work_on_list(nodes, seed, job->crc);
    job->crc = work_on_matrices(matrices, seed, job->crc);
    job->crc = work_on_texts(seed, job->crc);
  }
  free(matrices);
  free(nodes);
  __atomic_fetch_add(&done, 1, __ATOMIC_RELEASE);
  wakeup(&done);
  kthread_exit();
}

int main(int argc, char **argv) {
  int rounds = argc > 1 ? atoi(argv[1]) : ROUNDS_DEFAULT;
  for (int i = 0; i < THREADS; i++) {
    jobs[i] = (struct job){.seed = 0x1234u * (uint32_t)(i + 1), .rounds = rounds};
    kthread_add(work, &jobs[i], NULL, NULL, 0, 0, "work %d", i);
  }
  while (__atomic_load_n(&done, __ATOMIC_ACQUIRE) < THREADS) tsleep(&done, 0, "work", 10);
  for (int i = 0; i < THREADS; i++) printf("thread %d: %d rounds, crc %04x\n", i, rounds, jobs[i].crc);
  return 0;
}
