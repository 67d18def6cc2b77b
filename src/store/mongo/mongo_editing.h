/* mongo_editing.h - what the parts of one edit over MongoDB share. */
#pragma once

#include "store/edited.h"
#include "store/mongo/mongo_state.h"

enum {
    /* A description and all other texts with every letter escaped to two. */
    MONGO_EDITING_DETAIL_SIZE = 40 * 1024,
    /* Two cinemas of fifty screens with their plans. */
    MONGO_EDITING_SCRATCH_SIZE = 1024 * 1024,
};

struct mongo_editing {
    struct mongo_store *store;
    struct catalogue_edit *edit;
    int64_t now_ms;
    struct arena scratch;
    struct buffer detail; /* JSON: the members that changed, as they are now. */
    struct json_writer json;
    char detail_block[MONGO_EDITING_DETAIL_SIZE];
    char block[MONGO_EDITING_SCRATCH_SIZE];
};

/* Each kind's own: finds the entry, judges it, and makes the plans. */
MUST_USE enum error mongo_editing_movie(struct mongo_editing *editing);
MUST_USE enum error mongo_editing_cinema(struct mongo_editing *editing);
MUST_USE enum error mongo_editing_showtime(struct mongo_editing *editing);

/* Finds an entry; its version is 0 if it has none. `ret_found` is to be destroyed if there is
 * one. */
MUST_USE enum error mongo_editing_find(struct mongo_editing *editing,
                                       enum mongo_collection collection, struct id id,
                                       bson_t *ret_found, bool *ret_there, int64_t *ret_version);

/* Makes the line for the journal, once the detail is complete. */
void mongo_editing_line(struct mongo_editing *editing, struct id subject, struct id *ret_id,
                        bson_t *line);

/* A document that cannot be an entry. */
enum error mongo_editing_refuse(struct id id);
