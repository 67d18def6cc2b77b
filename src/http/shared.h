/* shared.h - a body that many answers send without copying it.
 *
 * Thread: any; the count is atomic, the bytes never change.
 */
#pragma once

#include "base/slice.h"

struct shared;

/* Takes over `data`, which was malloc'ed; one reference. NULL without memory (data is then
 * freed). */
struct shared *shared_of(char *data, size_t size);

struct shared *shared_ref(struct shared *shared);
void shared_unref(struct shared *shared); /* Accepts NULL. */
struct slice shared_bytes(const struct shared *shared);
