/* check.h - the third kind of "no": a bug.
 *
 * CHECK states what must hold if the program is right. It is always on and aborts the
 * process with the place and the condition: a wrong answer about a seat is worse than none.
 * Never CHECK input: bad input is a refusal or a failure.
 *
 * Thread: any.
 */
#pragma once

#define MUST_USE __attribute__((warn_unused_result))

/* Reports the broken condition on standard error and aborts. */
_Noreturn void check_fail(const char *file, int line, const char *condition);

#define CHECK(condition) \
    do { \
        if (!(condition)) check_fail(__FILE__, __LINE__, #condition); \
    } while (0)
