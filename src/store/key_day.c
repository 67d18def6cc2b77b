#include "store/key_day.h"

#include "base/check.h"

#define DAY_MS INT64_C(86400000)

int64_t key_day_of(int64_t now_ms)
{
    CHECK(now_ms >= 0);
    return now_ms / DAY_MS;
}

enum key_day_action key_day_judge(int64_t day, int64_t today)
{
    CHECK(day >= 0);
    CHECK(today >= 0);

    if (today > day) return KEY_DAY_SWITCH;
    return today < day - 1 ? KEY_DAY_FOLLOW : KEY_DAY_KEEP;
}
