#include "core/money.h"

#include "base/check.h"

int64_t money_add(int64_t left, int64_t right)
{
    CHECK(left >= 0);
    CHECK(right >= 0);
    CHECK(left <= INT64_MAX - right);
    return left + right;
}

int64_t money_subtract(int64_t left, int64_t right)
{
    CHECK(right >= 0);
    CHECK(left >= right);
    return left - right;
}
