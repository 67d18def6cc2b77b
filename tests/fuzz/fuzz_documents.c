/* fuzz_documents.c - showtimes, bookings and payments that another hand has put into the database:
 * what is accepted says the same after it was written and read again, and has no moment, amount or
 * seat that the core would not take; what is refused names a field.
 *
 * An input is a letter - s(howtime), b(ooking), p(ayment) - and a document in BSON; or a capital
 * letter and the document in JSON, for a corpus that people can read. */
#include "fuzz/fuzz.h"

#include "core/layout.h"
#include "ports/store.h"
#include "store/mongo/mongo_documents.h"
#include "store/mongo/mongo_entries.h"
#include "store/mongo/mongo_showtime.h"

#define MOMENT_MAX_MS INT64_C(253402300799999)

static void check_moment(int64_t moment_ms)
{
    CHECK(moment_ms >= 0);
    CHECK(moment_ms <= MOMENT_MAX_MS);
}

static bool booking_same(const struct mongo_booking *left, const struct mongo_booking *right)
{
    const struct booking *one = &left->booking;
    const struct booking *two = &right->booking;
    bool same = id_equal(one->id, two->id) && id_equal(one->showtime, two->showtime) &&
                user_equal(&one->user, &two->user) && one->status == two->status &&
                one->seat_count == two->seat_count && one->final_amount == two->final_amount &&
                one->held_at_ms == two->held_at_ms && left->version == right->version &&
                one->hold_expires_at_ms == two->hold_expires_at_ms &&
                id_equal(one->payment, two->payment) && uuid_equal(left->key, right->key) &&
                memcmp(&one->code, &two->code, sizeof one->code) == 0;
    for (uint32_t index = 0; same && index < one->seat_count; index++) {
        same = memcmp(&one->seats[index].name, &two->seats[index].name,
                      sizeof one->seats[index].name) == 0 &&
               one->seats[index].price == two->seats[index].price;
    }
    return same;
}

static void fuzz_booking(const bson_t *document)
{
    struct mongo_booking booking = {0};
    struct mongo_booking again = {0};
    struct mongo_fault fault = {""};
    if (!mongo_documents_read_booking(document, &booking)) {
        CHECK(mongo_documents_booking_fault(document, &fault));
        CHECK(fault.field[0] != '\0');
        return;
    }
    CHECK(!mongo_documents_booking_fault(document, &fault));
    if (!bson_has_field(document, "_id")) return; /* A change of one. */
    const struct booking *read = &booking.booking;
    CHECK(read->seat_count >= 1);
    CHECK(read->seat_count <= SEATS_PER_HOLD_MAX);
    CHECK(read->final_amount >= 0);
    check_moment(read->held_at_ms);
    check_moment(read->hold_expires_at_ms);
    for (uint32_t index = 0; index < read->seat_count; index++) {
        CHECK(read->seats[index].price >= 0);
        CHECK(read->seats[index].type < SEAT_TYPE_COUNT);
    }
    bson_t written = BSON_INITIALIZER;
    mongo_documents_append_booking(&booking, &written);
    CHECK(mongo_documents_read_booking(&written, &again));
    CHECK(booking_same(&booking, &again));
    bson_destroy(&written);
}

static void fuzz_payment(const bson_t *document)
{
    struct mongo_payment payment = {0};
    struct mongo_payment again = {0};
    struct mongo_fault fault = {""};
    if (!mongo_documents_read_payment(document, &payment)) {
        CHECK(mongo_documents_payment_fault(document, &fault));
        CHECK(fault.field[0] != '\0');
        return;
    }
    CHECK(!mongo_documents_payment_fault(document, &fault));
    if (!bson_has_field(document, "_id")) return;
    CHECK(payment.payment.amount >= 0);
    CHECK(payment.payment.paid_amount >= 0);
    check_moment(payment.payment.paid_at_ms);
    check_moment(payment.payment.expires_at_ms);
    bson_t written = BSON_INITIALIZER;
    mongo_documents_append_payment(&payment, &written);
    CHECK(mongo_documents_read_payment(&written, &again));
    CHECK(id_equal(payment.payment.booking, again.payment.booking));
    CHECK(payment.payment.status == again.payment.status);
    CHECK(payment.payment.method == again.payment.method);
    CHECK(payment.payment.amount == again.payment.amount);
    CHECK(payment.payment.paid_amount == again.payment.paid_amount);
    CHECK(payment.version == again.version);
    bson_destroy(&written);
}

/* Every seat that has an owner, written as a commit does, is the same when it is read. */
static void check_seats(const struct seat_map *map)
{
    static const struct booking none;
    bson_t set = BSON_INITIALIZER;
    for (uint32_t place = 0; place < map->place_count; place++) {
        const uint8_t state = map->states[place];
        if (state == SEAT_ABSENT) continue;
        CHECK(map->types[place] < SEAT_TYPE_COUNT);
        CHECK(map->prices[map->types[place]] >= 1);
        const bool owned = state != SEAT_AVAILABLE;
        CHECK(!owned || !id_is_none(map->claims[place].booking));
        if (state == SEAT_HELD) check_moment(map->claims[place].held_until_ms);
        struct booking booking = none;
        booking.id = map->claims[place].booking;
        booking.user = user_of(SLICE("an"));
        mongo_showtime_append_seat(&set, map, place, owned ? &booking : NULL);
    }
    CHECK(bson_validate(&set, BSON_VALIDATE_NONE, NULL));
    bson_destroy(&set);
}

static void fuzz_showtime(const bson_t *document)
{
    static _Alignas(16) char block[SHOWTIME_BLOCK_SIZE_MAX];
    static const struct siphash_key tag_key = {.bytes = {7}};
    static struct mongo_settle settle;
    static struct seat_plan plan;
    struct seat_map map;
    struct mongo_fault fault = {""};
    uint64_t version = 0;
    mongo_settle_init(&settle);
    const bool whole = mongo_showtime_read(document, &tag_key, block, &map);
    const bool cut = mongo_showtime_read_cut(document, &version, &settle);
    const bool faulty = mongo_showtime_fault(document, &fault);
    CHECK(faulty == !(whole && cut));
    CHECK(!faulty || fault.field[0] != '\0');
    if (whole) {
        check_seats(&map);
        check_moment(map.starts_at_ms);
        check_moment(map.ends_at_ms);
    }
    for (uint32_t index = 0; cut && index < settle.count; index++) {
        bson_t value;
        mongo_settle_value(&settle.entries[index], &value);
        fuzz_booking(&value);
        fuzz_payment(&value);
    }
    const bool planned = mongo_entries_read_plan(document, &plan);
    CHECK(!planned || layout_places(&plan.layout) <= SEATS_PER_SHOWTIME_MAX);
    CHECK(!whole || bson_has_field(document, "layout") || planned);
    mongo_settle_release(&settle);
}

static void fuzz(char kind, const bson_t *document)
{
    if (kind == 's') fuzz_showtime(document);
    else if (kind == 'b') fuzz_booking(document);
    else if (kind == 'p') fuzz_payment(document);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bson_t document;
    if (size < 1) return 0;
    const char kind = (char)data[0];
    if (kind >= 'a' && kind <= 'z') {
        if (bson_init_static(&document, data + 1, size - 1)) fuzz(kind, &document);
        return 0;
    }
    bson_error_t why;
    bson_t *parsed = bson_new_from_json(data + 1, (ssize_t)size - 1, &why);
    if (parsed == NULL) return 0;
    fuzz((char)(kind + 'a' - 'A'), parsed);
    bson_destroy(parsed);
    return 0;
}
