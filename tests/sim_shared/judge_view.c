/* judge_view.c - what the database says, all its parts together. */
#include "base/check.h"
#include "sim_shared/judge.h"
#include "store/mongo/mongo_showtime.h"

struct judged_booking *judge_booking(struct id id)
{
    for (uint32_t index = 0; index < judge.booking_count; index++) {
        if (id_equal(judge.bookings[index].document.booking.id, id)) return &judge.bookings[index];
    }
    return NULL;
}

struct judged_payment *judge_payment(struct id id)
{
    for (uint32_t index = 0; index < judge.payment_count; index++) {
        if (id_equal(judge.payments[index].document.payment.id, id)) return &judge.payments[index];
    }
    return NULL;
}

struct judged_showtime *judge_showtime(struct id id)
{
    for (uint32_t index = 0; index < judge.showtime_count; index++) {
        if (id_equal(judge.showtimes[index].id, id)) return &judge.showtimes[index];
    }
    return NULL;
}

static enum seat_state state_of(const bson_iter_t *at)
{
    for (enum seat_state state = SEAT_AVAILABLE; state <= SEAT_BLOCKED; state++) {
        if (slice_equal(mongo_fields_text(at), seat_state_name(state))) return state;
    }
    judge_break("a seat has no state");
    return SEAT_AVAILABLE;
}

static void read_seat(struct judged_seat *seat, const bson_iter_t *value)
{
    bson_iter_t at;
    *seat = (struct judged_seat){0};
    CHECK(bson_iter_recurse(value, &at));
    while (bson_iter_next(&at)) {
        const char *name = bson_iter_key(&at);
        if (strcmp(name, "status") == 0) seat->state = state_of(&at);
        const bool owns = strcmp(name, "booking_id") == 0 || strcmp(name, "block_id") == 0;
        if (owns) (void)mongo_fields_read_id(&at, &seat->owner);
        if (strcmp(name, "pay") == 0) (void)mongo_fields_read_id(&at, &seat->pay);
        if (strcmp(name, "held_until") == 0) seat->held_until_ms = bson_iter_date_time(&at);
    }
}

static void read_seats(struct judged_showtime *showtime, const bson_t *document)
{
    bson_iter_t at;
    bson_iter_t seat;
    memcpy(showtime->before, showtime->seats, sizeof showtime->before);
    CHECK(bson_iter_init_find(&at, document, "seats"));
    CHECK(bson_iter_recurse(&at, &seat));
    showtime->seat_count = 0;
    while (bson_iter_next(&seat)) {
        struct seat_name name;
        CHECK(seat_name_parse(slice_of(bson_iter_key(&seat)), &name));
        CHECK(name.row == 0);
        CHECK(name.col <= JUDGE_SEATS_MAX);
        read_seat(&showtime->seats[name.col - 1], &seat);
        showtime->seat_count++;
    }
}

static void keep_version(struct judged_showtime *showtime)
{
    CHECK(showtime->version_count < JUDGE_VERSIONS_MAX);
    const uint32_t last = showtime->version_count++;
    showtime->versions[last].version = showtime->version;
    for (uint32_t place = 0; place < JUDGE_SEATS_MAX; place++) {
        showtime->versions[last].states[place] = (uint8_t)showtime->seats[place].state;
    }
}

void judge_read_showtime(struct judged_showtime *showtime, const bson_t *document)
{
    bson_iter_t at;
    read_seats(showtime, document);
    JUDGE_MUST(mongo_showtime_read_cut(document, &showtime->version, &showtime->settle),
               "a showtime cannot be read");
    CHECK(bson_iter_init_find(&at, document, "status"));
    showtime->cancelled = slice_equal(mongo_fields_text(&at), SLICE("cancelled"));
    CHECK(bson_iter_init_find(&at, document, "start_time"));
    showtime->starts_at_ms = bson_iter_date_time(&at);
    CHECK(bson_iter_init_find(&at, document, "available_seats"));
    showtime->available = bson_iter_as_int64(&at);
    keep_version(showtime);
}

uint32_t judge_place(const struct booking *booking, uint32_t seat)
{
    return booking->seats[seat].name.col - 1U;
}

static bool has_first_seat(const struct judged_showtime *showtime, const struct booking *booking)
{
    return id_equal(showtime->seats[judge_place(booking, 0)].owner, booking->id);
}

bool judge_stands_booking(const struct judged_booking *booking, struct booking *ret_standing)
{
    const struct judged_showtime *showtime = &judge.showtimes[booking->showtime];
    struct mongo_booking merged = booking->document;
    const struct mongo_settle_entry *entry =
        mongo_settle_find(&showtime->settle, MONGO_BOOKINGS, merged.booking.id);
    if (entry != NULL && entry->version > merged.version) {
        bson_t value;
        mongo_settle_value(entry, &value);
        JUDGE_MUST(mongo_documents_read_booking(&value, &merged), "a decision cannot be read");
    }
    *ret_standing = merged.booking;
    if (merged.never_held_at_ms > 0) return false;
    return booking->decision_count > 0 || has_first_seat(showtime, &merged.booking);
}

bool judge_stands_payment(const struct judged_payment *payment, struct payment *ret_standing)
{
    const struct judged_booking *booking = judge_booking(payment->document.payment.booking);
    CHECK(booking != NULL);
    const struct judged_showtime *showtime = &judge.showtimes[booking->showtime];
    struct mongo_payment merged = payment->document;
    const struct id id = merged.payment.id;
    const struct mongo_settle_entry *entry =
        mongo_settle_find(&showtime->settle, MONGO_PAYMENTS, id);
    if (entry != NULL && entry->version > merged.version) {
        bson_t value;
        mongo_settle_value(entry, &value);
        JUDGE_MUST(mongo_documents_read_payment(&value, &merged), "a decision cannot be read");
    }
    *ret_standing = merged.payment;
    return entry != NULL || merged.version > 0 || merged.payment.status != PAYMENT_PENDING ||
           (booking->stands && (id_equal(booking->standing.active_payment, id) ||
                                id_equal(booking->standing.payment, id)));
}

/* A turn may grow the version more than once in its one commit, and judges what it has itself
 * taken or left: the commit that came to the version, and what it found. */
bool judge_was_taken(const struct judged_showtime *showtime, uint64_t version, uint32_t place)
{
    uint32_t index = 0;
    while (index + 1 < showtime->version_count && showtime->versions[index].version < version) {
        index++;
    }
    if (showtime->versions[index].states[place] != SEAT_AVAILABLE) return true;
    return index > 0 && showtime->versions[index - 1].states[place] != SEAT_AVAILABLE;
}

int judge_booking_rank(enum booking_status status)
{
    static const int ranks[BOOKING_STATUS_COUNT] = {[BOOKING_PENDING] = 0,
                                                    [BOOKING_EXPIRED] = 1,
                                                    [BOOKING_CONFIRMED] = 2,
                                                    [BOOKING_CANCELLED] = 3};
    return ranks[status];
}

int judge_payment_rank(enum payment_status status)
{
    static const int ranks[PAYMENT_STATUS_COUNT] = {
        [PAYMENT_PENDING] = 0,       [PAYMENT_PROCESSING] = 1, [PAYMENT_FAILED] = 2,
        [PAYMENT_COMPLETED] = 3,     [PAYMENT_REFUND_DUE] = 4, [PAYMENT_REFUNDING] = 5,
        [PAYMENT_REFUND_FAILED] = 6, [PAYMENT_REFUNDED] = 7};
    return ranks[status];
}
