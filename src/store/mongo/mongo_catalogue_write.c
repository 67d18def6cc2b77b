#include "store/mongo/mongo_catalogue_write.h"

#include "base/check.h"
#include "core/layout.h"
#include "store/mongo/mongo_entries.h"
#include "store/mongo/mongo_ids.h"
#include "store/mongo/mongo_read.h"

enum { SCRATCH_SIZE = 512 * 1024 }; /* Of one entry: a cinema's fifty plans are not in it. */

struct writing {
    struct mongo_client *client;
    const struct catalogue_entries *entries;
    const struct locale *locale;
    struct catalogue_report report;
    bool writes; /* Or only judges. */
    bool wrote;
    struct arena scratch;
    char block[SCRATCH_SIZE];
};

static enum error fail(struct writing *writing, const bson_error_t *why, const bson_t *reply)
{
    enum mongo_class class = MONGO_DONE;
    const enum error error = mongo_read_failure("write the catalogue", why, reply, &class);
    return writing->wrote ? ERROR_OUTCOME_UNKNOWN : error;
}

static enum error replace(struct writing *writing, enum mongo_collection collection,
                          const bson_t *filter, const bson_t *document)
{
    bson_t *options = BCON_NEW("upsert", BCON_BOOL(true));
    bson_t reply;
    bson_error_t why = {0};
    const bool done = mongoc_collection_replace_one(writing->client->collections[collection],
                                                    filter, document, options, &reply, &why);
    const enum error error = done ? ERROR_NONE : fail(writing, &why, &reply);
    if (done) writing->wrote = true;
    bson_destroy(&reply);
    bson_destroy(options);
    return error;
}

/* A movie or a cinema: written if its document differs. */
static enum error write_document(struct writing *writing, enum mongo_collection collection,
                                 struct id id, const bson_t *document, struct written_count *count)
{
    bson_t found;
    bool there = false;
    enum error error = mongo_read_one(writing->client, collection, id, NULL, &found, &there);
    if (error != ERROR_NONE) return writing->wrote ? ERROR_OUTCOME_UNKNOWN : error;
    const bool same = there && bson_equal(&found, document);
    if (there) bson_destroy(&found);
    if (same) return ERROR_NONE;
    if (there) count->changed++;
    else count->added++;
    const bson_oid_t oid = mongo_ids_to_oid(id);
    bson_t *filter = BCON_NEW("_id", BCON_OID(&oid));
    error = replace(writing, collection, filter, document);
    bson_destroy(filter);
    return error;
}

static enum error write_movies(struct writing *writing)
{
    enum error error = ERROR_NONE;
    for (size_t index = 0; index < writing->entries->movie_count && error == ERROR_NONE; index++) {
        const struct movie *movie = &writing->entries->movies[index];
        bson_t document = BSON_INITIALIZER;
        arena_reset(&writing->scratch);
        error = ERROR_STORE_UNAVAILABLE;
        if (mongo_entries_append_movie(movie, writing->locale, &writing->scratch, &document)) {
            error = write_document(writing, MONGO_MOVIES, movie->id, &document,
                                   &writing->report.movies);
        }
        bson_destroy(&document);
    }
    return error;
}

static enum error write_cinemas(struct writing *writing)
{
    enum error error = ERROR_NONE;
    for (size_t index = 0; index < writing->entries->cinema_count && error == ERROR_NONE; index++) {
        const struct cinema *cinema = &writing->entries->cinemas[index];
        bson_t document = BSON_INITIALIZER;
        arena_reset(&writing->scratch);
        error = ERROR_STORE_UNAVAILABLE;
        if (mongo_entries_append_cinema(cinema, writing->locale, &writing->scratch, &document)) {
            error = write_document(writing, MONGO_CINEMAS, cinema->id, &document,
                                   &writing->report.cinemas);
        }
        bson_destroy(&document);
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

/* Has it bookings, whatever became of them, or blocked seats? */
static enum error ask_taken(struct writing *writing, const struct showtime *stored, bool *ret_taken)
{
    *ret_taken = stored->available_seats != stored->total_seats;
    if (*ret_taken) return ERROR_NONE;
    const bson_oid_t oid = mongo_ids_to_oid(stored->id);
    bson_t *filter = BCON_NEW("showtime_id", BCON_OID(&oid));
    bson_t *options = BCON_NEW("limit", BCON_INT64(1), "maxTimeMS", BCON_INT32(MONGO_READ_MS));
    bson_error_t why = {0};
    const int64_t count = mongoc_collection_count_documents(
        writing->client->collections[MONGO_BOOKINGS], filter, options, NULL, NULL, &why);
    bson_destroy(options);
    bson_destroy(filter);
    if (count < 0) return fail(writing, &why, NULL);
    *ret_taken = count > 0;
    return ERROR_NONE;
}

static void keep(struct writing *writing, size_t position)
{
    struct catalogue_report *report = &writing->report;
    if (report->kept_count < CATALOGUE_WRITE_KEPT_MAX) report->kept[report->kept_count] = position;
    report->kept_count++;
}

/* Sets the version of the stored one; 0: there is none. */
static enum error judge(struct writing *writing, size_t position, uint64_t *ret_version,
                        bool *ret_same)
{
    const struct showtime_entry *entry = &writing->entries->showtimes[position];
    struct showtime stored = {0};
    bson_t found;
    bool there = false;
    bool full = false;
    bool taken = false;
    arena_reset(&writing->scratch);
    *ret_version = 0;
    *ret_same = false;
    enum error error = mongo_read_one(writing->client, MONGO_SHOWTIMES, entry->showtime.id,
                                      "{\"seats\": 0}", &found, &there);
    if (error != ERROR_NONE || !there) return error;
    const bool whole = mongo_entries_read_showtime(&found, &writing->scratch, &stored, &full);
    *ret_same = whole && is_same(writing, &found, entry, &stored);
    bson_destroy(&found);
    *ret_version = stored.version;
    if (!whole) taken = true; /* Of another hand: left as it is. */
    else if (!*ret_same) error = ask_taken(writing, &stored, &taken);
    if (error == ERROR_NONE && taken && !*ret_same) keep(writing, position);
    if (taken) *ret_same = true;
    return error;
}

/* A hold that comes between moves the version, and the showtime stays as it was. */
static enum error write_showtime(struct writing *writing, size_t position)
{
    const struct showtime_entry *entry = &writing->entries->showtimes[position];
    uint64_t version = 0;
    bool same = false;
    enum error error = judge(writing, position, &version, &same);
    if (error != ERROR_NONE || same || !writing->writes) return error;
    bson_t document = BSON_INITIALIZER;
    const bson_oid_t oid = mongo_ids_to_oid(entry->showtime.id);
    bson_t *filter = BCON_NEW("_id", BCON_OID(&oid));
    if (version > 0) BSON_APPEND_INT64(filter, "version", (int64_t)version);
    mongo_entries_append_showtime(entry, (int64_t)version + 1, &document);
    error = replace(writing, MONGO_SHOWTIMES, filter, &document);
    if (version > 0) writing->report.showtimes.changed++;
    else writing->report.showtimes.added++;
    bson_destroy(filter);
    bson_destroy(&document);
    return error;
}

static enum error write_showtimes(struct writing *writing)
{
    enum error error = ERROR_NONE;
    const size_t count = writing->entries->showtime_count;
    for (size_t index = 0; index < count && error == ERROR_NONE; index++) {
        error = write_showtime(writing, index);
    }
    if (error != ERROR_NONE && writing->wrote) error = ERROR_OUTCOME_UNKNOWN;
    if (error == ERROR_NONE && writing->report.kept_count > 0) error = ERROR_VALIDATION_FAILED;
    return error;
}

enum error mongo_catalogue_write(struct mongo_client *client,
                                 const struct catalogue_entries *entries,
                                 const struct locale *locale, struct catalogue_report *ret_report)
{
    CHECK(ret_report != NULL);

    struct writing *writing = calloc(1, sizeof *writing);
    if (writing == NULL) return ERROR_STORE_UNAVAILABLE;
    writing->client = client;
    writing->entries = entries;
    writing->locale = locale;
    arena_init(&writing->scratch, writing->block, sizeof writing->block);
    enum error error = write_showtimes(writing);
    writing->writes = true;
    if (error == ERROR_NONE) error = write_movies(writing);
    if (error == ERROR_NONE) error = write_cinemas(writing);
    if (error == ERROR_NONE) error = write_showtimes(writing);
    *ret_report = writing->report;
    free(writing);
    return error;
}

enum error mongo_catalogue_write_empty(struct mongo_client *client, bool *ret_empty)
{
    static const enum mongo_collection collections[] = {MONGO_MOVIES, MONGO_CINEMAS,
                                                        MONGO_SHOWTIMES};
    *ret_empty = true;
    for (size_t index = 0; index < sizeof collections / sizeof *collections; index++) {
        bson_t filter = BSON_INITIALIZER;
        bson_t *options = BCON_NEW("limit", BCON_INT64(1), "maxTimeMS", BCON_INT32(MONGO_READ_MS));
        bson_error_t why = {0};
        const int64_t count = mongoc_collection_count_documents(
            client->collections[collections[index]], &filter, options, NULL, NULL, &why);
        enum mongo_class class = MONGO_DONE;
        bson_destroy(options);
        if (count < 0) return mongo_read_failure("count the catalogue", &why, NULL, &class);
        if (count > 0) *ret_empty = false;
    }
    return ERROR_NONE;
}
