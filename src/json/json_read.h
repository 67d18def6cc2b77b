/* json_read.h - strict JSON text into a tree in an arena.
 *
 * Refuses what a careful client never sends: duplicate members, bad UTF-8, comments, text
 * behind the value, depth over JSON_DEPTH_MAX, a NUL in a string, integers beyond 64 bits.
 * Parsed by yajl; the tree is ours, so that callers ask for members by name.
 *
 * Shape:  depth <= JSON_DEPTH_MAX; strings are decoded and borrowed from the arena. The parser
 *         works at the arena's end, which needs about 5 KB of room, and gives that back.
 * Errors: json_parse says in one sentence what is wrong and where.
 * Thread: any.
 */
#pragma once

#include "base/arena.h"
#include "base/check.h"

enum {
    JSON_DEPTH_MAX = 16,
    JSON_MEMBERS_MAX = 4096, /* Of one object: a catalogue names 2500 seats in one. */
};

enum json_kind {
    JSON_NULL,
    JSON_BOOL,
    JSON_INTEGER,
    JSON_REAL, /* Any number with a fraction or an exponent; its text is kept, not its value. */
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT,
};

struct json {
    enum json_kind kind;
    bool truth;         /* JSON_BOOL */
    int64_t integer;    /* JSON_INTEGER */
    struct slice text;  /* JSON_STRING: decoded; JSON_INTEGER, JSON_REAL: as written. */
    struct slice key;   /* The member's name, if the parent is an object. */
    uint32_t count;     /* Children of an array or object. */
    struct json *first; /* First child. */
    struct json *next;  /* Next sibling. */
};

struct json_fault {
    size_t offset;        /* Bytes into the text. */
    bool arena_full;      /* The text may be right, but it is too large for us. */
    struct slice message; /* A sentence, static or in the arena. */
};

/* Parses one whole value. False, with `ret_fault` set, if the text is not acceptable. */
MUST_USE bool json_parse(struct slice text, struct arena *arena, const struct json **ret_root,
                         struct json_fault *ret_fault);

/* The member of that name, or NULL if `object` is no object or has none. */
const struct json *json_member(const struct json *object, struct slice key);

/* Appends the value as compact JSON with the members of every object sorted by their bytes:
 * the canonical text that fingerprints are made of. */
struct buffer;
void json_append_sorted(struct buffer *buffer, const struct json *value);
