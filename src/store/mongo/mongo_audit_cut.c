#include "store/mongo/mongo_audit_cut.h"

#include "base/check.h"
#include "store/mongo/mongo_entries.h"
#include "store/mongo/mongo_showtime.h"

struct seat_name mongo_audit_cut_name(uint32_t position)
{
    return (struct seat_name){.row = (uint16_t)(position / COLS_MAX),
                              .col = (uint16_t)(position % COLS_MAX + 1)};
}

static struct mongo_audit_seat *find(struct mongo_audit_cut *cut, struct seat_name name)
{
    if (name.zeros > 0 || name.row >= ROWS_MAX) return NULL;
    if (name.col < 1 || name.col > COLS_MAX) return NULL;
    return &cut->seats[name.row * COLS_MAX + name.col - 1];
}

struct mongo_audit_seat *mongo_audit_cut_seat(struct mongo_audit_cut *cut, struct seat_name name)
{
    struct mongo_audit_seat *seat = find(cut, name);
    return seat != NULL && seat->there ? seat : NULL;
}

static bool read_state(struct slice text, enum seat_state *ret_state)
{
    for (enum seat_state state = SEAT_AVAILABLE; state <= SEAT_BLOCKED; state++) {
        if (!slice_equal(text, seat_state_name(state))) continue;
        *ret_state = state;
        return true;
    }
    return false;
}

static bool read_member(const bson_iter_t *at, struct mongo_audit_seat *seat, struct id *booking,
                        struct id *block)
{
    const char *name = bson_iter_key(at);
    if (BSON_ITER_HOLDS_NULL(at)) return true;
    if (strcmp(name, "status") == 0) return read_state(mongo_fields_text(at), &seat->state);
    if (strcmp(name, "seat_type") == 0) return seat_type_parse(mongo_fields_text(at), &seat->type);
    if (strcmp(name, "booking_id") == 0) return mongo_fields_read_id(at, booking);
    if (strcmp(name, "block_id") == 0) return mongo_fields_read_id(at, block);
    if (strcmp(name, "pay") == 0) return mongo_fields_read_id(at, &seat->payment);
    if (strcmp(name, "user_id") == 0) return mongo_fields_read_user(at, &seat->user);
    if (strcmp(name, "held_until") != 0) return true;
    if (!BSON_ITER_HOLDS_DATE_TIME(at)) return false;
    seat->held_until_ms = bson_iter_date_time(at);
    return true;
}

static bool read_seat(const bson_iter_t *value, struct mongo_audit_seat *seat)
{
    bson_iter_t at;
    struct id booking = {0};
    struct id block = {0};
    seat->state = SEAT_ABSENT;
    if (!BSON_ITER_HOLDS_DOCUMENT(value) || !bson_iter_recurse(value, &at)) return false;
    while (bson_iter_next(&at)) {
        if (!read_member(&at, seat, &booking, &block)) return false;
    }
    const bool claimed = seat->state == SEAT_HELD || seat->state == SEAT_BOOKED;
    seat->owner = seat->state == SEAT_BLOCKED ? block : booking;
    if (seat->state == SEAT_ABSENT || claimed == id_is_none(booking)) return false;
    if ((seat->state == SEAT_BLOCKED) == id_is_none(block)) return false;
    return (seat->state == SEAT_HELD) == (seat->held_until_ms != 0);
}

static bool take_seats(struct mongo_audit_cut *cut, const bson_t *document)
{
    bson_iter_t at;
    bson_iter_t seats;
    if (!bson_iter_init_find(&at, document, "seats") || !BSON_ITER_HOLDS_DOCUMENT(&at))
        return false;
    if (!bson_iter_recurse(&at, &seats)) return false;
    while (bson_iter_next(&seats)) {
        struct seat_name name;
        if (!seat_name_parse(slice_of(bson_iter_key(&seats)), &name)) return false;
        struct mongo_audit_seat *seat = find(cut, name);
        if (seat == NULL) return false;
        *seat = (struct mongo_audit_seat){.there = true};
        seat->broken = !read_seat(&seats, seat);
    }
    return true;
}

static int64_t moment_of(const bson_t *document, const char *name)
{
    bson_iter_t at;
    if (!bson_iter_init_find(&at, document, name) || !BSON_ITER_HOLDS_DATE_TIME(&at)) return 0;
    return bson_iter_date_time(&at);
}

bool mongo_audit_cut_take(struct mongo_audit *audit, struct id showtime, const bson_t *document)
{
    struct mongo_audit_cut *cut = &audit->cut;
    bson_iter_t at;
    memset(cut->seats, 0, sizeof cut->seats);
    memset(cut->settled, 0, sizeof cut->settled);
    cut->showtime = showtime;
    cut->version = 0;
    cut->cancelled_at_ms = moment_of(document, "cancelled_at");
    cut->updated_at_ms = moment_of(document, "updatedAt");
    cut->settle_at_ms = moment_of(document, "settle_at");
    mongo_settle_release(&cut->settle);
    mongo_settle_init(&cut->settle);
    const bool versioned = mongo_showtime_read_cut(document, &cut->version, &cut->settle);
    const bool named = bson_iter_init_find(&at, document, "status") &&
                       showtime_status_parse(mongo_fields_text(&at), &cut->status);
    return take_seats(cut, document) && versioned && cut->version <= INT64_MAX && named;
}

static void say(struct mongo_audit *audit, const char *what)
{
    mongo_audit_say(audit, MONGO_AUDIT_SHOWTIME, "Showtime %s %s",
                    mongo_audit_name(audit->cut.showtime).text, what);
}

static void judge_version(struct mongo_audit *audit, const bson_t *document)
{
    bson_iter_t at;
    if (!bson_iter_init_find(&at, document, "version") || !BSON_ITER_HOLDS_NUMBER(&at)) {
        say(audit, "has no version");
    } else if (bson_iter_as_int64(&at) < 0) {
        mongo_audit_say(audit, MONGO_AUDIT_SHOWTIME, "Showtime %s has the version %lld",
                        mongo_audit_name(audit->cut.showtime).text,
                        (long long)bson_iter_as_int64(&at));
    }
}

static void judge_status(struct mongo_audit *audit, const bson_t *document)
{
    bson_iter_t at;
    enum showtime_status status;
    if (!bson_iter_init_find(&at, document, "status") ||
        !showtime_status_parse(mongo_fields_text(&at), &status)) {
        say(audit, "has a status that none can have");
        return;
    }
    if ((status == SHOWTIME_CANCELLED) == (audit->cut.cancelled_at_ms != 0)) return;
    mongo_audit_say(audit, MONGO_AUDIT_SHOWTIME,
                    "Showtime %s is %s, but cancelled_at says otherwise",
                    mongo_audit_name(audit->cut.showtime).text, showtime_status_name(status).data);
}

static void judge_prices(struct mongo_audit *audit, const bson_t *document)
{
    bson_iter_t at;
    bson_iter_t price;
    bool right = bson_iter_init_find(&at, document, "price") && BSON_ITER_HOLDS_DOCUMENT(&at) &&
                 bson_iter_recurse(&at, &price);
    while (right && bson_iter_next(&price)) {
        enum seat_type type;
        if (!seat_type_parse(slice_of(bson_iter_key(&price)), &type)) continue;
        const int64_t amount = bson_iter_as_int64(&price);
        right = BSON_ITER_HOLDS_NUMBER(&price) && amount >= 0 && amount <= PRICE_MAX;
    }
    if (!right) say(audit, "has a price that none can have");
}

static void judge_seats(struct mongo_audit *audit, const bson_t *document)
{
    bson_iter_t at;
    if (!bson_iter_init_find(&at, document, "seats") || !BSON_ITER_HOLDS_DOCUMENT(&at)) {
        say(audit, "has no seats");
        return;
    }
    for (uint32_t position = 0; position < SEATS_PER_SHOWTIME_MAX; position++) {
        if (!audit->cut.seats[position].broken) continue;
        mongo_audit_say(audit, MONGO_AUDIT_SEAT,
                        "Showtime %s: seat %s has a value that no seat can have",
                        mongo_audit_name(audit->cut.showtime).text,
                        mongo_audit_seat_name(mongo_audit_cut_name(position)).text);
    }
}

/* The seats are those that the layout was sold with. */
static void judge_layout(struct mongo_audit *audit, const bson_t *document)
{
    if (!bson_has_field(document, "layout")) return;
    struct seat_plan *plan = malloc(sizeof *plan);
    if (plan == NULL) return;
    const bool whole = mongo_entries_read_plan(document, plan);
    if (!whole) say(audit, "has a layout that none can have");
    for (uint32_t position = 0; whole && position < SEATS_PER_SHOWTIME_MAX; position++) {
        const struct mongo_audit_seat *seat = &audit->cut.seats[position];
        const struct seat_name name = mongo_audit_cut_name(position);
        const struct seat_layout *layout = &plan->layout;
        uint32_t type = SEAT_TYPE_COUNT;
        if (name.row < layout->rows && name.col <= layout->cols) {
            type = layout->types[name.row * layout->cols + name.col - 1];
        }
        const bool same =
            seat->there ? seat->broken || type == (uint32_t)seat->type : type == SEAT_TYPE_COUNT;
        if (same) continue;
        mongo_audit_say(audit, MONGO_AUDIT_SEAT, "Showtime %s: seat %s is not what the layout says",
                        mongo_audit_name(audit->cut.showtime).text,
                        mongo_audit_seat_name(name).text);
    }
    free(plan);
}

static void judge_number(struct mongo_audit *audit, const bson_t *document, const char *name,
                         uint32_t right, const char *noun)
{
    bson_iter_t at;
    const bool there = bson_iter_init_find(&at, document, name) && BSON_ITER_HOLDS_NUMBER(&at);
    const int64_t said = there ? bson_iter_as_int64(&at) : -1;
    if (said == (int64_t)right) return;
    mongo_audit_say(audit, MONGO_AUDIT_SHOWTIME, "Showtime %s says %lld %s, but %u are",
                    mongo_audit_name(audit->cut.showtime).text, (long long)said, noun, right);
}

/* A hold ends by itself only if `due_at` says when; a document of another hand has none. */
static void judge_due(struct mongo_audit *audit, const bson_t *document, int64_t lapse_ms)
{
    const int64_t due_ms = moment_of(document, "due_at");
    const bool said = !bson_has_field(document, "due_at") || lapse_ms == due_ms ||
                      (lapse_ms == INT64_MAX && due_ms == 0);
    if (said) return;
    mongo_audit_say(audit, MONGO_AUDIT_SHOWTIME,
                    "Showtime %s says that something is due at %lld, but it is at %lld",
                    mongo_audit_name(audit->cut.showtime).text, (long long)due_ms,
                    lapse_ms == INT64_MAX ? 0LL : (long long)lapse_ms);
}

static void judge_map(struct mongo_audit *audit, const bson_t *document, const struct seat_map *map)
{
    judge_number(audit, document, "total_seats", seat_map_total(map), "seats");
    judge_number(audit, document, "available_seats", seat_map_available(map), "free seats");
    judge_due(audit, document, seat_map_next_lapse_ms(map));
}

static void judge_entry(struct mongo_audit *audit, uint32_t index)
{
    const struct mongo_settle *settle = &audit->cut.settle;
    const struct mongo_settle_entry *entry = &settle->entries[index];
    if (entry->version < 1 || (uint64_t)entry->version > audit->cut.version) {
        mongo_audit_say(audit, MONGO_AUDIT_SETTLE,
                        "Showtime %s: what is to be settled of %s is of version %lld, but the "
                        "showtime has %llu",
                        mongo_audit_name(audit->cut.showtime).text,
                        mongo_audit_name(entry->id).text, (long long)entry->version,
                        (unsigned long long)audit->cut.version);
    }
    for (uint32_t other = 0; other < index; other++) {
        if (settle->entries[other].collection != entry->collection) continue;
        if (!id_equal(settle->entries[other].id, entry->id)) continue;
        mongo_audit_say(audit, MONGO_AUDIT_SETTLE, "Showtime %s: %s is to be settled twice",
                        mongo_audit_name(audit->cut.showtime).text,
                        mongo_audit_name(entry->id).text);
    }
}

/* A sweep finds what is to be settled by `settle_at` alone. */
static void judge_settle(struct mongo_audit *audit, const bson_t *document)
{
    uint64_t version = 0;
    struct mongo_audit_cut *cut = &audit->cut;
    bson_iter_t at;
    const bool versioned =
        bson_iter_init_find(&at, document, "version") && BSON_ITER_HOLDS_NUMBER(&at);
    if (versioned && !mongo_showtime_read_cut(document, &version, &cut->settle)) {
        mongo_audit_say(audit, MONGO_AUDIT_SETTLE,
                        "Showtime %s: what is to be settled is unreadable",
                        mongo_audit_name(cut->showtime).text);
        return;
    }
    for (uint32_t index = 0; index < cut->settle.count; index++) judge_entry(audit, index);
    if (cut->settle.count > 0 && cut->settle_at_ms == 0) {
        mongo_audit_say(audit, MONGO_AUDIT_SETTLE,
                        "Showtime %s: %u are to be settled, but no sweep will find them: settle_at "
                        "is not set",
                        mongo_audit_name(cut->showtime).text, cut->settle.count);
    }
}

void mongo_audit_cut_judge(struct mongo_audit *audit, const bson_t *document)
{
    CHECK(!audit->look.open);

    const uint64_t before = audit->counts.violations;
    judge_version(audit, document);
    judge_status(audit, document);
    judge_prices(audit, document);
    judge_seats(audit, document);
    judge_layout(audit, document);
    judge_settle(audit, document);
    static const struct siphash_key tag_key = {0};
    struct seat_map map;
    if (mongo_showtime_read(document, &tag_key, audit->block, &map))
        judge_map(audit, document, &map);
    else if (audit->counts.violations == before) say(audit, "cannot be served");
}
