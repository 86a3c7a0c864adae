#ifndef KTM_H
#define KTM_H
#include <stddef.h>
#include <stdint.h>
static inline void cnputsn(const char *s, size_t n) { register long a0 __asm__("a0")=(long)s; register long a1 __asm__("a1")=n; __asm__ volatile(".insn i 0x0b, 0, x0, x0, %0"::"i"(200),"r"(a0),"r"(a1):"memory"); }
static inline void *kmem_malloc(size_t n) { register long a0 __asm__("a0")=(long)n; __asm__ volatile(".insn i 0x0b, 0, x0, x0, %1":"+r"(a0):"i"(201):"memory"); return (void*)a0; }
static inline void kern_exit(int n) { register long a0 __asm__("a0")=(long)n; __asm__ volatile(".insn i 0x0b, 0, x0, x0, %1":"+r"(a0):"i"(202):"memory"); __builtin_unreachable();}
static inline int tsleep(const void*c,int p,const char*w,int t) { register long a0 __asm__("a0")=(long)c; __asm__ volatile(".insn i 0x0b, 0, x0, x0, %1":"+r"(a0):"i"(203-2048):"memory"); return a0;}
static inline void wakeup(const void*c) { register long a0 __asm__("a0")=(long)c; __asm__ volatile(".insn i 0x0b, 0, x0, x0, %1":"+r"(a0):"i"(204-2048):"memory"); }
#endif
