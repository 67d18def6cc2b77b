/* driver.h - libmongoc as the simulation has it; what its files share.
 *
 * Its functions are the library's own by name; see driver.c.
 *
 * Thread: whoever has the baton.
 */
#pragma once

#include <mongoc/mongoc.h>

#include "sim_shared/weather.h"

/* Codes of the server. */
enum {
    DRIVER_TOO_LATE = 50,       /* A read took longer than it may. */
    DRIVER_CONCERN_FAILED = 64, /* The majority was too slow. */
};

/* Ids that the driver makes begin anew. */
void driver_begin(void);

enum mongo_collection driver_kind(const mongoc_collection_t *collection);

/* Ends the test if there is an option that is not among `known`, which ends with NULL. */
void driver_check_options(const bson_t *options, const char *const *known);

/* Sets the error; false. */
bool driver_fail(bson_error_t *error, uint32_t domain, uint32_t code);

/* The error of an operation that was struck, with what its reply has; true if there is none. */
bool driver_tell(enum strike strike, bson_t *reply, bson_error_t *error);
