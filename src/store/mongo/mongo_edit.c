#include "store/mongo/mongo_edit.h"

#include "base/check.h"
#include "base/log.h"
#include "store/mongo/mongo_editing.h"
#include "store/mongo/mongo_ids.h"

void mongo_edit_lay_over(const struct mongo_store *store, struct seat_map *map)
{
    const struct mongo_plan *plan = &store->plan;
    if (!plan->made || !plan->edits || !id_equal(plan->id, map->showtime)) return;
    map->version = plan->version;
    map->starts_at_ms = plan->starts_at_ms;
    map->ends_at_ms = plan->ends_at_ms;
    map->status = SHOWTIME_SCHEDULED;
    memcpy(map->prices, plan->prices, sizeof map->prices);
}

const bson_t *mongo_edit_planned(const struct mongo_store *store, struct id showtime)
{
    const struct mongo_gate *gate = &store->gate;
    bson_iter_t at;
    struct id id;
    if (!gate->has_showtime || !bson_iter_init_find(&at, &gate->showtime, "_id")) return NULL;
    if (!mongo_fields_read_id(&at, &id) || !id_equal(id, showtime)) return NULL;
    return &gate->showtime;
}

enum error mongo_editing_find(struct mongo_editing *editing, enum mongo_collection collection,
                              struct id id, bson_t *ret_found, bool *ret_there,
                              int64_t *ret_version)
{
    bson_iter_t at;
    *ret_version = 0;
    const enum error error =
        mongo_state_find(editing->store, collection, id, NULL, ret_found, ret_there);
    if (error != ERROR_NONE || !*ret_there) return error;
    if (bson_iter_init_find(&at, ret_found, "version") && BSON_ITER_HOLDS_NUMBER(&at)) {
        *ret_version = bson_iter_as_int64(&at);
    }
    return ERROR_NONE;
}

void mongo_editing_line(struct mongo_editing *editing, struct id subject, struct id *ret_id,
                        bson_t *line)
{
    const struct catalogue_edit *edit = editing->edit;
    CHECK(edit->actor.size > 0);
    CHECK(!editing->detail.overflowed);

    *ret_id = mongo_ids_next();
    const bson_oid_t oid = mongo_ids_to_oid(*ret_id);
    const bson_oid_t about = mongo_ids_to_oid(subject);
    const struct user actor = user_of(edit->actor);
    const struct slice detail = buffer_text(&editing->detail);
    char block[EDITED_ACTION_SIZE_MAX];
    const struct slice action = edited_action(edit, block);
    BSON_APPEND_OID(line, "_id", &oid);
    BSON_APPEND_DATE_TIME(line, "at", editing->now_ms);
    mongo_fields_append_user(line, "actor", &actor);
    (void)bson_append_utf8(line, "role", -1, edit->role.data, (int)edit->role.size);
    (void)bson_append_utf8(line, "action", -1, action.data, (int)action.size);
    BSON_APPEND_OID(line, "subject", &about);
    (void)bson_append_utf8(line, "detail", -1, detail.data, (int)detail.size);
}

enum error mongo_editing_refuse(struct id id)
{
    char text[ID_HEX_SIZE];
    id_format(id, text);
    log_event(LOG_ERROR, "document_broken", LOG_TEXT("id", ((struct slice){text, sizeof text})));
    return ERROR_INTERNAL_ERROR;
}

static enum error run(struct mongo_editing *editing)
{
    switch (editing->edit->kind) {
    case EDIT_MOVIE:
        return mongo_editing_movie(editing);
    case EDIT_CINEMA:
        return mongo_editing_cinema(editing);
    default:
        CHECK(editing->edit->kind == EDIT_SHOWTIME);
        return mongo_editing_showtime(editing);
    }
}

enum error mongo_edit_run(struct mongo_store *store, struct catalogue_edit *edit, int64_t now_ms)
{
    CHECK(store->open);
    CHECK(edit->locale != NULL);

    if (store->plan.made || store->gate.plan.made) return ERROR_INTERNAL_ERROR;
    struct mongo_editing *editing = malloc(sizeof *editing);
    if (editing == NULL) return ERROR_STORE_UNAVAILABLE;
    editing->store = store;
    editing->edit = edit;
    editing->now_ms = now_ms;
    arena_init(&editing->scratch, editing->block, sizeof editing->block);
    buffer_init(&editing->detail, editing->detail_block, sizeof editing->detail_block);
    editing->json = json_writer_of(&editing->detail);
    const enum error error = run(editing);
    free(editing);
    return error;
}
