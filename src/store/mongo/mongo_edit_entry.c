#include "base/check.h"
#include "store/mongo/mongo_editing.h"
#include "store/mongo/mongo_entries.h"
#include "store/mongo/mongo_gate.h"

/* Of a known entry all is set but its id. What nobody in person has done leaves no line. */
static enum error plan(struct mongo_editing *editing, enum mongo_collection collection,
                       struct id id, bool known, int64_t version, const bson_t *document)
{
    struct mongo_store *store = editing->store;
    struct mongo_gate_edit edit = {
        .collection = collection, .entry = id, .batch = id, .known = known, .from = version};
    bson_t value = BSON_INITIALIZER;
    bson_t line = BSON_INITIALIZER;
    struct id line_id;
    if (known) bson_copy_to_excluding_noinit(document, &value, "_id", NULL);
    else (void)bson_concat(&value, document);
    BSON_APPEND_INT64(&value, "version", mongo_gate_next(store));
    edit.value = &value;
    if (editing->edit->actor.size > 0) {
        mongo_editing_line(editing, id, &line_id, &line);
        edit.line = &line;
    }
    const enum error error = mongo_gate_plan(store, &edit, editing->now_ms);
    bson_destroy(&value);
    bson_destroy(&line);
    return error;
}

static enum error find_movie(struct mongo_editing *editing, struct movie *ret_movie,
                             bool *ret_known, int64_t *ret_version)
{
    bson_t found;
    bool full = false;
    const struct id id = editing->edit->movie.id;
    const enum error error =
        mongo_editing_find(editing, MONGO_MOVIES, id, &found, ret_known, ret_version);
    if (error != ERROR_NONE || !*ret_known) return error;
    const bool whole = mongo_entries_read_movie(&found, &editing->scratch, ret_movie, &full);
    bson_destroy(&found);
    return whole ? ERROR_NONE : mongo_editing_refuse(id);
}

enum error mongo_editing_movie(struct mongo_editing *editing)
{
    struct catalogue_edit *edit = editing->edit;
    const struct movie *wanted = &edit->movie;
    struct movie movie = {.id = wanted->id};
    int64_t version = 0;
    bool known = false;
    enum error error = mongo_gate_read(editing->store);
    if (error == ERROR_NONE) error = find_movie(editing, &movie, &known, &version);
    if (error != ERROR_NONE) return error;
    if (!edited_judge(edit, known, edited_compare_movie(&movie, wanted))) return ERROR_NONE;
    edited_merge_movie(edit->members_changed, wanted, &movie);
    edited_describe_movie(&editing->json, edit->members_changed, &movie);
    bson_t document = BSON_INITIALIZER;
    error = ERROR_INTERNAL_ERROR;
    if (mongo_entries_append_movie(&movie, edit->locale, &editing->scratch, &document)) {
        error = plan(editing, MONGO_MOVIES, movie.id, known, version, &document);
    }
    bson_destroy(&document);
    return error;
}

/* Are the screens of the document those of the cinema, to the last seat? */
static bool same_screens(const bson_t *document, const struct cinema *cinema)
{
    bson_t wanted = BSON_INITIALIZER;
    bson_iter_t stored;
    bson_iter_t given;
    mongo_entries_append_screens(cinema, &wanted);
    bool same = bson_iter_init_find(&stored, document, "screens") &&
                bson_iter_init_find(&given, &wanted, "screens") && BSON_ITER_HOLDS_ARRAY(&stored);
    if (same) {
        const bson_value_t *left = bson_iter_value(&stored);
        const bson_value_t *right = bson_iter_value(&given);
        same = left->value.v_doc.data_len == right->value.v_doc.data_len &&
               memcmp(left->value.v_doc.data, right->value.v_doc.data,
                      right->value.v_doc.data_len) == 0;
    }
    bson_destroy(&wanted);
    return same;
}

static enum error find_cinema(struct mongo_editing *editing, struct cinema *ret_cinema,
                              bool *ret_known, int64_t *ret_version, uint32_t *ret_different)
{
    bson_t found;
    bool full = false;
    const struct catalogue_edit *edit = editing->edit;
    const struct id id = edit->cinema.id;
    const enum error error =
        mongo_editing_find(editing, MONGO_CINEMAS, id, &found, ret_known, ret_version);
    if (error != ERROR_NONE || !*ret_known) return error;
    const bool whole = mongo_entries_read_cinema(&found, &editing->scratch, ret_cinema, &full);
    if (whole) *ret_different = edited_compare_cinema(ret_cinema, &edit->cinema);
    if (whole && edit_has(edit->members, CINEMA_SCREENS) && !same_screens(&found, &edit->cinema)) {
        *ret_different |= EDITED_BIT(CINEMA_SCREENS);
    }
    bson_destroy(&found);
    return whole ? ERROR_NONE : mongo_editing_refuse(id);
}

enum error mongo_editing_cinema(struct mongo_editing *editing)
{
    struct catalogue_edit *edit = editing->edit;
    struct cinema cinema = {.id = edit->cinema.id};
    uint32_t different = 0;
    int64_t version = 0;
    bool known = false;
    enum error error = mongo_gate_read(editing->store);
    if (error == ERROR_NONE) error = find_cinema(editing, &cinema, &known, &version, &different);
    if (error != ERROR_NONE) return error;
    if (!edited_judge(edit, known, different)) return ERROR_NONE;
    edited_merge_cinema(edit->members_changed, &edit->cinema, &cinema);
    edited_describe_cinema(&editing->json, edit->members_changed, &cinema);
    bson_t document = BSON_INITIALIZER;
    error = ERROR_INTERNAL_ERROR;
    if (mongo_entries_append_cinema(&cinema, edit->locale, &editing->scratch, &document)) {
        error = plan(editing, MONGO_CINEMAS, cinema.id, known, version, &document);
    }
    bson_destroy(&document);
    return error;
}
