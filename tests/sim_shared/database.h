/* database.h - a MongoDB in memory: collections, unique indexes, statements on one document each.
 *
 * It does at once and for good what a statement says; that a statement comes late, or that nobody
 * hears of it, is for the driver (driver.c) and its weather. Whoever watches sees each change.
 *
 * Shape:  the store's collections; some thousand documents.
 * Thread: whoever has the baton.
 */
#pragma once

#include <bson/bson.h>

#include "store/mongo/mongo_connection.h"

enum {
    DATABASE_DOCUMENTS_MAX = 2048, /* In a collection. */
    DATABASE_INDEXES_MAX = 8,      /* Unique ones, of all collections. */
    DATABASE_INDEX_MEMBERS_MAX = 4,
};

enum statement_kind { STATEMENT_INSERT, STATEMENT_UPDATE, STATEMENT_REPLACE, STATEMENT_DELETE };

/* What is done to one document. Owns its parts. */
struct statement {
    enum statement_kind kind;
    enum mongo_collection collection;
    bson_t *filter;   /* All but INSERT. */
    bson_t *document; /* INSERT, REPLACE: whole. UPDATE: `$set`. */
};

enum effect { EFFECT_NONE, EFFECT_DONE, EFFECT_DUPLICATE };

/* A document came, changed (both are set), or went. */
struct database_watcher {
    void (*changed)(void *context, enum mongo_collection collection, const bson_t *before,
                    const bson_t *after);
    void *context;
};

/* As it was at a moment. */
struct database_picture;

void database_begin(struct database_watcher watcher);
void database_end(void);

/* `members` are borrowed for the call. */
void database_add_unique(enum mongo_collection collection, const char *const *members,
                         uint32_t count);

enum effect database_do(const struct statement *statement);
struct statement statement_copy(const struct statement *statement);
void statement_release(struct statement *statement);

/* The documents of a collection, now or in the picture. */
uint32_t database_count(enum mongo_collection collection, const struct database_picture *picture);
const bson_t *database_at(enum mongo_collection collection, const struct database_picture *picture,
                          uint32_t index);

/* The document with the same `_id`, or NULL. */
const bson_t *database_find(enum mongo_collection collection, const bson_t *like,
                            const struct database_picture *picture);

struct database_picture *database_take_picture(void);
void database_drop_picture(struct database_picture *picture); /* Accepts NULL. */
