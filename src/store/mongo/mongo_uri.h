/* mongo_uri.h - what is wrong with a MongoDB URI, and what of it may be shown.
 *
 * It may hold a password, and the driver's messages quote what they could not read. So the parts
 * that a password can spill into are looked at here first; the driver is asked with a stand-in for
 * user and password, and nothing of them is ever in a reason.
 *
 * Thread: before mongo_connection_begin, which gives the driver its log: until then it is silent.
 */
#pragma once

#include "base/slice.h"
#include "store/mongo/mongo_connection.h"

/* False with the reason if it is no URI that the driver and usher take. */
MUST_USE bool mongo_uri_check(const char *text, struct mongo_reason *ret_reason);

/* Of a URI that passed: its hosts and path, without user, password and options. */
struct slice mongo_uri_place(const char *text);
