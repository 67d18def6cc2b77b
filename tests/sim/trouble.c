#include "sim/trouble.h"

#include "base/check.h"

static const char *const names[TROUBLE_COUNT] = {
#define TROUBLE_NAME(name, text) [TROUBLE_##name] = text,
    TROUBLE_LIST(TROUBLE_NAME)
#undef TROUBLE_NAME
};

static bool parse_one(struct slice text, uint32_t *set)
{
    for (uint32_t trouble = 0; trouble < TROUBLE_COUNT; trouble++) {
        if (!slice_equal(text, slice_of(names[trouble]))) continue;
        *set |= UINT32_C(1) << trouble;
        return true;
    }
    return false;
}

bool trouble_parse(struct slice text, uint32_t *ret_set)
{
    CHECK(ret_set != NULL);
    uint32_t set = 0;
    size_t from = 0;
    for (size_t at = 0; at <= text.size; at++) {
        if (at < text.size && text.data[at] != ',') continue;
        if (!parse_one((struct slice){text.data + from, at - from}, &set)) return false;
        from = at + 1;
    }
    *ret_set = set;
    return true;
}

const char *trouble_name(enum trouble trouble)
{
    CHECK(trouble < TROUBLE_COUNT);
    return names[trouble];
}
