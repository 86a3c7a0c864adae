/* Memory and strings. */
#ifndef KTM_STRING_H
#define KTM_STRING_H

#include <stddef.h>

void *memchr(const void *s, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
void *memccpy(void *restrict to, const void *restrict from, int c, size_t n);
void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmem(const void *s, size_t n, const void *part, size_t length);
void *memmove(void *to, const void *from, size_t n);
void *memrchr(const void *s, int c, size_t n);
void *memset(void *to, int c, size_t n);

size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
int strcasecmp(const char *a, const char *b);
int strncasecmp(const char *a, const char *b, size_t n);
/* The order of strcmp(): there is one locale. */
int strcoll(const char *a, const char *b);
size_t strxfrm(char *restrict to, const char *restrict from, size_t size);
char *stpcpy(char *restrict to, const char *restrict from);
char *strcpy(char *restrict to, const char *restrict from);
char *strncpy(char *restrict to, const char *restrict from, size_t n);
char *strcat(char *restrict to, const char *restrict from);
char *strncat(char *restrict to, const char *restrict from, size_t n);
size_t strlcpy(char *restrict to, const char *restrict from, size_t size);
size_t strlcat(char *restrict to, const char *restrict from, size_t size);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *part);
char *strcasestr(const char *s, const char *part);
char *strpbrk(const char *s, const char *set);
size_t strspn(const char *s, const char *set);
size_t strcspn(const char *s, const char *set);
char *strsep(char **restrict rest, const char *restrict set);
/* One place for all threads: several want strtok_r(). */
char *strtok(char *restrict s, const char *restrict set);
char *strtok_r(char *restrict s, const char *restrict set, char **restrict rest);
char *strdup(const char *s);
char *strndup(const char *s, size_t n);
char *strerror(int error);

#endif
