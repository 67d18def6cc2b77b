#include "core/seat_map.h"

#include <string.h>

#include "base/check.h"

enum {
    LETTERS = 26,
    WORD_PLACES = 8,  /* Marks that are looked at together. */
    SUM_PLACES = 240, /* What a byte can count. */
};

#define ONES UINT64_C(0x0101010101010101)

static size_t align_to_16(size_t size)
{
    return (size + 15) & ~(size_t)15;
}

size_t seat_map_size(uint32_t place_count)
{
    CHECK(place_count > 0);
    CHECK(place_count <= SEATS_PER_SHOWTIME_MAX);
    return 3 * align_to_16(place_count) + place_count * sizeof(struct seat_claim);
}

void seat_map_init(struct seat_map *map, const struct seat_layout *layout, void *block)
{
    CHECK(block != NULL);
    CHECK(layout->rows >= 1 && layout->rows <= ROWS_MAX);
    CHECK(layout->cols >= 1 && layout->cols <= COLS_MAX);

    const uint32_t place_count = (uint32_t)layout->rows * layout->cols;
    uint8_t *bytes = block;
    memset(block, 0, seat_map_size(place_count));
    *map = (struct seat_map){.place_count = place_count,
                             .rows = layout->rows,
                             .cols = layout->cols,
                             .next_lapse_ms = INT64_MAX,
                             .states = bytes,
                             .types = bytes + align_to_16(place_count),
                             .marks = bytes + 2 * align_to_16(place_count),
                             .claims = (void *)(bytes + 3 * align_to_16(place_count))};
    for (uint32_t place = 0; place < place_count; place++) {
        const uint8_t type = layout->types[place];
        map->states[place] = type < SEAT_TYPE_COUNT ? SEAT_AVAILABLE : SEAT_ABSENT;
        map->types[place] = type;
    }
}

/* Never 0, which marks what nobody holds, and the room behind the last place. */
static uint8_t mark_of(uint64_t holder)
{
    return (uint8_t)(holder | 1);
}

void seat_map_put(struct seat_map *map, uint32_t place, enum seat_state state,
                  const struct seat_claim *claim)
{
    CHECK(place < map->place_count);
    CHECK(state != SEAT_ABSENT);

    map->states[place] = (uint8_t)state;
    map->claims[place] = *claim;
    map->marks[place] = state == SEAT_HELD ? mark_of(claim->holder) : 0;
}

static bool is_letter(char letter)
{
    return letter >= 'A' && letter <= 'Z';
}

bool seat_name_parse(struct slice text, struct seat_name *ret_name)
{
    CHECK(ret_name != NULL);

    size_t at = 0;
    uint32_t row = 0;
    for (; at < text.size && at < 2 && is_letter(text.data[at]); at++) {
        row = row * LETTERS + (uint32_t)(text.data[at] - 'A') + 1;
    }
    const size_t digits = text.size - at;
    if (at == 0 || digits < 1 || digits > 3) return false;
    uint32_t col = 0;
    uint16_t zeros = 0;
    for (; at < text.size; at++) {
        const char digit = text.data[at];
        if (digit < '0' || digit > '9') return false;
        if (col == 0 && digit == '0' && at + 1 < text.size) zeros++;
        col = col * 10 + (uint32_t)(digit - '0');
    }
    *ret_name = (struct seat_name){(uint16_t)(row - 1), (uint16_t)col, zeros};
    return true;
}

size_t seat_name_format(struct seat_name name, char *target)
{
    CHECK(target != NULL);
    CHECK(name.row < LETTERS + LETTERS * LETTERS);
    CHECK(name.col <= 999);
    CHECK(name.zeros <= 2);

    size_t size = 0;
    if (name.row >= LETTERS) target[size++] = (char)('A' + name.row / LETTERS - 1);
    target[size++] = (char)('A' + name.row % LETTERS);
    for (uint16_t zero = 0; zero < name.zeros; zero++) target[size++] = '0';
    char digits[3];
    size_t count = 0;
    uint32_t col = name.col;
    do {
        digits[count++] = (char)('0' + col % 10);
        col /= 10;
    } while (col > 0);
    CHECK(size + count <= SEAT_NAME_SIZE_MAX);
    while (count > 0) target[size++] = digits[--count];
    return size;
}

uint32_t seat_map_find(const struct seat_map *map, struct seat_name name)
{
    if (name.zeros > 0 || name.row >= map->rows) return PLACE_NONE;
    if (name.col < 1 || name.col > map->cols) return PLACE_NONE;
    const uint32_t place = (uint32_t)name.row * map->cols + name.col - 1;
    return map->states[place] == SEAT_ABSENT ? PLACE_NONE : place;
}

struct seat_name seat_map_name(const struct seat_map *map, uint32_t place)
{
    CHECK(place < map->place_count);
    return (struct seat_name){.row = (uint16_t)(place / map->cols),
                              .col = (uint16_t)(place % map->cols + 1)};
}

bool seat_live(int64_t held_until_ms, int64_t now_ms)
{
    return now_ms < held_until_ms;
}

static uint32_t count_states(const struct seat_map *map, uint8_t state)
{
    uint32_t count = 0;
    for (uint32_t start = 0; start < map->place_count; start += SUM_PLACES) {
        const uint32_t left = map->place_count - start;
        const uint32_t end = start + (left < SUM_PLACES ? left : SUM_PLACES);
        uint8_t sum = 0; /* As small as what is counted, so that the compiler counts in rows. */
        for (uint32_t place = start; place < end; place++) {
            sum = (uint8_t)(sum + (map->states[place] == state));
        }
        count += sum;
    }
    return count;
}

uint32_t seat_map_available(const struct seat_map *map)
{
    return count_states(map, SEAT_AVAILABLE);
}

uint32_t seat_map_total(const struct seat_map *map)
{
    return map->place_count - count_states(map, SEAT_ABSENT);
}

int64_t seat_map_next_lapse_ms(const struct seat_map *map)
{
    const bool cancelled = map->status == SHOWTIME_CANCELLED;
    int64_t next_lapse_ms = INT64_MAX;
    for (uint32_t place = 0; place < map->place_count; place++) {
        const enum seat_state state = map->states[place];
        if (cancelled && (state == SEAT_HELD || state == SEAT_BOOKED)) return 0;
        if (state != SEAT_HELD) continue;
        const int64_t held_until_ms = map->claims[place].held_until_ms;
        if (held_until_ms < next_lapse_ms) next_lapse_ms = held_until_ms;
    }
    return next_lapse_ms;
}

/* Is one of the eight marks this one? */
static bool has_mark(const uint8_t *marks, uint8_t mark)
{
    uint64_t word;
    memcpy(&word, marks, sizeof word);
    word ^= ONES * mark;
    return ((word - ONES) & ~word & ONES * 0x80) != 0;
}

uint32_t seat_map_held_by(const struct seat_map *map, uint64_t holder, int64_t now_ms,
                          int64_t *ret_first_end_ms)
{
    CHECK(ret_first_end_ms != NULL);

    uint32_t count = 0;
    int64_t first_end_ms = INT64_MAX;
    const uint8_t mark = mark_of(holder);
    for (uint32_t place = 0; place < map->place_count; place++) {
        if (place % WORD_PLACES == 0 && !has_mark(map->marks + place, mark)) {
            place += WORD_PLACES - 1;
            continue;
        }
        if (map->marks[place] != mark) continue;
        const struct seat_claim *claim = &map->claims[place];
        if (claim->holder != holder || !seat_live(claim->held_until_ms, now_ms)) continue;
        count++;
        if (claim->held_until_ms < first_end_ms) first_end_ms = claim->held_until_ms;
    }
    *ret_first_end_ms = first_end_ms;
    return count;
}

enum showtime_status showtime_status_at(enum showtime_status stored, int64_t ends_at_ms,
                                        int64_t now_ms)
{
    if (stored == SHOWTIME_SCHEDULED && now_ms >= ends_at_ms) return SHOWTIME_COMPLETED;
    return stored;
}

static const struct slice state_names[] = {[SEAT_AVAILABLE] = SLICE_INIT("available"),
                                           [SEAT_HELD] = SLICE_INIT("held"),
                                           [SEAT_BOOKED] = SLICE_INIT("booked"),
                                           [SEAT_BLOCKED] = SLICE_INIT("blocked"),
                                           [SEAT_ABSENT] = SLICE_INIT("absent")};
static const struct slice type_names[] = {[SEAT_STANDARD] = SLICE_INIT("standard"),
                                          [SEAT_VIP] = SLICE_INIT("vip"),
                                          [SEAT_COUPLE] = SLICE_INIT("couple")};
static const struct slice status_names[] = {[SHOWTIME_SCHEDULED] = SLICE_INIT("scheduled"),
                                            [SHOWTIME_CANCELLED] = SLICE_INIT("cancelled"),
                                            [SHOWTIME_COMPLETED] = SLICE_INIT("completed")};

struct slice seat_state_name(enum seat_state state)
{
    CHECK(state <= SEAT_ABSENT);
    return state_names[state];
}

struct slice seat_type_name(enum seat_type type)
{
    CHECK(type < SEAT_TYPE_COUNT);
    return type_names[type];
}

struct slice showtime_status_name(enum showtime_status status)
{
    CHECK(status <= SHOWTIME_COMPLETED);
    return status_names[status];
}

bool seat_type_parse(struct slice text, enum seat_type *ret_type)
{
    for (uint32_t type = 0; type < SEAT_TYPE_COUNT; type++) {
        if (!slice_equal(text, type_names[type])) continue;
        *ret_type = (enum seat_type)type;
        return true;
    }
    return false;
}

bool showtime_status_parse(struct slice text, enum showtime_status *ret_status)
{
    for (uint32_t status = 0; status <= SHOWTIME_COMPLETED; status++) {
        if (!slice_equal(text, status_names[status])) continue;
        *ret_status = (enum showtime_status)status;
        return true;
    }
    return false;
}
