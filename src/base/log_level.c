#include "base/check.h"
#include "base/log.h"

static const struct slice names[] = {[LOG_ERROR] = SLICE_INIT("error"),
                                     [LOG_WARNING] = SLICE_INIT("warning"),
                                     [LOG_INFO] = SLICE_INIT("info"),
                                     [LOG_DEBUG] = SLICE_INIT("debug")};

struct slice log_level_name(enum log_level level)
{
    CHECK(level <= LOG_DEBUG);
    return names[level];
}

bool log_level_parse(struct slice text, enum log_level *ret_level)
{
    for (size_t level = LOG_ERROR; level <= LOG_DEBUG; level++) {
        if (!slice_equal(text, names[level])) continue;
        *ret_level = (enum log_level)level;
        return true;
    }
    return false;
}
