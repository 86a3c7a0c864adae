// Error numbers, with FreeBSD's values.
export const EPERM: i32 = 1;
export const ESRCH: i32 = 3;
export const EINTR: i32 = 4;
export const ECHILD: i32 = 10;
export const EDEADLK: i32 = 11;
export const ENOMEM: i32 = 12;
export const EBUSY: i32 = 16;
export const EINVAL: i32 = 22;
export const EAGAIN: i32 = 35;
export const EWOULDBLOCK: i32 = 35;
export const EOPNOTSUPP: i32 = 45;
export const EPROCLIM: i32 = 67;
export const ENOLCK: i32 = 77;
export const ENOSYS: i32 = 78;
/** Restart the call. FreeBSD never lets it out of the kernel; these calls return it as it is. */
export const ERESTART: i32 = -1;
