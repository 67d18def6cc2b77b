#include "store/mongo/mongo_audit_late.h"

#include <time.h>

#include "base/clock.h"
#include "store/mongo/mongo_ids.h"
#include "store/mongo/mongo_watch.h"

enum {
    PATIENCE_MS = 8000, /* Instances look for such money every second. */
    AT_WORK_MS = 4000,  /* So long ago one may have been killed just after it moved something. */
    PAUSE_MS = 250,
    US_PER_MS = 1000,
};

void mongo_audit_late_add(struct mongo_audit *audit, struct id payment)
{
    struct mongo_audit_late *late = &audit->late;
    for (uint32_t index = 0; index < late->count; index++) {
        if (id_equal(late->payments[index], payment)) return;
    }
    audit->counts.undecided++;
    if (late->count < AUDIT_LATE_MAX) late->payments[late->count++] = payment;
}

void mongo_audit_late_moved(struct mongo_audit *audit, struct id showtime, uint64_t version)
{
    struct mongo_audit_late *late = &audit->late;
    uint32_t place = 0;
    while (place < late->moved_count && !id_equal(late->moved[place], showtime)) place++;
    if (place == AUDIT_MOVED_MAX) return;
    if (place == late->moved_count) late->moved_count++;
    late->moved[place] = showtime;
    late->versions[place] = version;
}

/* Forgets those that were decided meanwhile. */
static enum error ask(struct mongo_audit *audit)
{
    struct mongo_audit_late *late = &audit->late;
    struct id waiting[AUDIT_LATE_MAX];
    uint32_t count = 0;
    bson_t filter = BSON_INITIALIZER;
    mongo_audit_append_in(&filter, "_id", late->payments, late->count);
    BSON_APPEND_UTF8(&filter, "status", MONGO_MONEY_RECORDED);
    mongoc_cursor_t *cursor =
        mongo_audit_find(audit, MONGO_PAYMENTS, &filter, "{\"projection\": {\"_id\": 1}}");
    const bson_t *document = NULL;
    while (count < late->count && mongoc_cursor_next(cursor, &document)) {
        bson_iter_t at;
        if (!bson_iter_init_find(&at, document, "_id")) continue;
        if (mongo_fields_read_id(&at, &waiting[count])) count++;
    }
    bson_destroy(&filter);
    audit->counts.undecided -= late->count - count;
    late->count = count;
    memcpy(late->payments, waiting, count * sizeof *waiting);
    return mongo_audit_end(audit, cursor);
}

/* Has one of the showtimes moved again? */
static enum error watch(struct mongo_audit *audit, bool *ret_moved)
{
    struct mongo_audit_late *late = &audit->late;
    uint64_t versions[AUDIT_MOVED_MAX];
    const enum error error =
        mongo_watch_versions(audit->client, late->moved, late->moved_count, versions);
    *ret_moved = false;
    if (error != ERROR_NONE) {
        mongo_explain(audit->reason, "MongoDB cannot be read");
        return ERROR_STORE_UNAVAILABLE;
    }
    for (uint32_t place = 0; place < late->moved_count; place++) {
        *ret_moved = *ret_moved || versions[place] != late->versions[place];
        late->versions[place] = versions[place];
    }
    return ERROR_NONE;
}

enum error mongo_audit_late_judge(struct mongo_audit *audit)
{
    struct mongo_audit_late *late = &audit->late;
    if (late->count == 0) return ERROR_NONE;
    const int64_t began_us = clock_steady_us();
    int64_t moved_us = began_us;
    while (late->moved_count > 0) {
        bool moved = false;
        enum error error = ask(audit);
        if (error == ERROR_NONE && late->count > 0) error = watch(audit, &moved);
        if (error != ERROR_NONE || late->count == 0) return error;
        const int64_t now_us = clock_steady_us();
        if (moved) moved_us = now_us;
        if (now_us - moved_us > AT_WORK_MS * US_PER_MS) return ERROR_NONE;
        if (now_us - began_us > PATIENCE_MS * US_PER_MS) break;
        const struct timespec wait = {.tv_nsec = PAUSE_MS * INT64_C(1000000)};
        (void)nanosleep(&wait, NULL);
    }
    for (uint32_t index = 0; index < late->count && late->moved_count > 0; index++) {
        mongo_audit_say(audit, MONGO_AUDIT_PAYMENT,
                        "Payment %s is paid, and no instance decides what becomes of it, though "
                        "some are at work",
                        mongo_audit_name(late->payments[index]).text);
    }
    return ERROR_NONE;
}
