#include "store/mongo/mongo_audit_late.h"

#include <time.h>

#include "base/clock.h"
#include "store/mongo/mongo_among.h"
#include "store/mongo/mongo_watch.h"

enum {
    PAUSE_MS = 250,
    AT_WORK_PART = 4, /* Of the patience: who moved nothing for so long may be dead. */
    US_PER_MS = 1000,
};

/* A sweep settles what is older than some seconds, but after a crash there may be thousands of
 * showtimes before this one. */
#define OVERDUE_MS INT64_C(600000)

static bool add(struct mongo_audit_late_list *list, struct id id)
{
    for (uint32_t index = 0; index < list->count; index++) {
        if (id_equal(list->ids[index], id)) return false;
    }
    if (list->count < AUDIT_LATE_MAX) list->ids[list->count++] = id;
    return true;
}

void mongo_audit_late_payment(struct mongo_audit *audit, struct id payment)
{
    if (add(&audit->late.payments, payment)) audit->counts.undecided++;
}

/* In the place of the one that was written longest ago. */
static void watch_cut(struct mongo_audit *audit)
{
    struct mongo_audit_late *late = &audit->late;
    const struct mongo_audit_cut *cut = &audit->cut;
    uint32_t place = late->watched_count;
    if (place == AUDIT_WATCHED_MAX) {
        place = 0;
        for (uint32_t other = 1; other < AUDIT_WATCHED_MAX; other++) {
            if (late->updated_at_ms[other] < late->updated_at_ms[place]) place = other;
        }
        if (cut->updated_at_ms <= late->updated_at_ms[place]) return;
    } else {
        late->watched_count++;
    }
    late->watched[place] = cut->showtime;
    late->versions[place] = cut->version;
    late->updated_at_ms[place] = cut->updated_at_ms;
}

void mongo_audit_late_showtime(struct mongo_audit *audit)
{
    const struct mongo_audit_cut *cut = &audit->cut;
    watch_cut(audit);
    if (cut->settle.count == 0 || cut->settle_at_ms == 0) return;
    if (audit->began_ms - cut->settle_at_ms < OVERDUE_MS) return;
    (void)add(&audit->late.showtimes, cut->showtime);
}

/* Keeps those of the list that a query still finds. */
static enum error ask(struct mongo_audit *audit, enum mongo_collection collection,
                      const bson_t *state, struct mongo_audit_late_list *list)
{
    struct mongo_audit_late_list waiting = {0};
    if (list->count == 0) return ERROR_NONE;
    bson_t filter = BSON_INITIALIZER;
    mongo_among_append(&filter, "_id", list->ids, list->count);
    (void)bson_concat(&filter, state);
    mongoc_cursor_t *cursor =
        mongo_audit_find(audit, collection, &filter, "{\"projection\": {\"_id\": 1}}");
    const bson_t *document = NULL;
    while (waiting.count < list->count && mongoc_cursor_next(cursor, &document)) {
        bson_iter_t at;
        if (!bson_iter_init_find(&at, document, "_id")) continue;
        if (mongo_fields_read_id(&at, &waiting.ids[waiting.count])) waiting.count++;
    }
    bson_destroy(&filter);
    const enum error error = mongo_audit_end(audit, cursor);
    if (error == ERROR_NONE) *list = waiting;
    return error;
}

/* Forgets what was done meanwhile. */
static enum error ask_all(struct mongo_audit *audit)
{
    struct mongo_audit_late *late = &audit->late;
    const uint32_t before = late->payments.count;
    bson_t *undecided = BCON_NEW("status", BCON_UTF8(MONGO_MONEY_RECORDED));
    bson_t *unsettled =
        BCON_NEW("settle_at", "{", "$lte", BCON_DATE_TIME(audit->began_ms - OVERDUE_MS), "}");
    enum error error = ask(audit, MONGO_PAYMENTS, undecided, &late->payments);
    if (error == ERROR_NONE) error = ask(audit, MONGO_SHOWTIMES, unsettled, &late->showtimes);
    bson_destroy(undecided);
    bson_destroy(unsettled);
    audit->counts.undecided -= before - late->payments.count;
    return error;
}

/* Has one of the showtimes moved? */
static enum error watch(struct mongo_audit *audit, bool *ret_moved)
{
    struct mongo_audit_late *late = &audit->late;
    uint64_t versions[AUDIT_WATCHED_MAX];
    const enum error error =
        mongo_watch_versions(audit->client, late->watched, late->watched_count, versions);
    *ret_moved = false;
    if (error != ERROR_NONE) {
        mongo_explain(audit->reason, "MongoDB cannot be read");
        return ERROR_STORE_UNAVAILABLE;
    }
    for (uint32_t place = 0; place < late->watched_count; place++) {
        *ret_moved = *ret_moved || versions[place] != late->versions[place];
        late->versions[place] = versions[place];
    }
    return ERROR_NONE;
}

/* True in `ret_late` if instances were at work to the end, and something still waits. */
static enum error wait(struct mongo_audit *audit, bool *ret_late)
{
    struct mongo_audit_late *late = &audit->late;
    const int64_t patience_us = audit->options.patience_ms * US_PER_MS;
    const int64_t began_us = clock_steady_us();
    int64_t moved_us = began_us;
    *ret_late = false;
    for (int64_t now_us = began_us; now_us - began_us <= patience_us;) {
        bool moved = false;
        enum error error = ask_all(audit);
        if (error == ERROR_NONE) error = watch(audit, &moved);
        if (error != ERROR_NONE) return error;
        if (late->payments.count + late->showtimes.count == 0) return ERROR_NONE;
        now_us = clock_steady_us();
        if (moved) moved_us = now_us;
        if (now_us - moved_us > patience_us / AT_WORK_PART) return ERROR_NONE;
        const struct timespec pause = {.tv_nsec = PAUSE_MS * INT64_C(1000000)};
        (void)nanosleep(&pause, NULL);
    }
    *ret_late = true;
    return ERROR_NONE;
}

enum error mongo_audit_late_judge(struct mongo_audit *audit)
{
    const struct mongo_audit_late *late = &audit->late;
    bool is_late = false;
    if (late->payments.count + late->showtimes.count == 0) return ERROR_NONE;
    const enum error error = wait(audit, &is_late);
    if (error != ERROR_NONE || !is_late) return error;
    for (uint32_t index = 0; index < late->payments.count; index++) {
        mongo_audit_say(audit, MONGO_AUDIT_PAYMENT,
                        "Payment %s is paid, and no instance decides what becomes of it, though "
                        "some are at work",
                        mongo_audit_name(late->payments.ids[index]).text);
    }
    for (uint32_t index = 0; index < late->showtimes.count; index++) {
        mongo_audit_say(audit, MONGO_AUDIT_SETTLE,
                        "Showtime %s has waited for a sweep for more than ten minutes, though "
                        "instances are at work",
                        mongo_audit_name(late->showtimes.ids[index]).text);
    }
    return ERROR_NONE;
}
