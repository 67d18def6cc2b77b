/* eager_store.h - a store that says "committed" and commits later: a planted bug.
 *
 * Answers then leave before their commit, and a power cut in between must be found out.
 */
#pragma once

#include "ports/store.h"

struct eager_store {
    struct store inner;
    bool owes; /* A commit. */
};

struct store eager_store_port(struct eager_store *eager);
