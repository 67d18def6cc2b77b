/* mongo_self_test.h - is this server's conditional update atomic?
 *
 * All of usher's safety in shared mode is one update that names the version it was decided
 * against. A server that reads and writes in two steps sells a seat twice without any fault; so
 * it is tried at every start, with clients that all want the same version.
 *
 * Shape:  MONGO_SELF_TEST_ROUNDS rounds of MONGO_SELF_TEST_CLIENTS clients, half a second.
 * Errors: ERROR_INTERNAL_ERROR - the server is not safe; ERROR_STORE_UNAVAILABLE - not known.
 * Thread: any; starts threads of its own and ends them.
 */
#pragma once

#include "store/mongo/mongo_connection.h"

enum { MONGO_SELF_TEST_ROUNDS = 25, MONGO_SELF_TEST_CLIENTS = 8 };

MUST_USE enum error mongo_self_test(struct mongo_connection *connection,
                                    struct mongo_reason *ret_reason);
