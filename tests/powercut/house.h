/* house.h - a cinema's server on a disk in memory: the real store, engine and core, no network.
 *
 * Shape:  HOUSE_SHOWTIMES showtimes of three rows of ten, numbered from 1.
 * Thread: one.
 */
#pragma once

#include "engine/engine.h"
#include "powercut/eager_store.h"
#include "store/sqlite/sqlite_store.h"

enum { HOUSE_SHOWTIMES = 3, HOUSE_PATH_SIZE = 128 };

#define HOUSE_BEGINS_MS INT64_C(1709254800000) /* 2024-03-01T01:00Z */
#define HOUSE_DAY_MS INT64_C(86400000)
#define HOUSE_MOVIE "a00000000000000000000001"

/* What is wrong with it, on purpose. */
enum house_bug {
    HOUSE_BUG_NONE,
    HOUSE_BUG_LYING_DISK, /* Flushes flush nothing. */
    HOUSE_BUG_UNSAFE,     /* The file is open with synchronous=OFF. */
    HOUSE_BUG_EAGER,      /* Answers leave before their commit. */
};

struct house {
    char path[HOUSE_PATH_SIZE]; /* Of the file. */
    enum house_bug bug;
    struct turn_policy policy;
    struct sqlite_store *store;
    struct eager_store eager;
    struct feed *feed;
    struct engine *engine; /* NULL: only the store is open. */
    void (*answered)(void *context, struct command *command);
    void *answered_context;
};

/* A house whose file is in the folder; closed. */
void house_init(struct house *house, const char *folder);

MUST_USE bool house_open_store(struct house *house, struct database_reason *ret_reason);
MUST_USE bool house_open_engine(struct house *house);
void house_close(struct house *house);

struct store house_store(struct house *house);

/* Writes the programme into an open store that has none, in one commit. */
void house_fill(struct house *house);
struct id house_showtime(uint32_t number);

/* Runs the engine until nothing waits; false if it failed, or does not come to rest. */
MUST_USE bool house_run(struct house *house, int64_t now_ms);

/* Lets the store take its log for so long that its next look copies it into the file. With
 * `wait`, so long that it starts over. */
void house_lengthen_log(struct house *house, bool wait);
