/* match.h - MongoDB's filters, updates and orders, as far as the store uses them.
 *
 * What the store does not use is not here, and ends the test: a filter that is understood in
 * another way than the server does proves nothing.
 *
 * Thread: any.
 */
#pragma once

#include <bson/bson.h>

/* Does the document fit the filter? Equality, $eq $ne $gt $gte $lt $lte $in $not, and $or; an
 * equal null is an absent member too. */
bool match_document(const bson_t *document, const bson_t *filter);

/* Less than, equal to, or greater than 0. Members of different kinds are told apart by kind. */
int match_compare(const bson_iter_t *left, const bson_iter_t *right);

/* A new document with `{$set: ...}` done: members, and members of members. */
bson_t *match_updated(const bson_t *document, const bson_t *update);

/* A new document with `_id` and the members that the projection names. NULL: all. */
bson_t *match_projected(const bson_t *document, const bson_iter_t *projection);

/* The order of two documents by `{member: 1 or -1, ...}`. */
int match_order(const bson_t *left, const bson_t *right, const bson_iter_t *sort);
