/*
 * The stress test of `kthread-machine stress --elf`: main creates threads until all exist at once and opens the
 * gate at which they sleep; then each yields, wakes its neighbour, sleeps until its other neighbour wakes
 * it, and exits. The machine's host reads the words at the start. Arguments: threads, rounds, and 1 under the
 * scheduler lwkt.
 */
#include <kthread_machine.h>
#include <stdlib.h>

/* What the host reads, in the order of WORDS in src/cli/stress-program.ts. */
struct {
  int created, left, error, open, woken;
  unsigned cycles_low, cycles_high;
  int finished;
} volatile words;

enum { GATE_SHIFT = 10, SLEEP_TICKS = 1000, LOOK_TICKS = 10 };

static int rounds, has_lwkt;

/* Channels are odd numbers, which no address of a word is. */
static const void *gate(int thread) {
  return (const void *)(0x80000001u | (unsigned)(thread >> GATE_SHIFT) << 1);
}

static const void *channel(int thread) { return (const void *)(uintptr_t)((unsigned)thread << 1 | 1); }

static void worker(void *arg) {
  int me = (int)arg, woken = 0;
  while (!words.open) tsleep(gate(me), 0, "gate", SLEEP_TICKS);
  for (int i = 0; i < rounds; i++) {
    if (has_lwkt) lwkt_yield();
    else sched_relinquish();
    wakeup(channel(me - 1));
    woken += tsleep(channel(me), 0, "stress", SLEEP_TICKS) == 0;
  }
  __atomic_fetch_add(&words.woken, woken, __ATOMIC_RELAXED);
  if (__atomic_sub_fetch(&words.left, 1, __ATOMIC_RELAXED) == 0) wakeup(&words.left);
  kthread_exit();
}

int main(int argc, char **argv) {
  int threads = argc > 1 ? atoi(argv[1]) : 0;
  rounds = argc > 2 ? atoi(argv[2]) : 1;
  has_lwkt = argc > 3 && atoi(argv[3]);
  words.left = threads;
  struct thread *td;
  while (words.created < threads) {
    words.error = sys_kthread_add(worker, (void *)words.created, NULL, 0, 0, "stress%d", (uintptr_t)words.created, &td);
    if (words.error != 0) break;
    words.created++;
  }
  __atomic_fetch_sub(&words.left, threads - words.created, __ATOMIC_RELAXED);
  words.open = 1;
  for (int i = 0; i < words.created + (1 << GATE_SHIFT) - 1; i += 1 << GATE_SHIFT) wakeup(gate(i));
  while (words.left != 0) tsleep(&words.left, 0, "stress", LOOK_TICKS);
  sys_thread_reap_barrier();
  uint64_t now = cpu_ticks();
  words.cycles_low = (unsigned)now;
  words.cycles_high = (unsigned)(now >> 32);
  words.finished = 1;
  for (;;) tsleep(&words.finished, 0, "end", 0);
}
