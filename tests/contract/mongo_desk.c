#include "contract/mongo_desk.h"

#include "base/check.h"

enum { RACES_MAX = 20 };

void mongo_desk_open(struct mongo_desk *desk, struct mongo_fixture *fixture, struct id showtime,
                     struct mongo_hook hook)
{
    static const struct siphash_key tag_key = {.bytes = {7}};
    *desk = (struct mongo_desk){.policy = {.hold_ms = HOLD_MS_DEFAULT,
                                           .payment_ms = PAYMENT_MS_DEFAULT,
                                           .held_seats_max = HELD_SEATS_MAX_DEFAULT,
                                           .tag_key = tag_key},
                                .showtime = showtime,
                                .now_ms = FIXTURE_NOW_MS,
                                .turn = calloc(1, sizeof *desk->turn),
                                .block = aligned_alloc(16, SHOWTIME_BLOCK_SIZE_MAX)};
    CHECK(desk->turn != NULL);
    CHECK(desk->block != NULL);
    desk->mongo = mongo_fixture_store(fixture, &tag_key, hook);
    desk->store = mongo_store_port(desk->mongo);
}

void mongo_desk_close(struct mongo_desk *desk)
{
    mongo_store_close(desk->mongo);
    free(desk->turn);
    free(desk->block);
    *desk = (struct mongo_desk){0};
}

void mongo_desk_undo(struct mongo_desk *desk)
{
    desk->store.methods->rollback(desk->store.context);
}

enum error mongo_desk_commit(struct mongo_desk *desk)
{
    return desk->store.methods->commit(desk->store.context);
}

static enum error load(struct mongo_desk *desk)
{
    return desk->store.methods->load(desk->store.context, desk->showtime, desk->block, &desk->map);
}

void mongo_desk_load(struct mongo_desk *desk)
{
    const enum error error = load(desk);
    if (error != ERROR_NONE) fprintf(stderr, "a load failed: %s\n", error_name(error));
    CHECK(error == ERROR_NONE);
}

enum error mongo_desk_decide(struct mongo_desk *desk, struct command *command)
{
    const struct store *store = &desk->store;
    command->showtime = desk->showtime;
    desk->now_ms++;
    enum error error = store->methods->begin(store->context);
    if (error != ERROR_NONE) return error;
    error = load(desk);
    if (error == ERROR_NONE) {
        turn_begin(desk->turn, &desk->policy, NULL, &desk->map, desk->now_ms);
        turn_add(desk->turn, command);
        error = store->methods->gather(store->context, desk->turn);
    }
    if (error == ERROR_NONE) {
        turn_decide(desk->turn);
        if (turn_changed(desk->turn)) error = store->methods->record(store->context, desk->turn);
    }
    if (error != ERROR_NONE) mongo_desk_undo(desk);
    return error;
}

enum error mongo_desk_try(struct mongo_desk *desk, struct command *command)
{
    const enum error error = mongo_desk_decide(desk, command);
    return error == ERROR_NONE ? mongo_desk_commit(desk) : error;
}

void mongo_desk_run(struct mongo_desk *desk, struct command *command)
{
    enum error error = ERROR_BOOKING_LOCK_FAILED;
    for (int race = 0; race < RACES_MAX && error == ERROR_BOOKING_LOCK_FAILED; race++) {
        error = mongo_desk_try(desk, command);
    }
    if (error != ERROR_NONE) fprintf(stderr, "a turn failed: %s\n", error_name(error));
    CHECK(error == ERROR_NONE);
    CHECK(command->answer.failure == ERROR_NONE);
}

static uint32_t place_of(const struct mongo_desk *desk, const char *seat)
{
    struct seat_name name;
    CHECK(seat_name_parse(slice_of(seat), &name));
    const uint32_t place = seat_map_find(&desk->map, name);
    CHECK(place != PLACE_NONE);
    return place;
}

enum seat_state mongo_desk_state(const struct mongo_desk *desk, const char *seat)
{
    return (enum seat_state)desk->map.states[place_of(desk, seat)];
}

struct id mongo_desk_owner(const struct mongo_desk *desk, const char *seat)
{
    return desk->map.claims[place_of(desk, seat)].booking;
}
