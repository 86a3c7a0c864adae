/*
 * Error numbers: those of picolibc, but where the kernel's are others it has the kernel's, which its calls return. Up to
 * 34 both agree, except for EAGAIN and EDEADLK; strerror() knows picolibc's.
 */
#include_next <errno.h>

#ifndef KTM_PICOLIBC_ERRNO_H
#define KTM_PICOLIBC_ERRNO_H

#undef EDEADLK
#undef EAGAIN
#undef EWOULDBLOCK
#undef EOPNOTSUPP
#undef ETIMEDOUT
#undef EPROCLIM
#undef ENOLCK
#undef ENOSYS
#undef ERESTART

#define EDEADLK 11
#define EAGAIN 35
#define EWOULDBLOCK EAGAIN
#define EOPNOTSUPP 45
#define ETIMEDOUT 60
#define EPROCLIM 67
#define ENOLCK 77
#define ENOSYS 78
#define ERESTART (-1)

#endif
