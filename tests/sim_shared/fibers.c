#include "sim_shared/fibers.h"

#include <sys/mman.h>
#include <ucontext.h>

#include "base/check.h"

enum { STACK_SIZE = 1024 * 1024 };

struct fiber {
    ucontext_t context;
    void *stack; /* Kept for the next one. */
    bool over;
    void (*run)(void *argument);
    void *argument;
};

static struct {
    struct random *random;
    uint32_t stay_percent;
    uint32_t count;
    uint32_t running;
    struct fiber all[FIBERS_MAX];
} fibers;

static void switch_to(uint32_t next)
{
    struct fiber *from = &fibers.all[fibers.running];
    fibers.running = next;
    CHECK(swapcontext(&from->context, &fibers.all[next].context) == 0);
}

/* One of those that are not over; fiber 0 is not over before the others. */
static uint32_t choose(void)
{
    uint32_t next = random_below(fibers.random, fibers.count);
    while (fibers.all[next].over) next = (next + 1) % fibers.count;
    return next;
}

void fibers_begin(struct random *random, uint32_t stay_percent)
{
    fibers.random = random;
    fibers.stay_percent = stay_percent;
    fibers.count = 1;
    fibers.running = 0;
    fibers.all[0].over = false;
}

void fibers_set_stay(uint32_t stay_percent)
{
    fibers.stay_percent = stay_percent;
}

static void live(void)
{
    struct fiber *fiber = &fibers.all[fibers.running];
    fiber->run(fiber->argument);
    fiber->over = true;
    switch_to(choose());
    CHECK(!fiber->over); /* It never comes back. */
}

void fibers_start(void (*run)(void *context), void *argument)
{
    CHECK(fibers.count < FIBERS_MAX);
    struct fiber *fiber = &fibers.all[fibers.count++];
    fiber->over = false;
    fiber->run = run;
    fiber->argument = argument;
    CHECK(getcontext(&fiber->context) == 0);
    if (fiber->stack == NULL) {
        fiber->stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
        CHECK(fiber->stack != MAP_FAILED);
    }
    fiber->context.uc_stack.ss_sp = fiber->stack;
    fiber->context.uc_stack.ss_size = STACK_SIZE;
    fiber->context.uc_link = NULL;
    makecontext(&fiber->context, live, 0);
}

void fibers_yield(void)
{
    if (random_chance(fibers.random, fibers.stay_percent)) return;
    const uint32_t next = choose();
    if (next != fibers.running) switch_to(next);
}

uint32_t fibers_self(void)
{
    return fibers.running;
}

void fibers_end(void)
{
    CHECK(fibers.running == 0);
    for (uint32_t index = 1; index < fibers.count; index++) {
        while (!fibers.all[index].over) switch_to(index);
    }
    fibers.count = 0;
}
