/* residents.h - the showtimes in memory: their maps, their queues, and who must leave.
 *
 * A showtime gets a slot with its first command and a map with its first turn. When another
 * needs the slot, the one that was idle longest leaves; it comes back on demand. Who has
 * waiting commands, held seats or a broken store row stays.
 *
 * Shape:  at most `capacity` slots. Slot `capacity` is nowhere: commands that name no showtime.
 * Thread: the engine's.
 */
#pragma once

#include "ports/store.h"

#define RESIDENT_NONE UINT32_MAX

struct resident {
    struct id showtime; /* None: the slot is free. */
    struct seat_map map;
    void *block; /* Behind the map; SHOWTIME_BLOCK_SIZE_MAX bytes. */
    bool loaded; /* The map shows what is committed. */
    bool closed; /* The store refused a turn: no more until a restart. */
    bool ready;  /* In the list of those that want a turn. */
    uint32_t next_ready;
    uint32_t next_same_hash;
    uint64_t last_used;
    uint32_t waiting; /* Commands in the queue. */
    struct command *first;
    struct command *last;
};

struct residents {
    uint32_t capacity;
    uint32_t count;
    uint64_t uses;
    struct resident *slots; /* [capacity + 1] */
    char *blocks;
    uint32_t *hash;           /* [capacity] first slot; RESIDENT_NONE: empty. */
    uint32_t free_slots_from; /* No free slot below this one. */
};

/* Errors: false without memory. */
bool residents_open(struct residents *residents, uint32_t capacity);
void residents_close(struct residents *residents);

/* The showtime's slot, or RESIDENT_NONE. */
uint32_t residents_find(const struct residents *residents, struct id showtime);

/* A slot for a showtime that has none. If all are taken, the one idle longest leaves first and
 * is named in `ret_left` (else RESIDENT_NONE). RESIDENT_NONE if none can leave. */
uint32_t residents_take(struct residents *residents, struct id showtime, uint32_t *ret_left);

/* Frees a slot that nothing waits for. */
void residents_leave(struct residents *residents, uint32_t slot);

/* Marks the slot as just used. */
void residents_use(struct residents *residents, uint32_t slot);

/* The queue of a slot, first come first served. */
void residents_push(struct resident *resident, struct command *command);
struct command *residents_pop(struct resident *resident); /* NULL if it is empty. */

/* Puts a list of `count` commands, which were popped, back before the others. */
void residents_put_back(struct resident *resident, struct command *first, uint32_t count);
