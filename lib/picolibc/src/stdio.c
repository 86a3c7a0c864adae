/*
 * Output. As with the small library a call hands its text to the machine as a whole, if it is shorter than 256 bytes, so
 * that the lines of threads do not mix: what picolibc writes character by character is collected first.
 */
#include <kthread_machine.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { BUFFER = 256 };

/* A stream that collects what one call prints. */
struct collector {
  FILE file;
  size_t length;
  char text[BUFFER];
};

static void hand_over(struct collector *collector) {
  if (collector->length != 0) cnputsn(collector->text, collector->length);
  collector->length = 0;
}

static int collect(char c, FILE *file) {
  struct collector *collector = (struct collector *)file;
  if (collector->length == BUFFER) hand_over(collector);
  collector->text[collector->length++] = c;
  return (unsigned char)c;
}

static int put(char c, FILE *file) {
  (void)file;
  cnputsn(&c, 1);
  return (unsigned char)c;
}

static int get(FILE *file) {
  (void)file;
  return EOF;
}

static FILE console = FDEV_SETUP_STREAM(put, get, NULL, _FDEV_SETUP_RW);
FILE *const stdin = &console;
FILE *const stdout = &console;
FILE *const stderr = &console;

extern int __real_vfprintf(FILE *file, const char *format, va_list args);

/* All formatted output comes here: the linker has picolibc's own functions call this one (--wrap). */
int __wrap_vfprintf(FILE *file, const char *format, va_list args) {
  if (file != &console) return __real_vfprintf(file, format, args);
  struct collector collector;
  collector.file = (FILE)FDEV_SETUP_STREAM(collect, NULL, NULL, _FDEV_SETUP_WRITE);
  collector.length = 0;
  int length = __real_vfprintf(&collector.file, format, args);
  hand_over(&collector);
  return length;
}

/* The line goes out as a whole, if it is not too long for that. */
int puts(const char *s) { return printf("%s\n", s) < 0 ? EOF : 0; }

size_t fwrite(const void *restrict from, size_t size, size_t count, FILE *restrict file) {
  const char *bytes = from;
  if (size == 0 || count == 0) return 0;
  if (file == &console) {
    cnputsn(from, size * count);
    return count;
  }
  for (size_t done = 0; done < count; done++) {
    for (size_t k = 0; k < size; k++) {
      if (fputc(*bytes++, file) == EOF) return done;
    }
  }
  return count;
}

int fputs(const char *restrict s, FILE *restrict file) {
  size_t length = strlen(s);
  return fwrite(s, 1, length, file) == length ? 0 : EOF;
}
