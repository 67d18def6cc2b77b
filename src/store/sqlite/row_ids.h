/* row_ids.h - which number an id has in `usher.db`, and which id a number.
 *
 * An id that this store made is its number under a seal. One that another store made, and that
 * `usher import` brought, stays what it is: `moved_id` has it beside a number of ours. A code is
 * moved the same way, and no new booking may get it, so its own number is left out.
 *
 * Shape:  a store into which nothing was moved never looks.
 * Thread: the database's.
 * Source: docs/moving.md
 */
#pragma once

#include "core/code.h"
#include "store/sqlite/database.h"

struct row_ids {
    struct siphash_key key;    /* Seals numbers into ids and codes. */
    struct database *database; /* Borrowed; must not move. */
    bool moved;                /* Some ids came from another store. */
};

/* Reads the key, and whether there are moved ids; false, and logged, if the file has no key. */
MUST_USE bool row_ids_open(struct database *database, struct row_ids *ret_ids);

/* The number of an id; 0 if it is none of ours. */
int64_t row_ids_number(const struct row_ids *ids, enum id_kind kind, struct id id);

/* The id of a number; none if no id has it. */
struct id row_ids_id(const struct row_ids *ids, enum id_kind kind, int64_t number);

/* The number of the booking that has the code; 0 if none can have it. */
int64_t row_ids_coded(const struct row_ids *ids, struct code code);

/* The code of the booking of that number, if it came with the booking; else the number's own. */
struct code row_ids_code(const struct row_ids *ids, int64_t number);

/* The first number from `from` on that no moved code belongs to; INT64_MAX: it is not known. */
int64_t row_ids_next_taken(const struct row_ids *ids, int64_t from);

/* Keeps a moved id under a number, inside the open transaction; `code` of a booking, or NULL.
 * SQLite's code; SQLITE_DONE if it went well. */
int row_ids_move(struct row_ids *ids, enum id_kind kind, int64_t number, struct id id,
                 const struct code *code);
