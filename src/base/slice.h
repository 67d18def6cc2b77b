/* slice.h - a borrowed run of bytes, passed by value.
 *
 * Text in usher is a pointer and a size; a NUL is written only for system calls, so a string
 * from outside can contain anything and is never measured twice.
 *
 * Shape:  `data` may be NULL only if `size` is 0.
 * Thread: any.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct slice {
    const char *data;
    size_t size;
};

/* A slice of a string literal, without its NUL. */
#define SLICE(literal) ((struct slice){.data = (literal), .size = sizeof(literal) - 1})

/* The same for the initialiser of a constant. */
#define SLICE_INIT(literal) \
    { \
        .data = (literal), .size = sizeof(literal) - 1 \
    }

/* A slice of a NUL-terminated string; NULL gives the empty slice. */
static inline struct slice slice_of(const char *text)
{
    return (struct slice){.data = text, .size = text == NULL ? 0 : __builtin_strlen(text)};
}

bool slice_equal(struct slice left, struct slice right);

/* Equal but for the case of ASCII letters. */
bool slice_equal_ignoring_case(struct slice left, struct slice right);

bool slice_starts_with(struct slice text, struct slice prefix);

/* The part of `text` from `offset` on; the empty slice if `offset` is past its end. */
struct slice slice_from(struct slice text, size_t offset);

/* Cuts `text` at the first `separator`: what stands before it is returned, what stands behind
 * it is left in `rest`. Without a separator all is returned and `rest` is empty (data NULL). */
struct slice slice_cut(struct slice text, char separator, struct slice *rest);

/* Without the spaces and tabs at both ends. */
struct slice slice_trim(struct slice text);

/* Reads a whole decimal number from 0 to `max`: digits only, no sign, no space, no leading
 * zero but of "0" itself. False, and `ret_number` untouched, if `text` is not one. */
bool slice_to_number(struct slice text, uint64_t max, uint64_t *ret_number);

/* Copies `text` and a NUL into `target` of `capacity` bytes; false, and nothing written, if it
 * does not fit or contains a NUL. */
bool slice_to_string(struct slice text, char *target, size_t capacity);
