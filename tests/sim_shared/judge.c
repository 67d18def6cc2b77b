#include "sim_shared/judge.h"

#include <stdarg.h>

#include "base/check.h"
#include "sim_shared/judge_rules.h"
#include "sim_shared/reached.h"

struct judge judge;

void judge_begin(bool verbose)
{
    for (uint32_t index = 0; index < JUDGE_SHOWTIMES_MAX; index++) {
        mongo_settle_init(&judge.showtimes[index].settle);
        mongo_settle_init(&judge.showtimes[index].settle_before);
        judge.showtimes[index].version_count = 0;
    }
    judge.broken = false;
    judge.fault[0] = '\0';
    judge.rule = NULL;
    judge.verbose = verbose;
    judge.changes = 0;
    judge.answers = 0;
    judge.digest = UINT64_C(0xcbf29ce484222325);
    judge.showtime_count = 0;
    judge.booking_count = 0;
    judge.payment_count = 0;
    memset(judge.keys, 0, sizeof judge.keys);
}

void judge_end(void)
{
    for (uint32_t index = 0; index < JUDGE_SHOWTIMES_MAX; index++) {
        mongo_settle_release(&judge.showtimes[index].settle);
        mongo_settle_release(&judge.showtimes[index].settle_before);
    }
}

void judge_break(const char *format, ...)
{
    if (judge.broken) return;
    judge.broken = true;
    judge.rule = format;
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(judge.fault, sizeof judge.fault, format, arguments);
    va_end(arguments);
    if (judge.verbose) printf("BROKEN: %s\n", judge.fault);
}

static void mix(const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    for (size_t index = 0; index < size; index++) {
        judge.digest = (judge.digest ^ at[index]) * UINT64_C(0x100000001b3);
    }
}

static void print_change(enum mongo_collection collection, const bson_t *before,
                         const bson_t *after)
{
    static const char *const names[MONGO_COLLECTION_COUNT] = {"showtimes", "bookings", "payments",
                                                              "keys",      "blocks",   "journal",
                                                              "movies",    "cinemas",  "settings"};
    char *text = bson_as_relaxed_extended_json(after == NULL ? before : after, NULL);
    const char *what = before == NULL ? "came" : after == NULL ? "went" : "changed";
    printf("%lld ms, fiber %u: %s %s: %s\n", (long long)(weather.now_ms % 100000000), fibers_self(),
           names[collection], what, text);
    bson_free(text);
}

static void note_decision(uint32_t *count, struct decision *decisions, int64_t version, int status)
{
    if (*count > 0 && decisions[*count - 1].version == version) {
        JUDGE_MUST(decisions[*count - 1].status == status, "R1: a version decided twice");
        return;
    }
    if (*count > 0 && decisions[*count - 1].version > version) return; /* Carried on. */
    CHECK(*count < JUDGE_DECISIONS_MAX);
    decisions[(*count)++] = (struct decision){version, status};
}

static bool is_decided(uint32_t count, const struct decision *decisions, int64_t version,
                       int status)
{
    for (uint32_t index = 0; index < count; index++) {
        if (decisions[index].version == version) return decisions[index].status == status;
    }
    return false;
}

/* What a commit says for the first time. */
static void note_decisions(const struct judged_showtime *showtime)
{
    for (uint32_t index = 0; index < showtime->settle.count; index++) {
        const struct mongo_settle_entry *entry = &showtime->settle.entries[index];
        bson_t value;
        mongo_settle_value(entry, &value);
        if (entry->collection == MONGO_BOOKINGS) {
            struct judged_booking *booking = judge_booking(entry->id);
            struct mongo_booking read;
            JUDGE_MUST(booking != NULL, "I4: a decision on a booking without a document");
            if (booking == NULL) continue;
            read = booking->document;
            (void)mongo_documents_read_booking(&value, &read);
            note_decision(&booking->decision_count, booking->decisions, entry->version,
                          (int)read.booking.status);
        } else if (entry->collection == MONGO_PAYMENTS) {
            struct judged_payment *payment = judge_payment(entry->id);
            struct mongo_payment read;
            JUDGE_MUST(payment != NULL, "I4: a decision on a payment without a document");
            if (payment == NULL) continue;
            read = payment->document;
            (void)mongo_documents_read_payment(&value, &read);
            note_decision(&payment->decision_count, payment->decisions, entry->version,
                          (int)read.payment.status);
        }
    }
}

static void changed_showtime(const bson_t *before, const bson_t *after)
{
    bson_iter_t at;
    struct id id;
    CHECK(bson_iter_init_find(&at, after, "_id"));
    CHECK(mongo_fields_read_id(&at, &id));
    if (before == NULL) {
        CHECK(judge.showtime_count < JUDGE_SHOWTIMES_MAX);
        judge.showtimes[judge.showtime_count++].id = id;
    }
    struct judged_showtime *showtime = judge_showtime(id);
    const uint64_t version = showtime->version;
    CHECK(mongo_settle_take(&showtime->settle_before, &showtime->settle.array));
    judge_read_showtime(showtime, after);
    note_decisions(showtime);
    if (before != NULL) {
        JUDGE_MUST(showtime->version > version, "R1: a showtime changed and its version did not");
        judge_rules_commit(showtime);
    }
}

static void changed_booking(const bson_t *before, const bson_t *after)
{
    struct mongo_booking read = {0};
    JUDGE_MUST(mongo_documents_read_booking(after, &read), "a booking cannot be read");
    if (before == NULL) {
        const struct judged_showtime *showtime = judge_showtime(read.booking.showtime);
        CHECK(judge.booking_count < JUDGE_RECORDS_MAX);
        CHECK(showtime != NULL);
        JUDGE_MUST(read.version == 0 && read.booking.status == BOOKING_PENDING,
                   "R1: a booking came that no commit has decided");
        struct judged_booking *booking = &judge.bookings[judge.booking_count++];
        *booking = (struct judged_booking){.showtime = (uint32_t)(showtime - judge.showtimes),
                                           .document = read};
        return;
    }
    struct judged_booking *booking = judge_booking(read.booking.id);
    CHECK(booking != NULL);
    JUDGE_MUST(is_decided(booking->decision_count, booking->decisions, read.version,
                          (int)read.booking.status),
               "R1: a booking's document says what no commit has decided");
    JUDGE_MUST(read.version >= booking->document.version, "R4: a booking's document went back");
    booking->document = read;
}

static void changed_payment(const bson_t *before, const bson_t *after)
{
    struct mongo_payment read = {0};
    JUDGE_MUST(mongo_documents_read_payment(after, &read), "a payment cannot be read");
    if (before == NULL) {
        CHECK(judge.payment_count < JUDGE_RECORDS_MAX);
        JUDGE_MUST(read.version == 0 && read.payment.status == PAYMENT_PENDING,
                   "R1: a payment came that no commit has decided");
        judge.payments[judge.payment_count++] = (struct judged_payment){.document = read};
        return;
    }
    struct judged_payment *payment = judge_payment(read.payment.id);
    CHECK(payment != NULL);
    if (read.money_waits) {
        JUDGE_MUST(payment->told_paid || payment->told_wrong, "money was recorded that never came");
        reached_saw(REACHED_MONEY_RECORDED);
    } else {
        JUDGE_MUST(is_decided(payment->decision_count, payment->decisions, read.version,
                              (int)read.payment.status),
                   "R1: a payment's document says what no commit has decided");
    }
    JUDGE_MUST(read.version >= payment->document.version, "R4: a payment's document went back");
    payment->document = read;
}

void judge_changed(void *context, enum mongo_collection collection, const bson_t *before,
                   const bson_t *after)
{
    (void)context;
    judge.changes++;
    const bson_t *shown = after == NULL ? before : after;
    mix(&collection, sizeof collection);
    mix(bson_get_data(shown), shown->len);
    if (judge.verbose) print_change(collection, before, after);
    if (judge.broken) return; /* What follows from a fault says nothing. */
    if (collection == MONGO_SHOWTIMES) changed_showtime(before, after);
    else if (collection == MONGO_BOOKINGS) changed_booking(before, after);
    else if (collection == MONGO_PAYMENTS) changed_payment(before, after);
    const bool commits = collection == MONGO_SHOWTIMES;
    if (!judge.broken) judge_rules_follow(commits);
}
