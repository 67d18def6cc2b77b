/* fragile_store.h - a store before which the process may die at any moment.
 *
 * Every call of a store, the way back from a commit, and every answer that leaves is a moment.
 * A process that dies is not taken down in the middle of a function: from then on its store
 * does nothing and whoever listens to it must not, so that all it still does is lost, as if it
 * had done no more. What the store under it does with an open batch is that store's part.
 *
 * Shape:  one process at a time.
 */
#pragma once

#include "ports/store.h"

struct fragile_store {
    struct store inner;
    uint64_t moments;   /* That have passed. */
    uint64_t dies_at;   /* The moment that does not pass; 0: none. */
    uint64_t dies_next; /* Moments from that death to the next one; 0: there is none. */
    bool dead;
    bool committed; /* The last batch is durable, and not yet answered to the end. */
};

struct store fragile_store_port(struct fragile_store *fragile);

/* Lets a moment pass; false if the process is dead, now or before. */
bool fragile_store_pass(struct fragile_store *fragile);

/* The next process starts. */
void fragile_store_revive(struct fragile_store *fragile);
