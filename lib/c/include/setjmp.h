/* Jumps out of functions. */
#ifndef KTM_SETJMP_H
#define KTM_SETJMP_H

/* ra, sp, s0 to s11. */
typedef unsigned jmp_buf[14];

int setjmp(jmp_buf env) __attribute__((returns_twice));
_Noreturn void longjmp(jmp_buf env, int value);

#endif
