#include "store/mongo/mongo_showtime.h"

#include "base/check.h"
#include "store/mongo/mongo_fields.h"
#include "store/mongo/mongo_ids.h"

/* What a seat's entry says. */
struct entry {
    enum seat_state state;
    enum seat_type type;
    struct id booking;
    struct id block;
    struct user user;
    int64_t held_until_ms;
};

static bool read_state(struct slice text, enum seat_state *ret_state)
{
    for (enum seat_state state = SEAT_AVAILABLE; state <= SEAT_BLOCKED; state++) {
        if (!slice_equal(text, seat_state_name(state))) continue;
        *ret_state = state;
        return true;
    }
    return false;
}

static bool read_entry_member(const bson_iter_t *at, struct entry *entry)
{
    const char *name = bson_iter_key(at);
    if (BSON_ITER_HOLDS_NULL(at)) return true;
    if (strcmp(name, "status") == 0) return read_state(mongo_fields_text(at), &entry->state);
    if (strcmp(name, "seat_type") == 0) return seat_type_parse(mongo_fields_text(at), &entry->type);
    if (strcmp(name, "booking_id") == 0) return mongo_fields_read_id(at, &entry->booking);
    if (strcmp(name, "block_id") == 0) return mongo_fields_read_id(at, &entry->block);
    if (strcmp(name, "user_id") == 0) return mongo_fields_read_user(at, &entry->user);
    if (strcmp(name, "held_until") != 0) return true;
    return mongo_fields_read_moment(at, &entry->held_until_ms);
}

/* The member that a state needs and the entry has not; NULL if it has all. */
static const char *missing_member(const struct entry *entry)
{
    if (entry->state == SEAT_ABSENT) return "status";
    const bool claimed = entry->state == SEAT_HELD || entry->state == SEAT_BOOKED;
    if (claimed && id_is_none(entry->booking)) return "booking_id";
    if (entry->state == SEAT_HELD && entry->held_until_ms == 0) return "held_until";
    if (entry->state == SEAT_BLOCKED && id_is_none(entry->block)) return "block_id";
    return NULL;
}

/* `ret_member` is the one that keeps it from being read, NULL if the whole is no entry. */
static bool read_entry(const bson_iter_t *value, struct entry *ret_entry, const char **ret_member)
{
    bson_iter_t at;
    struct entry entry = {.state = SEAT_ABSENT};
    *ret_member = NULL;
    if (!BSON_ITER_HOLDS_DOCUMENT(value) || !bson_iter_recurse(value, &at)) return false;
    while (bson_iter_next(&at)) {
        if (read_entry_member(&at, &entry)) continue;
        *ret_member = bson_iter_key(&at);
        return false;
    }
    *ret_member = missing_member(&entry);
    *ret_entry = entry;
    return *ret_member == NULL;
}

static bool read_name(const char *text, struct seat_name *ret_name)
{
    if (!seat_name_parse(slice_of(text), ret_name) || ret_name->zeros > 0) return false;
    return ret_name->row < ROWS_MAX && ret_name->col >= 1 && ret_name->col <= COLS_MAX;
}

/* The layout is as large as the seats that it has, or as the document says. */
static bool read_layout(const bson_t *document, bson_iter_t seats, struct seat_layout *layout)
{
    bson_iter_t at;
    bson_iter_t said;
    uint32_t rows = 0;
    uint32_t cols = 0;
    if (bson_iter_init(&at, document) && bson_iter_find_descendant(&at, "layout.cols", &said)) {
        int64_t number = 0;
        if (!mongo_fields_read_number(&said, &number)) return false;
        if (number < 1 || number > COLS_MAX) return false;
        cols = (uint32_t)number;
    }
    while (bson_iter_next(&seats)) {
        struct seat_name name;
        if (!read_name(bson_iter_key(&seats), &name)) return false;
        if (name.row + 1U > rows) rows = name.row + 1U;
        if (name.col > cols) cols = name.col;
    }
    if (rows < 1 || rows > ROWS_MAX || cols < 1 || cols > COLS_MAX) return false;
    layout->rows = (uint16_t)rows;
    layout->cols = (uint16_t)cols;
    memset(layout->types, SEAT_TYPE_COUNT, sizeof layout->types);
    return true;
}

static uint32_t place_of(const struct seat_layout *layout, const char *text)
{
    struct seat_name name = {0};
    CHECK(seat_name_parse(slice_of(text), &name));
    return (uint32_t)name.row * layout->cols + name.col - 1;
}

static bool read_types(bson_iter_t seats, struct seat_layout *layout)
{
    while (bson_iter_next(&seats)) {
        struct entry entry;
        const char *member = NULL;
        if (!read_entry(&seats, &entry, &member)) return false;
        layout->types[place_of(layout, bson_iter_key(&seats))] = (uint8_t)entry.type;
    }
    return true;
}

static void read_claims(bson_iter_t seats, const struct seat_layout *layout,
                        const struct siphash_key *tag_key, struct seat_map *map)
{
    while (bson_iter_next(&seats)) {
        struct entry entry;
        const char *member = NULL;
        CHECK(read_entry(&seats, &entry, &member));
        if (entry.state == SEAT_AVAILABLE) continue;
        const uint32_t place = place_of(layout, bson_iter_key(&seats));
        struct seat_claim claim = {.booking =
                                       entry.state == SEAT_BLOCKED ? entry.block : entry.booking,
                                   .held_until_ms = entry.held_until_ms};
        if (entry.state == SEAT_HELD) {
            claim.holder = siphash(tag_key, entry.user.name, entry.user.size);
        }
        seat_map_put(map, place, entry.state, &claim);
    }
}

static bool read_prices(const bson_iter_t *at, struct seat_map *map)
{
    bson_iter_t price;
    if (!BSON_ITER_HOLDS_DOCUMENT(at) || !bson_iter_recurse(at, &price)) return false;
    while (bson_iter_next(&price)) {
        enum seat_type type;
        if (!seat_type_parse(slice_of(bson_iter_key(&price)), &type)) continue;
        if (!mongo_fields_read_number(&price, &map->prices[type])) return false;
        if (map->prices[type] < 0 || map->prices[type] > PRICE_MAX) return false;
    }
    return true;
}

static bool read_version(const bson_iter_t *at, uint64_t *ret_version)
{
    int64_t version = 0;
    if (!mongo_fields_read_number(at, &version) || version < 0) return false;
    *ret_version = (uint64_t)version;
    return true;
}

static bool read_member(const bson_iter_t *at, struct seat_map *map)
{
    const char *name = bson_iter_key(at);
    if (strcmp(name, "version") == 0) {
        return read_version(at, &map->version);
    }
    if (strcmp(name, "_id") == 0) return mongo_fields_read_id(at, &map->showtime);
    if (strcmp(name, "start_time") == 0) return mongo_fields_read_moment(at, &map->starts_at_ms);
    if (strcmp(name, "end_time") == 0) return mongo_fields_read_moment(at, &map->ends_at_ms);
    if (strcmp(name, "price") == 0) return read_prices(at, map);
    if (strcmp(name, "status") == 0) {
        return showtime_status_parse(mongo_fields_text(at), &map->status);
    }
    if (BSON_ITER_HOLDS_NULL(at)) return true;
    if (strcmp(name, "cancelled_at") == 0)
        return mongo_fields_read_moment(at, &map->cancelled_at_ms);
    if (strcmp(name, "cancellation_reason") == 0) {
        const struct slice text = mongo_fields_text(at);
        if (text.size > REASON_SIZE_MAX) return false;
        map->cancellation_reason = reason_of(text);
    }
    return true;
}

/* The field that no showtime can be without, and this one is; NULL: none. */
static const char *missing_field(const bson_t *document)
{
    static const char *const musts[] = {"_id",      "version", "status", "start_time",
                                        "end_time", "price",   "seats"};
    for (size_t index = 0; index < sizeof musts / sizeof *musts; index++) {
        if (!mongo_fields_has(document, musts[index])) return musts[index];
    }
    return NULL;
}

/* A type of seat that is there and costs nothing; NULL: none. */
static const char *unpriced_type(const struct seat_map *map)
{
    for (uint32_t place = 0; place < map->place_count; place++) {
        const uint8_t type = map->types[place];
        if (map->states[place] == SEAT_ABSENT || map->prices[type] > 0) continue;
        return seat_type_name((enum seat_type)type).data;
    }
    return NULL;
}

static bool open_seats(const bson_t *document, bson_iter_t *ret_seats)
{
    bson_iter_t at;
    return bson_iter_init_find(&at, document, "seats") && BSON_ITER_HOLDS_DOCUMENT(&at) &&
           bson_iter_recurse(&at, ret_seats);
}

bool mongo_showtime_read_layout(const bson_t *document, struct seat_layout *ret_layout)
{
    bson_iter_t seats;
    return open_seats(document, &seats) && read_layout(document, seats, ret_layout) &&
           read_types(seats, ret_layout);
}

/* The same for the same plan: its seats, and what only people need. */
static uint64_t name_layout(const bson_t *document, const struct seat_layout *layout,
                            uint32_t place_count)
{
    const struct siphash_key key = {0};
    bson_iter_t at;
    const uint8_t *plan = NULL;
    uint32_t size = 0;
    uint64_t name = siphash(&key, layout->types, place_count) + ((uint64_t)layout->cols << 1);
    if (bson_iter_init_find(&at, document, "layout") && BSON_ITER_HOLDS_DOCUMENT(&at)) {
        bson_iter_document(&at, &size, &plan);
        name ^= siphash(&key, plan, size);
    }
    return name;
}

bool mongo_showtime_read(const bson_t *document, const struct siphash_key *tag_key, void *block,
                         struct seat_map *ret_map)
{
    CHECK(tag_key != NULL);

    bson_iter_t at;
    bson_iter_t seats;
    struct seat_layout layout;
    if (!open_seats(document, &seats) || !mongo_showtime_read_layout(document, &layout))
        return false;
    seat_map_init(ret_map, &layout, block);
    ret_map->layout = name_layout(document, &layout, ret_map->place_count);
    if (!bson_iter_init(&at, document)) return false;
    while (bson_iter_next(&at)) {
        if (!read_member(&at, ret_map)) return false;
    }
    read_claims(seats, &layout, tag_key, ret_map);
    ret_map->next_lapse_ms = seat_map_next_lapse_ms(ret_map);
    return missing_field(document) == NULL && unpriced_type(ret_map) == NULL;
}

/* The first seat that cannot be read, and what of it. */
static bool blame_seat(const bson_t *document, struct mongo_fault *ret_fault)
{
    bson_iter_t seats;
    mongo_fields_blame(ret_fault, "seats", NULL);
    if (!open_seats(document, &seats)) return true;
    for (uint32_t count = 0; bson_iter_next(&seats); count++) {
        struct seat_name name;
        struct entry entry;
        const char *member = NULL;
        char seat[32];
        if (read_name(bson_iter_key(&seats), &name) && read_entry(&seats, &entry, &member))
            continue;
        (void)snprintf(seat, sizeof seat, "seats.%.16s", bson_iter_key(&seats));
        mongo_fields_blame(ret_fault, seat, member);
        return true;
    }
    return false;
}

static bool settle_is_whole(const bson_t *document)
{
    uint64_t version = 0;
    struct mongo_settle *settle = malloc(sizeof *settle);
    if (settle == NULL) return true;
    mongo_settle_init(settle);
    const bool whole = mongo_showtime_read_cut(document, &version, settle);
    mongo_settle_release(settle);
    free(settle);
    return whole;
}

bool mongo_showtime_fault(const bson_t *document, struct mongo_fault *ret_fault)
{
    bson_iter_t at;
    struct seat_map map = {0};
    const char *missing = missing_field(document);
    mongo_fields_blame(ret_fault, missing == NULL ? "_id" : missing, NULL);
    if (missing != NULL || !bson_iter_init(&at, document)) return true;
    while (bson_iter_next(&at)) {
        if (read_member(&at, &map)) continue;
        mongo_fields_blame(ret_fault, bson_iter_key(&at), NULL);
        return true;
    }
    if (blame_seat(document, ret_fault)) return true;
    struct seat_layout layout;
    mongo_fields_blame(ret_fault, "layout", "cols");
    if (!mongo_showtime_read_layout(document, &layout)) return true;
    for (uint32_t place = 0; place < (uint32_t)layout.rows * layout.cols; place++) {
        const uint8_t type = layout.types[place];
        if (type == SEAT_TYPE_COUNT || map.prices[type] > 0) continue;
        mongo_fields_blame(ret_fault, "price", seat_type_name((enum seat_type)type).data);
        return true;
    }
    mongo_fields_blame(ret_fault, "settle", NULL);
    return !settle_is_whole(document);
}

bool mongo_showtime_read_cut(const bson_t *document, uint64_t *ret_version,
                             struct mongo_settle *settle)
{
    bson_iter_t at;
    if (!bson_iter_init_find(&at, document, "version") || !read_version(&at, ret_version))
        return false;
    if (bson_iter_init_find(&at, document, "settle")) return mongo_settle_read(settle, &at);
    bson_t none = BSON_INITIALIZER;
    const bool taken = mongo_settle_take(settle, &none);
    bson_destroy(&none);
    return taken;
}

void mongo_showtime_append_seat(bson_t *set, const struct seat_map *map, uint32_t place,
                                const struct booking *booking)
{
    const enum seat_state state = (enum seat_state)map->states[place];
    const struct seat_claim *claim = &map->claims[place];
    const bson_oid_t owner = mongo_ids_to_oid(claim->booking);
    char name[sizeof "seats." + SEAT_NAME_SIZE_MAX] = "seats.";
    const size_t size = seat_name_format(seat_map_name(map, place), name + sizeof "seats." - 1);
    name[sizeof "seats." - 1 + size] = '\0';
    bson_t entry;
    BSON_APPEND_DOCUMENT_BEGIN(set, name, &entry);
    BSON_APPEND_UTF8(&entry, "status", seat_state_name(state).data);
    BSON_APPEND_UTF8(&entry, "seat_type", seat_type_name((enum seat_type)map->types[place]).data);
    if (state == SEAT_BLOCKED) BSON_APPEND_OID(&entry, "block_id", &owner);
    if (state == SEAT_HELD || state == SEAT_BOOKED) {
        CHECK(booking != NULL);
        const struct id payment = state == SEAT_BOOKED ? booking->payment : booking->active_payment;
        BSON_APPEND_OID(&entry, "booking_id", &owner);
        mongo_fields_append_user(&entry, "user_id", &booking->user);
        if (!id_is_none(payment)) {
            const bson_oid_t pay = mongo_ids_to_oid(payment);
            BSON_APPEND_OID(&entry, "pay", &pay);
        }
    }
    if (state == SEAT_HELD) {
        BSON_APPEND_DATE_TIME(&entry, "held_until", claim->held_until_ms);
        if (booking->hold_expires_at_ms != booking->first_expires_at_ms) {
            BSON_APPEND_BOOL(&entry, "ext", true);
        }
    }
    (void)bson_append_document_end(set, &entry);
}
