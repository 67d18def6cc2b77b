#include "base/log_limit.h"

#include "base/check.h"

bool log_limit_pass(struct log_limit *limit, uint32_t lines_max, int64_t now_ms,
                    uint64_t *ret_left_out)
{
    CHECK(lines_max >= 1);

    const int64_t window = now_ms / LOG_LIMIT_WINDOW_MS;
    if (window != limit->window) {
        limit->window = window;
        limit->written = 0;
    }
    if (limit->written == lines_max) {
        limit->left_out++;
        return false;
    }
    limit->written++;
    *ret_left_out = limit->left_out;
    limit->left_out = 0;
    return true;
}

struct log_field log_limit_field(uint64_t left_out)
{
    return (struct log_field){.key = left_out == 0 ? NULL : "left_out",
                              .number = (int64_t)left_out};
}
