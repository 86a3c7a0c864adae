/* The names of error numbers. */
#include <errno.h>
#include <string.h>

char *strerror(int error) {
  switch (error) {
    case 0: return "No error";
    case EPERM: return "Operation not permitted";
    case ENOENT: return "No such file or directory";
    case ESRCH: return "No such process";
    case EINTR: return "Interrupted system call";
    case ERESTART: return "Restart system call";
    case ECHILD: return "No child processes";
    case EDEADLK: return "Resource deadlock avoided";
    case ENOMEM: return "Cannot allocate memory";
    case EFAULT: return "Bad address";
    case EBUSY: return "Device busy";
    case EINVAL: return "Invalid argument";
    case EDOM: return "Numerical argument out of domain";
    case ERANGE: return "Result too large";
    case EAGAIN: return "Resource temporarily unavailable";
    case EOPNOTSUPP: return "Operation not supported";
    case ETIMEDOUT: return "Operation timed out";
    case EPROCLIM: return "Too many processes";
    case ENOLCK: return "No locks available";
    case ENOSYS: return "Function not implemented";
    default: return "Unknown error";
  }
}
