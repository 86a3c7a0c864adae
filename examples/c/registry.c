/*
 * A registry of names that threads look up, with each lock where kernel code has it: a name that is missing is asked for
 * (sx and a condition), fetched by a thread of its own through a buffer (lockmgr), and entered into the table (rwlock),
 * which grows no further than a limit that hardly ever changes (rmlock). A semaphore lets four threads in at a time.
 */
#include <assert.h>
#include <kthread_machine.h>
#include <stdio.h>

enum { NAMES = 40, READERS = 6, LOOKUPS = 50, AT_A_TIME = 4 };

static struct rmlock limit_lock;
static struct rwlock table_lock;
static struct sx requests_lock;
static struct cv requested;
static struct lock buffer_lock;
static struct sema places;
static struct mtx done_lock;

static int limit = NAMES / 4;
static int table[NAMES], entries;          /* what a name stands for, 0: unknown */
static int requests[NAMES], asked, served; /* names that somebody misses */
static int buffer[2];
static int found, missed, done;

static int limit_now(void) {
  struct rm_priotracker tracker;
  rm_rlock(&limit_lock, &tracker);
  int now = limit;
  rm_runlock(&limit_lock, &tracker);
  return now;
}

/* Asks for a name, once. */
static void request(int name) {
  sx_xlock(&requests_lock);
  int is_new = 1;
  for (int i = 0; i < asked; i++) is_new &= requests[i] != name;
  if (is_new) requests[asked++] = name;
  cv_signal(&requested);
  sx_xunlock(&requests_lock);
}

static void enter(int name, int value) {
  rw_rlock(&table_lock);
  if (!rw_try_upgrade(&table_lock)) { /* others read: from the beginning */
    rw_runlock(&table_lock);
    rw_wlock(&table_lock);
  }
  assert(table[name] == 0 && entries < limit_now());
  table[name] = value;
  entries++;
  rw_downgrade(&table_lock);
  assert(table[name] == value);
  rw_unlock(&table_lock);
}

/* Two words that belong together: nobody may see one of them without the other. */
static void fill_buffer(int name) {
  lockmgr(&buffer_lock, LK_EXCLUSIVE, NULL);
  buffer[0] = name;
  pause("disk", 1);
  buffer[1] = 1000 + name;
  lockmgr(&buffer_lock, LK_DOWNGRADE, NULL);
  assert(lockstatus(&buffer_lock) == LK_SHARED);
  enter(buffer[0], buffer[1]);
  lockmgr(&buffer_lock, LK_RELEASE, NULL);
}

static void fetcher(void *arg) {
  (void)arg;
  sx_slock(&requests_lock);
  for (;;) {
    while (served == asked) cv_wait(&requested, &requests_lock);
    int name = requests[served++];
    sx_sunlock(&requests_lock);
    if (entries == limit_now()) { /* only this thread adds any */
      rm_wlock(&limit_lock);
      limit += NAMES / 4;
      rm_wunlock(&limit_lock);
    }
    fill_buffer(name);
    sx_slock(&requests_lock);
  }
}

static int look_up(int name) {
  rw_rlock(&table_lock);
  int value = table[name];
  rw_runlock(&table_lock);
  return value;
}

static void reader(void *arg) {
  int name = (int)arg;
  for (int i = 0; i < LOOKUPS; i++) {
    name = (name * 7 + 3) % NAMES;
    sema_wait(&places);
    int value = look_up(name);
    if (value == 0) {
      __atomic_fetch_add(&missed, 1, __ATOMIC_RELAXED);
      request(name);
    }
    sema_post(&places);
    while (value == 0) { /* until it has been fetched */
      pause("fetch", 1);
      value = look_up(name);
    }
    assert(value == 1000 + name);
    __atomic_fetch_add(&found, 1, __ATOMIC_RELAXED);
  }
  mtx_lock(&done_lock);
  done++;
  wakeup(&done);
  mtx_unlock(&done_lock);
  kthread_exit();
}

int main(void) {
  rm_init(&limit_lock, "limit");
  rw_init(&table_lock, "table");
  sx_init(&requests_lock, "requests");
  cv_init(&requested, "requested");
  lockinit(&buffer_lock, 0, "buffer", 0, 0);
  sema_init(&places, AT_A_TIME, "places");
  mtx_init(&done_lock, "done", NULL, MTX_DEF);
  kthread_add(fetcher, NULL, NULL, NULL, 0, 0, "fetcher");
  for (int i = 0; i < READERS; i++) kthread_add(reader, (void *)i, NULL, NULL, 0, 0, "reader %d", i);
  mtx_lock(&done_lock);
  while (done < READERS) msleep(&done, &done_lock, 0, "readers", 0);
  mtx_unlock(&done_lock);
  printf("%d lookups, %d names fetched, limit %d\n", found, entries, limit);
  return missed >= entries ? 0 : 1;
}
