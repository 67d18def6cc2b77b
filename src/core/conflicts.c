#include "core/conflicts.h"

#include "base/check.h"

enum refusal conflicts_of_names(const struct seat_map *map, const struct seat_wish *wish,
                                struct seat_conflict *conflicts, uint8_t *ret_count)
{
    CHECK(wish->count >= 1);
    CHECK(wish->count <= SEATS_PER_BLOCK_MAX);

    uint8_t count = 0;
    for (uint32_t index = 0; index < wish->count; index++) {
        const struct seat_name name = wish->seats[index];
        if (seat_map_find(map, name) != PLACE_NONE) continue;
        conflicts[count++] = (struct seat_conflict){.name = name, .state = SEAT_ABSENT};
    }
    *ret_count = count;
    return count > 0 ? REFUSAL_INVALID_SEAT : REFUSAL_NONE;
}

/* The code of a conflict is that of its firmest seat. */
static enum refusal firmer(enum refusal left, enum seat_state state)
{
    if (left == REFUSAL_SEAT_ALREADY_BOOKED || state == SEAT_BOOKED) {
        return REFUSAL_SEAT_ALREADY_BOOKED;
    }
    if (left == REFUSAL_SEAT_HELD_BY_ANOTHER || state == SEAT_HELD) {
        return REFUSAL_SEAT_HELD_BY_ANOTHER;
    }
    return REFUSAL_SEAT_BLOCKED;
}

enum refusal conflicts_of_claims(const struct seat_map *map, const struct seat_wish *wish,
                                 struct seat_conflict *conflicts, uint8_t *ret_count)
{
    CHECK(wish->count >= 1);
    CHECK(wish->count <= SEATS_PER_BLOCK_MAX);

    enum refusal refusal = REFUSAL_NONE;
    uint8_t count = 0;
    for (uint32_t index = 0; index < wish->count; index++) {
        const uint32_t place = seat_map_find(map, wish->seats[index]);
        CHECK(place != PLACE_NONE);
        const enum seat_state state = map->states[place];
        if (state == SEAT_AVAILABLE) continue;
        refusal = firmer(refusal, state);
        const bool yours = state == SEAT_HELD && map->claims[place].holder == wish->tag;
        conflicts[count++] =
            (struct seat_conflict){.name = wish->seats[index], .state = state, .yours = yours};
    }
    *ret_count = count;
    return refusal;
}
