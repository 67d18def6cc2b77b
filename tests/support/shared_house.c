#include "support/shared_house.h"

#include "support/unit.h"

#define HOUR_MS INT64_C(3600000)

static const struct siphash_key key = {.bytes = {1}};

struct id shared_house_showtime(uint8_t number)
{
    return (struct id){.bytes = {number}};
}

static void note_answer(void *context, struct command *command)
{
    struct shared_house *house = context;
    house->order[house->answered++] = command;
}

static enum error load(void *context, struct id showtime, void *block, struct seat_map *ret_map)
{
    const struct shared_house *house = context;
    return house->inner.methods->load(house->inner.context, showtime, block, ret_map);
}

static enum error begin(void *context)
{
    struct shared_house *house = context;
    house->turns = 0;
    return house->inner.methods->begin(house->inner.context);
}

static bool is_told(struct shared_house *house)
{
    if (house->times == 0) return false;
    house->times--;
    return true;
}

static enum error gather(void *context, struct turn *turn)
{
    struct shared_house *house = context;
    house->turns++;
    if (!house->locked) house->gathers_unlocked++;
    if (house->turns > house->turns_max) house->turns_max = house->turns;
    if (house->at_gather && is_told(house)) return house->told;
    return house->inner.methods->gather(house->inner.context, turn);
}

static enum error record(void *context, const struct turn *turn)
{
    const struct shared_house *house = context;
    return house->inner.methods->record(house->inner.context, turn);
}

static void rollback(void *context)
{
    const struct shared_house *house = context;
    house->inner.methods->rollback(house->inner.context);
}

static enum error commit(void *context)
{
    struct shared_house *house = context;
    house->commits++;
    if (!house->locked) house->commits_unlocked++;
    if (house->at_gather || !is_told(house)) {
        return house->inner.methods->commit(house->inner.context);
    }
    rollback(house);
    return house->told;
}

static enum error tend(void *context, int64_t now_ms)
{
    (void)context;
    (void)now_ms;
    return ERROR_NONE;
}

static enum error acquire(void *context, struct id showtime, bool *ret_contended)
{
    struct shared_house *house = context;
    assert_false(house->locked);
    assert_true(id_equal(showtime, shared_house_showtime(1)) ||
                id_equal(showtime, shared_house_showtime(2)));
    *ret_contended = house->contended;
    if (house->lock_told != ERROR_NONE) return house->lock_told;
    house->locked = true;
    house->acquired++;
    return ERROR_NONE;
}

static void release(void *context, struct id showtime)
{
    struct shared_house *house = context;
    (void)showtime;
    assert_true(house->locked);
    house->locked = false;
}

static void note_commit(void *context, struct id showtime, uint64_t version)
{
    struct shared_house *house = context;
    house->told_of++;
    house->told_showtime = showtime;
    house->version = version;
}

static const struct lock_methods lock_methods = {.acquire = acquire, .release = release};

int shared_house_setup(void **state)
{
    static const struct seat_layout layout = {.rows = 10, .cols = 10};
    struct shared_house *house = calloc(1, sizeof *house);
    if (house == NULL) return -1;
    *state = house;
    house->memory = memory_store_open(&key, &key);
    house->feed = feed_open(SHARED_HOUSE_SHOWTIMES);
    if (house->memory == NULL || house->feed == NULL) return -1;
    house->inner = memory_store_port(house->memory);
    house->methods = *house->inner.methods;
    house->methods.load = load;
    house->methods.begin = begin;
    house->methods.gather = gather;
    house->methods.record = record;
    house->methods.commit = commit;
    house->methods.rollback = rollback;
    house->methods.tend = tend;
    for (uint32_t number = 1; number <= SHARED_HOUSE_SHOWTIMES; number++) {
        memory_store_put_showtime(
            house->memory,
            &(struct memory_showtime){.id = shared_house_showtime((uint8_t)number),
                                      .layout = &layout,
                                      .starts_at_ms = SHARED_HOUSE_NOW_MS + HOUR_MS,
                                      .ends_at_ms = SHARED_HOUSE_NOW_MS + 2 * HOUR_MS,
                                      .prices = {90000, 90000, 90000}});
    }
    const struct engine_options options = {
        .policy = {.hold_ms = HOLD_MS_DEFAULT,
                   .payment_ms = PAYMENT_MS_DEFAULT,
                   .held_seats_max = HELD_SEATS_MAX_DEFAULT,
                   .tag_key = key},
        .showtimes_max = SHARED_HOUSE_SHOWTIMES,
        .store = {.context = house, .methods = &house->methods, .shared = true},
        .feed = house->feed,
        .lock = {.context = house, .methods = &lock_methods},
        .committed = note_commit,
        .committed_context = house,
        .answered = note_answer,
        .answered_context = house};
    house->engine = engine_open(&options);
    return house->engine == NULL ? -1 : 0;
}

int shared_house_teardown(void **state)
{
    struct shared_house *house = *state;
    engine_close(house->engine);
    feed_close(house->feed);
    memory_store_close(house->memory);
    free(house);
    return 0;
}

struct command *shared_house_submit(struct shared_house *house, uint32_t index, uint8_t showtime,
                                    uint16_t col)
{
    struct command *command = &house->commands[index];
    *command = (struct command){.kind = COMMAND_HOLD,
                                .showtime = shared_house_showtime(showtime),
                                .claim = {.user = user_of(SLICE("an")), .key.bytes = {1}},
                                .seat_count = 1,
                                .seats = {{.col = col}}};
    memcpy(command->claim.key.bytes + 8, &index, sizeof index);
    engine_submit(house->engine, command);
    return command;
}

void shared_house_run(struct shared_house *house, int64_t now_ms)
{
    uint32_t steps = 0;
    while (engine_step(house->engine, now_ms)) assert_true(++steps < 100);
}
