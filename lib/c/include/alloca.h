/* Memory on the stack, until the function returns. */
#ifndef KTM_ALLOCA_H
#define KTM_ALLOCA_H

#define alloca __builtin_alloca

#endif
