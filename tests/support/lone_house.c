#include "support/lone_house.h"

#include "support/unit.h"

#define HOUR_MS INT64_C(3600000)

struct id lone_house_showtime(void)
{
    return (struct id){.bytes = {7}};
}

static void count_answer(void *context, struct command *command)
{
    struct lone_house *house = context;
    assert_null(command->next);
    house->answered++;
}

int lone_house_setup(void **state)
{
    static const struct siphash_key key = {.bytes = {1}};
    static const struct seat_layout layout = {.rows = 10, .cols = 10};
    struct lone_house *house = calloc(1, sizeof *house);
    if (house == NULL) return -1;
    *state = house;
    house->store = memory_store_open(&key, &key);
    house->feed = feed_open(2);
    if (house->store == NULL || house->feed == NULL) return -1;
    memory_store_put_showtime(
        house->store, &(struct memory_showtime){
                          .id = lone_house_showtime(),
                          .layout = &layout,
                          .starts_at_ms = LONE_HOUSE_NOW_MS + HOUR_MS,
                          .ends_at_ms = LONE_HOUSE_NOW_MS + 2 * HOUR_MS,
                          .prices = {LONE_HOUSE_PRICE, LONE_HOUSE_PRICE, LONE_HOUSE_PRICE}});
    const struct engine_options options = {.policy = {.hold_ms = HOLD_MS_DEFAULT,
                                                      .payment_ms = PAYMENT_MS_DEFAULT,
                                                      .held_seats_max = HELD_SEATS_MAX_DEFAULT,
                                                      .tag_key = key},
                                           .showtimes_max = 2,
                                           .store = memory_store_port(house->store),
                                           .feed = house->feed,
                                           .answered = count_answer,
                                           .answered_context = house};
    house->engine = engine_open(&options);
    return house->engine == NULL ? -1 : 0;
}

int lone_house_teardown(void **state)
{
    struct lone_house *house = *state;
    engine_close(house->engine);
    feed_close(house->feed);
    memory_store_close(house->store);
    free(house);
    return 0;
}

struct command *lone_house_next(struct lone_house *house)
{
    assert_true(house->count < LONE_HOUSE_COMMANDS_MAX);
    return &house->commands[house->count++];
}

struct command *lone_house_submit_hold(struct lone_house *house, uint16_t col)
{
    const uint32_t index = house->count;
    struct command *command = lone_house_next(house);
    *command = (struct command){.kind = COMMAND_HOLD,
                                .showtime = lone_house_showtime(),
                                .claim = {.user = user_of(SLICE("an")), .key.bytes = {1}},
                                .seat_count = 1,
                                .seats = {{.col = col}}};
    memcpy(command->claim.key.bytes + 8, &index, sizeof index);
    engine_submit(house->engine, command);
    return command;
}

void lone_house_run(struct lone_house *house, int64_t now_ms)
{
    uint32_t steps = 0;
    while (engine_step(house->engine, now_ms)) assert_true(++steps < 100);
    assert_int_equal(engine_counts(house->engine).queued, 0);
}
