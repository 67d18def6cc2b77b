#include "sim_shared/reached.h"

#include <inttypes.h>
#include <stdio.h>

static uint64_t counts[REACHED_COUNT];

static const char *const names[REACHED_COUNT] = {
#define REACHED_NAME(name) [REACHED_##name] = #name,
    REACHED_LIST(REACHED_NAME)
#undef REACHED_NAME
};

void reached_saw(enum reached state)
{
    counts[state]++;
}

void reached_saw_if(bool condition, enum reached state)
{
    if (condition) reached_saw(state);
}

uint32_t reached_report(void)
{
    uint32_t missing = 0;
    for (uint32_t state = 0; state < REACHED_COUNT; state++) {
        printf("%9" PRIu64 " %s\n", counts[state], names[state]);
        missing += counts[state] == 0;
    }
    return missing;
}
