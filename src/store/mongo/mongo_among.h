/* mongo_among.h - a filter's condition that a field is one of these ids.
 *
 * Shape:  an array of ids under `$in`, built one at a time: it must not move until its end.
 * Thread: the caller's.
 */
#pragma once

#include <bson/bson.h>

#include "core/id.h"

struct mongo_among {
    bson_t in;
    bson_t array;
    uint32_t count; /* Of its ids. */
};

/* Begins `{name: {$in: [...]}}` in the filter, which takes nothing else until the end. */
void mongo_among_begin(struct mongo_among *among, bson_t *filter, const char *name);
void mongo_among_add(struct mongo_among *among, struct id id);
void mongo_among_end(struct mongo_among *among, bson_t *filter);

/* The whole of it. */
void mongo_among_append(bson_t *filter, const char *name, const struct id *ids, uint32_t count);

/* Appends an id to an array that has `index` elements. */
void mongo_among_element(bson_t *array, uint32_t index, struct id id);
