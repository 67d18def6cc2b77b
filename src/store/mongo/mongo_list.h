/* mongo_list.h - the documents of a page, read in one question or in several.
 *
 * A list that is asked for in parts goes on where the last part ended: `count` and `more` are of
 * all of them together, and so is the time that they may take.
 *
 * Shape:  up to `limit` entries, and whether there is one more. A full arena ends the page early,
 *         if it has an entry.
 * Errors: ports/catalogue.h; ERROR_INTERNAL_ERROR for a document that cannot be an entry.
 * Thread: the client's.
 */
#pragma once

#include "base/arena.h"
#include "store/mongo/mongo_connection.h"

struct mongo_list {
    enum mongo_collection collection;
    const char *sort;       /* JSON */
    const char *projection; /* JSON; NULL: all of a document. */
    size_t limit;
    struct arena *arena;
    void *entries;
    /* Reads a document into `entries[index]`; false if it is none, or with `full` if the arena is
     * full. */
    bool (*read)(const bson_t *document, struct arena *arena, void *entries, size_t index,
                 bool *full);
    bool (*belongs)(void *context, const bson_t *document); /* NULL: all that match do. */
    void *context;                                          /* Of `belongs`. */
    int64_t until_us;                                       /* See mongo_list_time. */
    size_t count;
    bool more;
};

/* The end of the time that a list has which begins now: as long as one read. */
int64_t mongo_list_time(void);

/* Reads what matches, behind what was read before. */
MUST_USE enum error mongo_list_read(struct mongo_list *list, struct mongo_client *client,
                                    const bson_t *filter);
