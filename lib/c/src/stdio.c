/* Output without formats. */
#include <kthread_machine.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t fwrite(const void *restrict from, size_t size, size_t count, FILE *restrict file) {
  (void)file;
  if (size == 0 || count == 0) return 0;
  cnputsn(from, size * count);
  return count;
}

int fputs(const char *restrict s, FILE *restrict file) {
  fwrite(s, 1, strlen(s), file);
  return 0;
}

int fputc(int c, FILE *file) {
  char character = (char)c;
  fwrite(&character, 1, 1, file);
  return (unsigned char)c;
}

int putc(int c, FILE *file) { return fputc(c, file); }
int putchar(int c) { return fputc(c, stdout); }

/* The line goes out as a whole, if it is not too long for that. */
int puts(const char *s) {
  printf("%s\n", s);
  return 0;
}

int fflush(FILE *file) {
  (void)file;
  return 0;
}

void setbuf(FILE *restrict file, char *restrict buffer) {
  (void)file;
  (void)buffer;
}

int setvbuf(FILE *restrict file, char *restrict buffer, int mode, size_t size) {
  setbuf(file, buffer);
  (void)mode;
  (void)size;
  return 0;
}

int vasprintf(char **restrict to, const char *restrict format, va_list args) {
  va_list again;
  va_copy(again, args);
  int length = vsnprintf(NULL, 0, format, again);
  va_end(again);
  *to = malloc(length + 1);
  return *to == NULL ? -1 : vsnprintf(*to, length + 1, format, args);
}

int asprintf(char **restrict to, const char *restrict format, ...) {
  va_list args;
  va_start(args, format);
  int length = vasprintf(to, format, args);
  va_end(args);
  return length;
}
