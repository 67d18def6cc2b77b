/* unit.h - cmocka with what it needs before it, and a look at a broken CHECK. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/slice.h"

/* Two slices of the same text. */
#define assert_slice_equal(left, right) \
    do { \
        const struct slice left_ = (left); \
        const struct slice right_ = (right); \
        assert_int_equal(left_.size, right_.size); \
        assert_true(slice_equal(left_, right_)); \
    } while (0)

/* Does the function abort, as a broken CHECK does? It runs in a process of its own. */
bool unit_aborts(void (*function)(void *context), void *context);
