/*
 * Output. A call hands its text to the machine as a whole, if it is shorter than 256 bytes, so that the
 * lines of threads do not mix. There are no files: everything that is printed goes to the same place.
 */
#ifndef KTM_STDIO_H
#define KTM_STDIO_H

#include <stdarg.h>
#include <stddef.h>

#define EOF (-1)
#define BUFSIZ 256

typedef struct ktm_file FILE;
extern FILE *const stdout;
extern FILE *const stderr;

#define KTM_FORMAT(f, a) __attribute__((format(printf, f, a)))

int printf(const char *restrict format, ...) KTM_FORMAT(1, 2);
int fprintf(FILE *restrict file, const char *restrict format, ...) KTM_FORMAT(2, 3);
int sprintf(char *restrict to, const char *restrict format, ...) KTM_FORMAT(2, 3);
int snprintf(char *restrict to, size_t size, const char *restrict format, ...) KTM_FORMAT(3, 4);
int vprintf(const char *restrict format, va_list args) KTM_FORMAT(1, 0);
int vfprintf(FILE *restrict file, const char *restrict format, va_list args) KTM_FORMAT(2, 0);
int vsprintf(char *restrict to, const char *restrict format, va_list args) KTM_FORMAT(2, 0);
int vsnprintf(char *restrict to, size_t size, const char *restrict format, va_list args)
    KTM_FORMAT(3, 0);
/* Into memory that the caller frees. */
int asprintf(char **restrict to, const char *restrict format, ...) KTM_FORMAT(2, 3);
int vasprintf(char **restrict to, const char *restrict format, va_list args) KTM_FORMAT(2, 0);

int sscanf(const char *restrict text, const char *restrict format, ...) __attribute__((format(scanf, 2, 3)));
int vsscanf(const char *restrict text, const char *restrict format, va_list args)
    __attribute__((format(scanf, 2, 0)));

int putchar(int c);
int puts(const char *s);
int fputc(int c, FILE *file);
int putc(int c, FILE *file);
int fputs(const char *restrict s, FILE *restrict file);
size_t fwrite(const void *restrict from, size_t size, size_t count, FILE *restrict file);
int fflush(FILE *file);
/* Nothing is kept back, whatever is asked for. */
#define _IOFBF 0
#define _IOLBF 1
#define _IONBF 2
void setbuf(FILE *restrict file, char *restrict buffer);
int setvbuf(FILE *restrict file, char *restrict buffer, int mode, size_t size);

#endif
