/* writer_state.h - what the files of the SQLite writer share; nobody else includes it. */
#pragma once

#include "store/gather.h"
#include "store/sqlite/place.h"
#include "store/sqlite/row_ids.h"
#include "store/sqlite/sqlite_store.h"

/* Which table takes keys, and the day it is for; see key_day.h. */
struct keys_in_use {
    int table; /* 0 or 1 */
    int64_t day;
};

struct sqlite_store {
    struct database database;
    struct siphash_key tag_key;
    struct row_ids ids;
    struct numbers numbers;
    int64_t code_taken; /* The first number from the last look on whose code was moved here. */
    struct keys_in_use keys;
    struct keys_in_use keys_committed; /* What an undone transaction goes back to. */
    int64_t tended_at_ms;
    int64_t checkpoint_after_us; /* The last one was held up: none before this. */
    struct storage_meter meter;
    struct place place;
    uint64_t store_size_min;
    bool watched; /* `place` is known: the files are of a file system. */
    bool astray;  /* They were not in their place when last looked at. */
    bool open;    /* A batch is. */
    bool wrote;   /* The open batch has recorded something. */
    bool damaged; /* The batch has read a damaged page, and SQLite will not commit it. */
    bool broken;  /* Something durable is in doubt; see sqlite_store.h. */
};

/* Remembers an outcome that is in doubt; gives the error back. */
static inline enum error writer_state_note(struct sqlite_store *store, enum error error)
{
    if (error == ERROR_OUTCOME_UNKNOWN) store->broken = true;
    return error;
}

/* What a read of one showtime's rows that failed means; see database_read_failure. */
static inline enum error writer_state_read_failure(struct sqlite_store *store, const char *where)
{
    const enum error error = database_read_failure(&store->database, where);
    if (error == ERROR_INTERNAL_ERROR) store->damaged = true;
    return error;
}
