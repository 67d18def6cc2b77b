#include "sim_shared/lock.h"

#include "base/check.h"
#include "sim_shared/reached.h"
#include "sim_shared/weather.h"

enum { TTL_MS = 5000, TRIES = 3, WAIT_MS = 100, PLACES = 4 };

/* Who has the showtime's lock. */
struct place {
    struct id showtime;
    uint32_t holder; /* 0: nobody. */
    int64_t until_ms;
};

static struct place places[PLACES];

void lock_begin(void)
{
    memset(places, 0, sizeof places);
}

static struct place *place_of(struct id showtime)
{
    uint32_t index = 0;
    while (!id_is_none(places[index].showtime) && !id_equal(places[index].showtime, showtime)) {
        index++;
        CHECK(index < PLACES);
    }
    places[index].showtime = showtime;
    return &places[index];
}

static bool try_once(struct shared_lock *lock, struct place *place)
{
    const bool free = place->holder == 0 || place->until_ms <= weather.now_ms;
    const bool twice = !free && random_chance(weather.random, lock->trouble_percent);
    reached_saw_if(twice, REACHED_LOCK_OF_TWO);
    if (!free && !twice) return false;
    place->holder = lock->instance;
    place->until_ms = weather.now_ms + TTL_MS;
    lock->held = true;
    return true;
}

static enum error acquire(void *context, struct id showtime, bool *ret_contended)
{
    struct shared_lock *lock = context;
    struct place *place = place_of(showtime);
    CHECK(!lock->held);
    fibers_yield();
    *ret_contended = false;
    if (random_chance(weather.random, lock->trouble_percent)) { /* It is away. */
        weather.now_ms += WAIT_MS;
        reached_saw(REACHED_LOCK_AWAY);
        return ERROR_NONE;
    }
    int64_t wait_ms = WAIT_MS;
    for (int try = 0; try < TRIES && !try_once(lock, place); try++) {
        *ret_contended = true;
        weather.now_ms += wait_ms;
        wait_ms *= 2;
        fibers_yield();
    }
    if (lock->held || !lock->required) return ERROR_NONE;
    reached_saw(REACHED_LOCK_REFUSED);
    return ERROR_BOOKING_LOCK_FAILED;
}

static void release(void *context, struct id showtime)
{
    struct shared_lock *lock = context;
    struct place *place = place_of(showtime);
    if (!lock->held) return;
    lock->held = false;
    if (random_chance(weather.random, lock->trouble_percent)) return; /* Until it lapses. */
    if (place->holder == lock->instance) place->holder = 0;
}

struct lock lock_port(struct shared_lock *lock)
{
    static const struct lock_methods methods = {.acquire = acquire, .release = release};
    return (struct lock){.context = lock, .methods = &methods};
}
