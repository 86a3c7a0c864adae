/* Not in the small library: this says what to do. */
#error "the small C library has no <locale.h>: kthread-machine cc --libc picolibc links one that has"
