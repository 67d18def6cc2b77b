/* import_numbers.h - which number a record that was moved here gets.
 *
 * Its own, if its id is one that this store would have made of a number that is free; else one
 * near its time, and the id is kept beside it.
 *
 * Errors: false, with a sentence that says why.
 */
#pragma once

#include "store/move/move_record.h"
#include "store/sqlite/row_ids.h"

struct import_numbers_wish {
    enum id_kind kind; /* A booking, a payment or a block. */
    struct id id;
    int64_t made_at_ms;
    const struct code *code; /* Of a booking; else NULL. */
};

/* Numbers that are known to be taken, of each kind: a busy second is not searched anew for each
 * of its records. */
struct import_numbers {
    struct row_ids *ids; /* Borrowed. */
    int64_t first[ID_BLOCK + 1];
    int64_t last[ID_BLOCK + 1];
};

/* Finds the number and keeps the id, inside the open transaction. */
MUST_USE bool import_numbers_allot(struct import_numbers *numbers,
                                   const struct import_numbers_wish *wish, int64_t *ret_number,
                                   struct move_reason *ret_reason);

/* Is there a row of that number? */
bool import_numbers_is_taken(const struct row_ids *ids, enum id_kind kind, int64_t number);
