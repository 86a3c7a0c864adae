/*
 * The daemon of the manual page kproc(9): a kernel process that writes dirty buffers, started from a
 * descriptor. It sleeps until somebody wants buffers or half a second has passed, and stops when it is
 * asked to: kproc_suspend() returns when it has come to kproc_suspend_check().
 */
#include <assert.h>
#include <kthread_machine.h>
#include <stdio.h>

static struct proc *bufdaemonproc;
static volatile int dirty, written, rounds;
static char bd_request;

static void buf_daemon(void) {
  for (;;) {
    kproc_suspend_check(bufdaemonproc);
    while (dirty > 0) {
      dirty--;
      written++;
      sys_compute(1000);
    }
    rounds++;
    wakeup(&written);
    tsleep(&bd_request, 0, "psleep", 500);
  }
}

static struct kproc_desc buf_kp = {"bufdaemon", buf_daemon, &bufdaemonproc};

static void make_dirty(int count) {
  int before = written;
  dirty += count;
  wakeup(&bd_request);
  while (written < before + count) tsleep(&written, 0, "flush", 1);
}

int main(void) {
  kproc_start(&buf_kp);
  pause("start", 1);
  for (int i = 1; i <= 5; i++) make_dirty(i * 10);
  printf("%d buffers written\n", written);

  assert(kproc_suspend(bufdaemonproc, 1000) == 0);
  int stopped = rounds;
  dirty = 7;
  wakeup(&bd_request);
  pause("wait", 2000);
  assert(rounds == stopped && dirty == 7);
  printf("suspended: 7 buffers stay dirty for two seconds\n");

  kproc_resume(bufdaemonproc);
  while (dirty > 0) pause("wait", 10);
  printf("resumed: %d buffers written\n", written);
  return 0;
}
