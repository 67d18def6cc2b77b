#include "store/mongo/mongo_catalogue_write.h"

#include "base/check.h"
#include "core/layout.h"
#include "ports/catalogue_edit.h"
#include "store/mongo/mongo_among.h"
#include "store/mongo/mongo_booked.h"
#include "store/mongo/mongo_commit.h"
#include "store/mongo/mongo_entries.h"
#include "store/mongo/mongo_gate.h"
#include "store/mongo/mongo_gather.h"
#include "store/mongo/mongo_plan.h"

enum {
    RACES_MAX = 50,            /* Lost to instances that serve, before one gives up. */
    SHOWTIMES_AT_ONCE = 100,   /* That are read, or added, in one go; */
    BYTES_AT_ONCE = 4 << 20,   /* and no more than this. */
    SCRATCH_SIZE = 128 * 1024, /* Of one showtime. */
};

/* What is to be done with a showtime of the file. */
enum step { ADD, CHANGE, LEAVE };

struct writing {
    struct mongo_store *store;
    const struct catalogue_entries *entries;
    const struct locale *locale;
    int64_t now_ms;
    struct catalogue_report report;
    bool wrote;
    struct arena scratch;
    char block[SCRATCH_SIZE];
    uint8_t steps[]; /* Of each showtime, as judged before anything is written. */
};

static enum error failure(const struct writing *writing, enum error error)
{
    if (writing->wrote && error != ERROR_NONE) return ERROR_OUTCOME_UNKNOWN;
    return error == ERROR_BOOKING_LOCK_FAILED ? ERROR_STORE_UNAVAILABLE : error;
}

/* One batch with the edit. */
static enum error run_once(struct writing *writing, struct catalogue_edit *edit)
{
    const struct store store = mongo_store_port(writing->store);
    enum error error = store.methods->begin(store.context);
    if (error != ERROR_NONE) return error;
    error = store.methods->edit(store.context, edit, writing->now_ms);
    if (error == ERROR_NONE) return store.methods->commit(store.context);
    store.methods->rollback(store.context);
    return error;
}

/* A movie or a cinema that is new, or changed if it differs. */
static enum error run_edit(struct writing *writing, struct catalogue_edit *edit,
                           struct written_count *count)
{
    enum error error = ERROR_BOOKING_LOCK_FAILED;
    for (int race = 0; race < RACES_MAX && error == ERROR_BOOKING_LOCK_FAILED; race++) {
        error = run_once(writing, edit);
        if (error != ERROR_NONE || edit->outcome != EDIT_TAKEN) continue;
        edit->create = false;
        error = ERROR_BOOKING_LOCK_FAILED;
    }
    if (error != ERROR_NONE) return failure(writing, error);
    if (edit->outcome == EDIT_CREATED) count->added++;
    if (edit->outcome == EDIT_CHANGED) count->changed++;
    writing->wrote = writing->wrote || edit_wrote(edit);
    return ERROR_NONE;
}

static enum error write_movies(struct writing *writing)
{
    enum error error = ERROR_NONE;
    for (size_t index = 0; index < writing->entries->movie_count && error == ERROR_NONE; index++) {
        struct catalogue_edit edit = {.kind = EDIT_MOVIE,
                                      .create = true,
                                      .members = (1U << MOVIE_MEMBER_COUNT) - 1,
                                      .movie = writing->entries->movies[index],
                                      .locale = writing->locale};
        error = run_edit(writing, &edit, &writing->report.movies);
    }
    return error;
}

static enum error write_cinemas(struct writing *writing)
{
    enum error error = ERROR_NONE;
    for (size_t index = 0; index < writing->entries->cinema_count && error == ERROR_NONE; index++) {
        struct catalogue_edit edit = {.kind = EDIT_CINEMA,
                                      .create = true,
                                      .members = (1U << CINEMA_MEMBER_COUNT) - 1,
                                      .cinema = writing->entries->cinemas[index],
                                      .locale = writing->locale};
        error = run_edit(writing, &edit, &writing->report.cinemas);
    }
    return error;
}

static bool is_same(struct writing *writing, const bson_t *found,
                    const struct showtime_entry *entry, const struct showtime *stored)
{
    const struct showtime *wanted = &entry->showtime;
    struct seat_plan *plan = arena_take(&writing->scratch, sizeof *plan);
    if (plan == NULL || !mongo_entries_read_plan(found, plan)) return false;
    const struct seat_plan *given = entry->screen->plan;
    return id_equal(stored->movie, wanted->movie) && id_equal(stored->cinema, wanted->cinema) &&
           slice_equal(stored->screen_id, wanted->screen_id) &&
           stored->starts_at_ms == wanted->starts_at_ms &&
           stored->ends_at_ms == wanted->ends_at_ms &&
           memcmp(stored->prices, wanted->prices, sizeof stored->prices) == 0 &&
           plan->layout.rows == given->layout.rows && plan->layout.cols == given->layout.cols &&
           memcmp(plan->layout.types, given->layout.types, layout_places(&given->layout)) == 0 &&
           plan->aisle_count == given->aisle_count &&
           memcmp(plan->aisles_after, given->aisles_after, given->aisle_count) == 0 &&
           plan->accessible_count == given->accessible_count &&
           memcmp(plan->accessible, given->accessible,
                  given->accessible_count * sizeof *given->accessible) == 0;
}

static void keep(struct writing *writing, size_t position)
{
    struct catalogue_report *report = &writing->report;
    if (report->kept_count < CATALOGUE_WRITE_KEPT_MAX) report->kept[report->kept_count] = position;
    report->kept_count++;
}

/* Judges a showtime that is there, and takes its cut. One of another hand stays as it is. */
static enum error judge(struct writing *writing, size_t position, const bson_t *found,
                        enum step *ret_step, enum showtime_status *ret_status)
{
    const struct showtime_entry *entry = &writing->entries->showtimes[position];
    struct showtime stored = {0};
    bool full = false;
    bool taken = true;
    enum error error = ERROR_NONE;
    arena_reset(&writing->scratch);
    *ret_step = LEAVE;
    const bool whole = mongo_gather_take_cut(writing->store, entry->showtime.id, found) &&
                       mongo_entries_read_showtime(found, &writing->scratch, &stored, &full);
    if (whole && is_same(writing, found, entry, &stored)) return ERROR_NONE;
    if (whole) taken = stored.available_seats != stored.total_seats;
    if (!taken) error = mongo_booked_ask(writing->store, &taken);
    if (error != ERROR_NONE) return error;
    *ret_status = stored.status;
    if (taken) keep(writing, position);
    else *ret_step = CHANGE;
    return ERROR_NONE;
}

static void append_ids(const struct writing *writing, size_t first, size_t count, bson_t *filter)
{
    struct mongo_among among;
    mongo_among_begin(&among, filter, "_id");
    for (size_t index = 0; index < count; index++) {
        mongo_among_add(&among, writing->entries->showtimes[first + index].showtime.id);
    }
    mongo_among_end(&among, filter);
}

/* The position of a document's showtime among those that were asked for; `count` if of none. */
static size_t position_of(const struct writing *writing, size_t first, size_t count,
                          const bson_t *document)
{
    bson_iter_t at;
    struct id id;
    size_t index = count;
    if (!bson_iter_init_find(&at, document, "_id") || !mongo_fields_read_id(&at, &id)) return count;
    for (index = 0; index < count; index++) {
        if (id_equal(writing->entries->showtimes[first + index].showtime.id, id)) break;
    }
    return index;
}

/* Judges some showtimes by one read. */
static enum error judge_some(struct writing *writing, size_t first, size_t count)
{
    bson_t filter = BSON_INITIALIZER;
    bson_t *options = BCON_NEW("projection", "{", "seats", BCON_INT32(0), "}");
    append_ids(writing, first, count, &filter);
    memset(writing->steps + first, ADD, count);
    tally_add(&writing->store->counts.round_trips, 1);
    mongoc_cursor_t *cursor = mongoc_collection_find_with_opts(
        writing->store->client.collections[MONGO_SHOWTIMES], &filter, options, NULL);
    const bson_t *document = NULL;
    enum error error = ERROR_NONE;
    while (error == ERROR_NONE && mongoc_cursor_next(cursor, &document)) {
        const size_t index = position_of(writing, first, count, document);
        enum step step = LEAVE;
        enum showtime_status status;
        if (index == count) continue;
        error = judge(writing, first + index, document, &step, &status);
        writing->steps[first + index] = (uint8_t)step;
    }
    const enum error read = mongo_read_end(cursor, "read showtimes");
    if (read != ERROR_NONE) error = read;
    mongoc_cursor_destroy(cursor);
    bson_destroy(options);
    bson_destroy(&filter);
    return error;
}

static enum error judge_showtimes(struct writing *writing)
{
    const size_t all = writing->entries->showtime_count;
    enum error error = ERROR_NONE;
    for (size_t first = 0; first < all && error == ERROR_NONE; first += SHOWTIMES_AT_ONCE) {
        const size_t left = all - first;
        error = judge_some(writing, first, left < SHOWTIMES_AT_ONCE ? left : SHOWTIMES_AT_ONCE);
    }
    if (error == ERROR_NONE && writing->report.kept_count > 0) error = ERROR_VALIDATION_FAILED;
    return error;
}

/* The showtime's own update; one that was over by its old end is on sale again. */
static enum error commit_change(struct writing *writing, size_t position,
                                enum showtime_status status)
{
    struct mongo_store *store = writing->store;
    struct showtime_entry entry = writing->entries->showtimes[position];
    bson_t settle = BSON_INITIALIZER;
    bson_t set = BSON_INITIALIZER;
    const uint32_t count = mongo_plan_carry(store, NULL, &settle);
    entry.showtime.status = status == SHOWTIME_COMPLETED ? SHOWTIME_SCHEDULED : status;
    mongo_plan_begin(store, store->cut.version + 1);
    mongo_entries_append_programme(&entry.showtime, &set);
    mongo_entries_append_place(&entry, &set);
    enum error error = mongo_plan_finish(store, &set, &settle, count, writing->now_ms);
    if (error == ERROR_NONE) error = mongo_commit_plan(store, &store->plan);
    mongo_plan_clear(store);
    store->cut.showtime = (struct id){0};
    bson_destroy(&set);
    bson_destroy(&settle);
    return error;
}

/* A showtime that is there; a hold that comes between keeps it as it was. */
static enum error write_known(struct writing *writing, size_t position)
{
    const struct id id = writing->entries->showtimes[position].showtime.id;
    enum error error = ERROR_BOOKING_LOCK_FAILED;
    for (int race = 0; race < RACES_MAX && error == ERROR_BOOKING_LOCK_FAILED; race++) {
        bson_t found;
        bool there = false;
        enum step step = LEAVE;
        enum showtime_status status = SHOWTIME_SCHEDULED;
        error =
            mongo_state_find(writing->store, MONGO_SHOWTIMES, id, "{\"seats\": 0}", &found, &there);
        if (error != ERROR_NONE || !there) break;
        error = judge(writing, position, &found, &step, &status);
        bson_destroy(&found);
        if (error != ERROR_NONE || step == LEAVE) break;
        error = commit_change(writing, position, status);
        if (error != ERROR_NONE) continue;
        writing->report.showtimes.changed++;
        writing->wrote = true;
    }
    return failure(writing, error);
}

static int64_t inserted_of(const bson_t *reply)
{
    bson_iter_t at;
    return bson_iter_init_find(&at, reply, "insertedCount") ? bson_iter_as_int64(&at) : 0;
}

/* Adds the documents. Those that somebody else has added meanwhile are looked at anew. */
static enum error insert(struct writing *writing, const bson_t **documents, size_t count,
                         bool *ret_others)
{
    bson_t *options = BCON_NEW("ordered", BCON_BOOL(false), "validate", BCON_BOOL(false));
    bson_t reply;
    bson_error_t why = {0};
    enum mongo_class class = MONGO_DONE;
    enum error error = ERROR_NONE;
    tally_add(&writing->store->counts.round_trips, 1);
    const bool done =
        mongoc_collection_insert_many(writing->store->client.collections[MONGO_SHOWTIMES],
                                      documents, count, options, &reply, &why);
    *ret_others = false;
    if (!done) {
        class = mongo_error_class(&why, &reply);
        *ret_others = class == MONGO_DUPLICATE;
        if (!*ret_others) error = mongo_read_failure("add showtimes", &why, &reply, &class);
        if (error != ERROR_NONE) writing->wrote = true; /* Some of them, perhaps. */
    }
    writing->report.showtimes.added += (size_t)inserted_of(&reply);
    writing->wrote = writing->wrote || inserted_of(&reply) > 0;
    bson_destroy(&reply);
    bson_destroy(options);
    return failure(writing, error);
}

/* Adds the new ones from `first` on, as many as go at once; gives the first that was not. */
static enum error add_some(struct writing *writing, size_t first, size_t *ret_next)
{
    const bson_t *documents[SHOWTIMES_AT_ONCE];
    size_t positions[SHOWTIMES_AT_ONCE];
    size_t count = 0;
    size_t bytes = 0;
    size_t next = first;
    bool others = false;
    enum error error = ERROR_NONE;
    while (next < writing->entries->showtime_count && count < SHOWTIMES_AT_ONCE &&
           bytes < BYTES_AT_ONCE) {
        const size_t position = next++;
        if (writing->steps[position] != ADD) continue;
        bson_t *document = bson_new();
        mongo_entries_append_showtime(&writing->entries->showtimes[position], 1, document);
        bytes += document->len;
        positions[count] = position;
        documents[count++] = document;
    }
    if (count > 0) error = insert(writing, documents, count, &others);
    for (size_t index = 0; index < count; index++) bson_destroy((bson_t *)documents[index]);
    for (size_t index = 0; index < count && others && error == ERROR_NONE; index++) {
        error = write_known(writing, positions[index]);
    }
    *ret_next = next;
    return error;
}

static enum error write_showtimes(struct writing *writing)
{
    const size_t all = writing->entries->showtime_count;
    enum error error = ERROR_NONE;
    for (size_t next = 0; next < all && error == ERROR_NONE;) {
        error = add_some(writing, next, &next);
    }
    for (size_t position = 0; position < all && error == ERROR_NONE; position++) {
        if (writing->steps[position] == CHANGE) error = write_known(writing, position);
    }
    if (error == ERROR_NONE && writing->report.kept_count > 0) error = ERROR_VALIDATION_FAILED;
    return error;
}

enum error mongo_catalogue_write(struct mongo_store *store, const struct catalogue_entries *entries,
                                 const struct locale *locale, int64_t now_ms,
                                 struct catalogue_report *ret_report)
{
    CHECK(ret_report != NULL);
    CHECK(!store->open);

    struct writing *writing = calloc(1, sizeof *writing + entries->showtime_count);
    if (writing == NULL) return ERROR_STORE_UNAVAILABLE;
    writing->store = store;
    writing->entries = entries;
    writing->locale = locale;
    writing->now_ms = now_ms;
    arena_init(&writing->scratch, writing->block, sizeof writing->block);
    enum error error = judge_showtimes(writing);
    if (error == ERROR_NONE) error = write_movies(writing);
    if (error == ERROR_NONE) error = write_cinemas(writing);
    if (error == ERROR_NONE) error = write_showtimes(writing);
    mongo_gate_prune(store);
    *ret_report = writing->report;
    free(writing);
    return error;
}

enum error mongo_catalogue_write_empty(struct mongo_store *store, bool *ret_empty)
{
    static const enum mongo_collection collections[] = {MONGO_MOVIES, MONGO_CINEMAS,
                                                        MONGO_SHOWTIMES};
    bson_t all = BSON_INITIALIZER;
    *ret_empty = true;
    for (size_t index = 0; index < sizeof collections / sizeof *collections; index++) {
        bool any = false;
        const enum error error =
            mongo_read_any(&store->client, collections[index], &all, "look for a catalogue", &any);
        if (error != ERROR_NONE) return error;
        if (any) *ret_empty = false;
    }
    return ERROR_NONE;
}
