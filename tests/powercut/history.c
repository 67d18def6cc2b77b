#include "powercut/history.h"

#include "base/check.h"

void history_add(struct history *history, uint64_t state)
{
    if (history->count > 0 && history->states[history->count - 1] == state) return;
    CHECK(history->count < HISTORY_STATES_MAX);
    history->states[history->count++] = state;
}

enum history_verdict history_judge(const struct history *history, uint32_t acknowledged,
                                   uint64_t state)
{
    for (uint32_t index = history->count; index > 0; index--) {
        if (history->states[index - 1] != state) continue;
        if (index - 1 == acknowledged) return HISTORY_LAST;
        return index - 1 > acknowledged ? HISTORY_NEWER : HISTORY_OLDER;
    }
    return HISTORY_UNKNOWN;
}
