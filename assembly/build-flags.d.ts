// For editors only: the compiler never reads this file. A name declared inside a compiled module
// would become a WebAssembly import; these come from `--use` in asconfig.json instead.

/** True in the check and debug builds: guards every check, `if (INVARIANTS) KASSERT(...)`. */
declare const INVARIANTS: bool;
