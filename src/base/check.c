#include "base/check.h"

_Noreturn void check_fail(const char *file, int line, const char *condition)
{
    fprintf(stderr, "usher: bug at %s:%d: CHECK(%s) failed\n", file, line, condition);
    fflush(stderr);
    abort();
}
