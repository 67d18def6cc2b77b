#include "sim_shared/fibers.h"

#include <pthread.h>
#include <semaphore.h>

#include "base/check.h"

struct fiber {
    sem_t baton;
    pthread_t thread;
    bool over;
    void (*run)(void *context);
    void *context;
};

static struct {
    struct random *random;
    uint32_t stay_percent;
    uint32_t count;
    uint32_t running;
    struct fiber all[FIBERS_MAX];
} fibers;

static void open_fiber(struct fiber *fiber)
{
    fiber->over = false;
    CHECK(sem_init(&fiber->baton, 0, 0) == 0);
}

static void wait_for_baton(uint32_t self)
{
    while (sem_wait(&fibers.all[self].baton) != 0) continue;
    CHECK(fibers.running == self);
}

static void pass_to(uint32_t next)
{
    fibers.running = next;
    CHECK(sem_post(&fibers.all[next].baton) == 0);
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
    open_fiber(&fibers.all[0]);
}

void fibers_set_stay(uint32_t stay_percent)
{
    fibers.stay_percent = stay_percent;
}

static void *live(void *argument)
{
    struct fiber *fiber = argument;
    wait_for_baton((uint32_t)(fiber - fibers.all));
    fiber->run(fiber->context);
    fiber->over = true;
    pass_to(choose());
    return NULL;
}

void fibers_start(void (*run)(void *context), void *context)
{
    CHECK(fibers.count < FIBERS_MAX);
    struct fiber *fiber = &fibers.all[fibers.count++];
    open_fiber(fiber);
    fiber->run = run;
    fiber->context = context;
    CHECK(pthread_create(&fiber->thread, NULL, live, fiber) == 0);
}

void fibers_yield(void)
{
    const uint32_t self = fibers.running;
    if (random_chance(fibers.random, fibers.stay_percent)) return;
    const uint32_t next = choose();
    if (next == self) return;
    pass_to(next);
    wait_for_baton(self);
}

uint32_t fibers_self(void)
{
    return fibers.running;
}

void fibers_end(void)
{
    CHECK(fibers.running == 0);
    for (uint32_t index = 1; index < fibers.count; index++) {
        while (!fibers.all[index].over) {
            pass_to(index);
            wait_for_baton(0);
        }
        CHECK(pthread_join(fibers.all[index].thread, NULL) == 0);
        CHECK(sem_destroy(&fibers.all[index].baton) == 0);
    }
    CHECK(sem_destroy(&fibers.all[0].baton) == 0);
    fibers.count = 0;
}
