/* buffer.h - appends text to a block of fixed size and remembers whether all of it fitted.
 *
 * Callers append without looking and ask once, at the end, whether the text is whole.
 *
 * Shape:  size <= capacity. After the first append that does not fit, `overflowed` stays set
 *         and nothing more is written.
 * Thread: one owner at a time.
 */
#pragma once

#include "base/slice.h"

struct buffer {
    char *data;
    size_t capacity;
    size_t size;
    bool overflowed;
};

/* Uses `block`, which the caller owns and keeps alive. */
void buffer_init(struct buffer *buffer, void *block, size_t capacity);

/* Appends `size` bytes for the caller to fill in at once; NULL if they do not fit. */
char *buffer_grow(struct buffer *buffer, size_t size);

void buffer_append(struct buffer *buffer, struct slice text);
void buffer_append_char(struct buffer *buffer, char letter);

/* Appends a number in decimal. */
void buffer_append_number(struct buffer *buffer, int64_t number);
void buffer_append_unsigned(struct buffer *buffer, uint64_t number);

/* Appends `size` bytes as lower-case hex digits. */
void buffer_append_hex(struct buffer *buffer, const void *bytes, size_t size);

/* What has been appended; empty when something did not fit. */
struct slice buffer_text(const struct buffer *buffer);
