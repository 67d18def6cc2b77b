/* node.h - one value of a catalogue file, with its place and the list of what is wrong.
 *
 * Each reader says what a value must be, gets a value that is safe to go on with, and leaves
 * a fault behind if the file says something else. So reading never stops half-way.
 *
 * Shape:  `json` is NULL where a member is missing.
 */
#pragma once

#include "catalogue/faults.h"
#include "core/id.h"
#include "json/json_read.h"

struct node {
    struct place place;
    const struct json *json;
    struct faults *faults;
    bool partial;  /* An object that changes an entry: any of its members may be missing. */
    bool optional; /* A member of such an object. */
};

struct text_rule {
    size_t size_min;
    size_t size_max;
    bool lines; /* May it have line breaks and tabs? */
};

/* The member of that name. Borrows `object`. */
struct node node_member(const struct node *object, struct slice key);

/* An element of an array, or a member found by walking. Borrows `array`. */
struct node node_child(const struct node *parent, const struct json *json, size_t index);

bool node_missing(const struct node *node);

/* Is it an object? Members that are not `known` are faults. A missing one that is optional is
 * no fault, and no object; so with all that follow. */
bool node_is_object(const struct node *node, const struct slice *known, size_t known_count);

/* Is it an array of at most `count_max` elements? A missing one is no fault, and no array. */
bool node_is_array(const struct node *node, size_t count_max);

/* Empty on a fault, or if it is missing and `rule` allows an empty text. */
struct slice node_text(const struct node *node, struct text_rule rule);

/* `min` on a fault. */
int64_t node_integer(const struct node *node, int64_t min, int64_t max);

/* The position in `words`; `word_count` on a fault. */
size_t node_word(const struct node *node, const struct slice *words, size_t word_count);

/* `missing` if it is missing. */
bool node_flag(const struct node *node, bool missing);

/* None if it is missing, or on a fault. */
struct id node_id(const struct node *node);
