#include "base/check.h"
#include "base/timestamp.h"
#include "store/mongo/mongo_booked.h"
#include "store/mongo/mongo_editing.h"
#include "store/mongo/mongo_entries.h"
#include "store/mongo/mongo_gate.h"
#include "store/mongo/mongo_gather.h"
#include "store/mongo/mongo_ids.h"
#include "store/mongo/mongo_plan.h"
#include "store/mongo/mongo_showtime.h"

#define MINUTES_MAX (TIMESTAMP_MS_MAX / INT64_C(60000))

/* A showtime as it is stored, and then as it will be. */
struct stored {
    struct showtime_entry entry;
    bool known;
    bool claimed; /* A seat is held, booked or blocked, */
    bool sold;    /* and not blocked. */
};

/* Only the seats say what is claimed: a held one may have lapsed. */
static bool read_claims(struct mongo_editing *editing, const bson_t *document,
                        struct stored *stored)
{
    struct seat_map map;
    void *block = aligned_alloc(16, SHOWTIME_BLOCK_SIZE_MAX);
    if (block == NULL) return false;
    const bool whole = mongo_showtime_read(document, &editing->store->options.tag_key, block, &map);
    for (uint32_t place = 0; whole && place < map.place_count; place++) {
        const uint8_t state = map.states[place];
        const bool sold = state == SEAT_HELD || state == SEAT_BOOKED;
        stored->sold = stored->sold || sold;
        stored->claimed = stored->claimed || sold || state == SEAT_BLOCKED;
    }
    free(block);
    return whole;
}

static enum error find(struct mongo_editing *editing, struct stored *stored)
{
    struct mongo_store *store = editing->store;
    const struct id id = editing->edit->showtime.id;
    bson_t found;
    bool full = false;
    int64_t version = 0;
    enum error error = mongo_state_step(store, MONGO_STEP_READ_CUT);
    if (error != ERROR_NONE) return error;
    error = mongo_editing_find(editing, MONGO_SHOWTIMES, id, &found, &stored->known, &version);
    if (error != ERROR_NONE || !stored->known) return error;
    const bool whole =
        mongo_gather_take_cut(store, id, &found) && read_claims(editing, &found, stored) &&
        mongo_entries_read_showtime(&found, &editing->scratch, &stored->entry.showtime, &full);
    bson_destroy(&found);
    return whole ? ERROR_NONE : mongo_editing_refuse(id);
}

/* A change may stand against what is sold, or come when all is over. */
static enum error judge(struct mongo_editing *editing, const struct stored *stored)
{
    struct catalogue_edit *edit = editing->edit;
    bool booked = stored->sold;
    if (!booked && edit->members_changed != EDITED_BIT(SHOWTIME_PRICE)) {
        const enum error error = mongo_booked_ask(editing->store, &booked);
        if (error != ERROR_NONE) return error;
    }
    (void)edited_judge_showtime(edit, &stored->entry.showtime, booked, stored->claimed,
                                editing->now_ms);
    return ERROR_NONE;
}

static enum error set_end(struct mongo_editing *editing, struct showtime *showtime)
{
    bson_t found;
    bool there = false;
    bool full = false;
    int64_t version = 0;
    struct movie movie;
    const enum error error =
        mongo_editing_find(editing, MONGO_MOVIES, showtime->movie, &found, &there, &version);
    if (error != ERROR_NONE) return error;
    if (!there) editing->edit->outcome = EDIT_NO_MOVIE;
    if (!there) return ERROR_NONE;
    const bool whole = mongo_entries_read_movie(&found, &editing->scratch, &movie, &full) &&
                       movie.duration_minutes >= 0 && movie.duration_minutes <= MINUTES_MAX;
    bson_destroy(&found);
    if (!whole) return mongo_editing_refuse(showtime->movie);
    (void)edited_set_end(editing->edit, movie.duration_minutes, showtime); /* The verdict says. */
    return ERROR_NONE;
}

/* The cinema's time zone and, if the seats move, its screen; the outcome says what is not there. */
static enum error set_place(struct mongo_editing *editing, struct showtime_entry *entry)
{
    bson_t found;
    bool there = false;
    bool full = false;
    int64_t version = 0;
    struct cinema cinema;
    struct catalogue_edit *edit = editing->edit;
    struct showtime *showtime = &entry->showtime;
    const enum error error =
        mongo_editing_find(editing, MONGO_CINEMAS, showtime->cinema, &found, &there, &version);
    if (error != ERROR_NONE) return error;
    if (!there) edit->outcome = EDIT_NO_CINEMA;
    if (!there) return ERROR_NONE;
    const bool whole = mongo_entries_read_cinema(&found, &editing->scratch, &cinema, &full);
    bson_destroy(&found);
    if (!whole) return mongo_editing_refuse(showtime->cinema);
    if ((edit->members_changed & EDITED_MOVES_SEATS) == 0) return ERROR_NONE;
    for (size_t index = 0; index < cinema.screen_count && entry->screen == NULL; index++) {
        const struct screen *screen = &cinema.screens[index];
        if (slice_equal(screen->screen_id, showtime->screen_id)) entry->screen = screen;
    }
    if (entry->screen == NULL) edit->outcome = EDIT_NO_SCREEN;
    else showtime->total_seats = entry->screen->total_seats;
    entry->timezone = cinema.timezone;
    return ERROR_NONE;
}

/* Looks up what the changed members say, as far as they are there: else the outcome says which
 * is not. */
static enum error resolve(struct mongo_editing *editing, struct showtime_entry *entry)
{
    struct catalogue_edit *edit = editing->edit;
    enum error error = ERROR_NONE;
    if (edit->members_changed == EDITED_BIT(SHOWTIME_PRICE)) return ERROR_NONE;
    if ((edit->members_changed & EDITED_MOVES_END) != 0) {
        error = set_end(editing, &entry->showtime);
    }
    if (error == ERROR_NONE && edit_wrote(edit)) error = set_place(editing, entry);
    return error;
}

static void append_line(struct mongo_editing *editing, const struct showtime *showtime,
                        uint32_t index, int64_t version, bson_t *settle)
{
    struct id id;
    bson_t line = BSON_INITIALIZER;
    edited_describe_showtime(&editing->json, editing->edit->members_changed, showtime);
    mongo_editing_line(editing, showtime->id, &id, &line);
    mongo_settle_append(settle, index, MONGO_JOURNAL, id, version, &line);
    bson_destroy(&line);
}

static void note_batch(struct mongo_editing *editing, struct id batch, bson_t *document)
{
    bson_t last;
    struct mongo_batches batches = {0};
    const bson_oid_t oid = mongo_ids_to_oid(batch);
    mongo_batches_push(&batches, batch);
    mongo_batches_append(&batches, document);
    BSON_APPEND_DOCUMENT_BEGIN(document, "last_batch", &last);
    BSON_APPEND_OID(&last, "id", &oid);
    BSON_APPEND_INT32(&last, "n", 1);
    BSON_APPEND_DATE_TIME(&last, "at", editing->now_ms);
    BSON_APPEND_UTF8(&last, "by", editing->store->options.instance);
    (void)bson_append_document_end(document, &last);
    BSON_APPEND_DATE_TIME(document, "createdAt", editing->now_ms);
    BSON_APPEND_DATE_TIME(document, "updatedAt", editing->now_ms);
}

/* A new one has its line for the journal in it, and the name of what made it. */
static enum error plan_new(struct mongo_editing *editing, const struct showtime_entry *entry)
{
    struct mongo_store *store = editing->store;
    const struct id batch = mongo_ids_next();
    bson_t settle = BSON_INITIALIZER;
    bson_t document = BSON_INITIALIZER;
    mongo_entries_append_showtime(entry, 1, &document);
    append_line(editing, &entry->showtime, 0, 1, &settle);
    BSON_APPEND_ARRAY(&document, "settle", &settle);
    BSON_APPEND_DATE_TIME(&document, "settle_at", editing->now_ms);
    note_batch(editing, batch, &document);
    const struct mongo_gate_edit edit = {.collection = MONGO_SHOWTIMES,
                                         .entry = entry->showtime.id,
                                         .batch = batch,
                                         .value = &document};
    const enum error error = mongo_gate_plan(store, &edit, editing->now_ms);
    if (error == ERROR_NONE) {
        bson_copy_to(&document, &store->gate.showtime);
        store->gate.has_showtime = true;
    }
    bson_destroy(&settle);
    bson_destroy(&document);
    return error;
}

/* The showtime's own update. */
static enum error plan_update(struct mongo_editing *editing, const struct showtime_entry *entry,
                              bool moves_seats)
{
    struct mongo_store *store = editing->store;
    struct mongo_plan *plan = &store->plan;
    const struct showtime *showtime = &entry->showtime;
    mongo_plan_begin(store, store->cut.version + 1);
    plan->edits = true;
    plan->starts_at_ms = showtime->starts_at_ms;
    plan->ends_at_ms = showtime->ends_at_ms;
    memcpy(plan->prices, showtime->prices, sizeof plan->prices);
    bson_t settle = BSON_INITIALIZER;
    bson_t set = BSON_INITIALIZER;
    const uint32_t count = mongo_plan_carry(store, NULL, &settle);
    append_line(editing, showtime, count, (int64_t)plan->version, &settle);
    mongo_entries_append_programme(showtime, &set);
    if (moves_seats) mongo_entries_append_place(entry, &set);
    const enum error error = mongo_plan_finish(store, &set, &settle, count + 1, editing->now_ms);
    bson_destroy(&set);
    bson_destroy(&settle);
    return error;
}

/* Prices are the showtime's alone; all else is read from other documents, whose gate decides
 * first. */
static enum error plan_change(struct mongo_editing *editing, const struct showtime_entry *entry)
{
    struct mongo_store *store = editing->store;
    const uint32_t changed = editing->edit->members_changed;
    const bool moves_seats = (changed & EDITED_MOVES_SEATS) != 0;
    enum error error = plan_update(editing, entry, moves_seats);
    if (error != ERROR_NONE || changed == EDITED_BIT(SHOWTIME_PRICE)) return error;
    bson_iter_t at;
    bson_t set;
    uint32_t size = 0;
    const uint8_t *data = NULL;
    CHECK(bson_iter_init_find(&at, &store->plan.update, "$set"));
    bson_iter_document(&at, &size, &data);
    CHECK(bson_init_static(&set, data, size));
    const struct mongo_gate_edit edit = {.collection = MONGO_SHOWTIMES,
                                         .entry = entry->showtime.id,
                                         .batch = store->plan.batch,
                                         .known = true,
                                         .from = (int64_t)store->cut.version,
                                         .value = &set};
    error = mongo_gate_plan(store, &edit, editing->now_ms);
    if (error != ERROR_NONE) mongo_plan_clear(store);
    if (error != ERROR_NONE || !moves_seats) return error;
    bson_init(&store->gate.showtime);
    mongo_entries_append_showtime(entry, (int64_t)store->plan.version, &store->gate.showtime);
    store->gate.has_showtime = true;
    return ERROR_NONE;
}

enum error mongo_editing_showtime(struct mongo_editing *editing)
{
    struct catalogue_edit *edit = editing->edit;
    const struct showtime *wanted = &edit->showtime;
    struct stored stored = {.entry.showtime.id = wanted->id};
    struct showtime *showtime = &stored.entry.showtime;
    const bool gated = edit->create || edit->members != EDITED_BIT(SHOWTIME_PRICE);
    enum error error = gated ? mongo_gate_read(editing->store) : ERROR_NONE;
    if (error == ERROR_NONE) error = find(editing, &stored);
    if (error != ERROR_NONE) return error;
    const uint32_t different = edited_compare_showtime(showtime, wanted);
    if (!edited_judge(edit, stored.known, different)) return ERROR_NONE;
    if (stored.known) error = judge(editing, &stored);
    if (error != ERROR_NONE || !edit_wrote(edit)) return error;
    edited_merge_showtime(edit->members_changed, wanted, showtime);
    showtime->status = SHOWTIME_SCHEDULED;
    error = resolve(editing, &stored.entry);
    if (error != ERROR_NONE || !edit_wrote(edit)) return error;
    return stored.known ? plan_change(editing, &stored.entry) : plan_new(editing, &stored.entry);
}
