#include "sim/sometimes.h"

#include <inttypes.h>
#include <sys/mman.h>

#include "base/check.h"

static uint64_t *counts; /* Shared with the processes that run the days. */

static const char *const names[SOMETIMES_COUNT] = {
#define SOMETIMES_NAME(name) [SOMETIMES_##name] = #name,
    SOMETIMES_LIST(SOMETIMES_NAME)
#undef SOMETIMES_NAME
};

void sometimes_open(void)
{
    CHECK(counts == NULL);
    void *pages = mmap(NULL, SOMETIMES_COUNT * sizeof *counts, PROT_READ | PROT_WRITE,
                       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(pages != MAP_FAILED);
    counts = pages;
}

void sometimes_saw(enum sometimes state)
{
    counts[state]++;
}

void sometimes_saw_if(bool condition, enum sometimes state)
{
    if (condition) sometimes_saw(state);
}

uint32_t sometimes_report(void)
{
    uint32_t missing = 0;
    for (uint32_t state = 0; state < SOMETIMES_COUNT; state++) {
        printf("%9" PRIu64 " %s\n", counts[state], names[state]);
        missing += counts[state] == 0;
    }
    return missing;
}
