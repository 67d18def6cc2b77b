#include "sim_shared/weather.h"

#include "base/check.h"
#include "sim_shared/reached.h"

enum {
    LATE_PERCENT = 5, /* Of operations, before which something late comes. */
    LATE_LOST_PERCENT = 30,
    SLOW_MS = 2000,
    QUICK_MS = 3,
    OUTAGE_MS = 8000, /* Longer than a commit tries. */
};

struct weather weather;

void weather_begin(struct random *random, int64_t now_ms)
{
    weather = (struct weather){.random = random, .now_ms = now_ms};
}

static void heal(uint32_t fiber)
{
    database_drop_picture(weather.pictures[fiber]);
    weather.pictures[fiber] = NULL;
}

void weather_end(void)
{
    for (uint32_t fiber = 0; fiber < FIBERS_MAX; fiber++) heal(fiber);
    for (uint32_t index = 0; index < weather.late_count; index++) {
        statement_release(&weather.late[index]);
    }
    weather.late_count = 0;
}

void weather_calm(void)
{
    weather.strike_percent = 0;
    weather.death_permille = 0;
    weather.partition_permille = 0;
    weather.outage_permille = 0;
    weather.slow_percent = 0;
    memset(weather.outages_until_ms, 0, sizeof weather.outages_until_ms);
    weather.planned = STRIKE_NONE;
    for (uint32_t fiber = 0; fiber < FIBERS_MAX; fiber++) heal(fiber);
}

static bool permille(uint32_t chance)
{
    return random_below(weather.random, 1000) < chance;
}

/* Partitions begin and end between operations. */
static void turn_partition(uint32_t self)
{
    if (weather.pictures[self] != NULL) {
        if (random_chance(weather.random, 15)) heal(self);
    } else if (self <= weather.instances && permille(weather.partition_permille)) {
        weather.pictures[self] = database_take_picture();
        weather.partitions[self]++;
        reached_saw(REACHED_PARTITION);
    }
}

static void take_time(void)
{
    const bool slow = random_chance(weather.random, weather.slow_percent);
    weather.now_ms += random_between(weather.random, 0, slow ? SLOW_MS : QUICK_MS);
}

static enum strike strike_of(enum strike first, enum strike last)
{
    const uint32_t count = (uint32_t)(last - first) + 1;
    return (enum strike)((uint32_t)first + random_below(weather.random, count));
}

/* A read meets what keeps it from being answered. */
static enum strike draw(uint32_t self, bool writes)
{
    if (weather.planned != STRIKE_NONE) {
        return weather.operations == weather.struck_at ? weather.planned : STRIKE_NONE;
    }
    if (permille(weather.death_permille)) return strike_of(STRIKE_DEATH, STRIKE_DEATH_LATE);
    if (weather.pictures[self] != NULL && writes) {
        return random_chance(weather.random, 50) ? STRIKE_CONCERN : STRIKE_NEVER;
    }
    /* They begin with a write: a read that fails has no consequences. */
    if (writes && permille(weather.outage_permille)) {
        const int64_t lasts_ms = random_between(weather.random, 500, OUTAGE_MS);
        weather.outages_until_ms[self] = weather.now_ms + lasts_ms;
    }
    if (weather.now_ms < weather.outages_until_ms[self]) {
        return writes ? strike_of(STRIKE_ACK_LOST, STRIKE_LATE) : STRIKE_NEVER;
    }
    if (!random_chance(weather.random, weather.strike_percent)) return STRIKE_NONE;
    return writes ? strike_of(STRIKE_NOT_SENT, STRIKE_STEPPED_DOWN)
                  : strike_of(STRIKE_NOT_SENT, STRIKE_NEVER);
}

enum strike weather_operation(bool writes)
{
    const uint32_t self = fibers_self();
    if (self == 0) return STRIKE_NONE;
    fibers_yield();
    take_time();
    if (weather.late_count > 0 && random_chance(weather.random, LATE_PERCENT)) weather_deliver();
    if (weather.dead[self]) return STRIKE_DEATH;
    turn_partition(self);
    weather.operations++;
    const enum strike strike = draw(self, writes);
    weather.struck[strike]++;
    if (strike >= STRIKE_DEATH) weather.dead[self] = true;
    return strike;
}

bool weather_kills(void)
{
    const uint32_t self = fibers_self();
    if (self == 0) return false;
    if (!weather.dead[self] && permille(weather.death_permille)) weather.dead[self] = true;
    return weather.dead[self];
}

void weather_restart(uint32_t fiber)
{
    heal(fiber);
    weather.dead[fiber] = false;
}

void weather_delay(const struct statement *statement)
{
    if (weather.late_count == LATE_MAX) return; /* Never. */
    weather.late[weather.late_count++] = statement_copy(statement);
}

void weather_deliver(void)
{
    const uint32_t index = random_below(weather.random, weather.late_count);
    struct statement statement = weather.late[index];
    weather.late[index] = weather.late[--weather.late_count];
    if (!random_chance(weather.random, LATE_LOST_PERCENT)) {
        const enum effect effect = database_do(&statement);
        reached_saw_if(effect == EFFECT_DONE, REACHED_LATE_APPLIED);
        reached_saw_if(effect != EFFECT_DONE, REACHED_LATE_TOO_LATE);
        reached_saw_if(effect == EFFECT_DONE && statement.collection == MONGO_SHOWTIMES,
                       REACHED_LATE_COMMIT);
    }
    statement_release(&statement);
}

void weather_deliver_all(void)
{
    while (weather.late_count > 0) weather_deliver();
}

const struct database_picture *weather_picture(void)
{
    return weather.pictures[fibers_self()];
}

const char *weather_name(enum strike strike)
{
    static const char *const names[] = {
#define STRIKE_NAME(name, text) [STRIKE_##name] = text,
        STRIKE_LIST(STRIKE_NAME)
#undef STRIKE_NAME
    };
    CHECK(strike < STRIKE_COUNT);
    return names[strike];
}
