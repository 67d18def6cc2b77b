/* clerks.h - the back office over MongoDB: what each of its clerks has at hand.
 *
 * Thread: clerks_open from the main thread; the rest as http/back_office.h says.
 */
#pragma once

#include "app/house.h"
#include "http/back_office.h"

/* NULL without memory. `state` is borrowed; its cluster is open. */
struct back_office *clerks_open(struct house_state *state);
