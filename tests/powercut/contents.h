/* contents.h - everything that a store says, as one number, whatever its pages look like. */
#pragma once

#include "store/sqlite/database.h"

/* False if a row cannot be read. */
MUST_USE bool contents_digest(struct database *database, uint64_t *ret_digest);

/* The same of a file that nobody has open; false, with the reason, if it cannot be read. */
MUST_USE bool contents_digest_file(const char *path, uint64_t *ret_digest,
                                   struct database_reason *ret_reason);
