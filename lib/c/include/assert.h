/* An assertion that does not hold says so and faults: the report has a backtrace. */
#undef assert

#ifdef NDEBUG
#define assert(condition) ((void)0)
#else
#define assert(condition) \
  ((condition) ? (void)0 : ktm_assert_failed(#condition, __FILE__, __LINE__, __func__))
#endif

#ifndef KTM_ASSERT_H
#define KTM_ASSERT_H

#ifndef __cplusplus
#undef static_assert
#define static_assert _Static_assert
#endif

_Noreturn void ktm_assert_failed(const char *condition, const char *file, int line,
                                 const char *function);

#endif
