/* Error numbers. Kernel calls return them; there is no variable errno. */
#ifndef KTM_ERRNO_H
#define KTM_ERRNO_H

#define EPERM 1
#define ENOENT 2
#define ESRCH 3
#define EINTR 4
#define EBADF 9
#define ECHILD 10
#define EDEADLK 11
#define ENOMEM 12
#define EFAULT 14
#define EBUSY 16
#define EINVAL 22
#define EDOM 33
#define ERANGE 34
#define EAGAIN 35
#define EWOULDBLOCK EAGAIN
#define EOPNOTSUPP 45
#define ETIMEDOUT 60
#define EPROCLIM 67
#define ENOLCK 77
#define ENOSYS 78
#define ERESTART (-1)

#endif
