/* json_write.h - JSON text, appended to a buffer of fixed size.
 *
 * Commas are put by the writer; strings are escaped and bad UTF-8 is replaced, so whatever is
 * appended, the text parses. The buffer says at the end whether all of it fitted.
 *
 * Thread: one owner at a time.
 */
#pragma once

#include "base/buffer.h"

struct json_writer {
    struct buffer *buffer;
    bool comma; /* The next value or member needs one before it. */
};

struct json_writer json_writer_of(struct buffer *buffer);

void json_open_object(struct json_writer *writer);
void json_close_object(struct json_writer *writer);
void json_open_array(struct json_writer *writer);
void json_close_array(struct json_writer *writer);

/* A member's name; its value must follow. */
void json_key(struct json_writer *writer, struct slice key);

void json_text(struct json_writer *writer, struct slice text);
void json_number(struct json_writer *writer, int64_t number);
void json_bool(struct json_writer *writer, bool truth);
void json_null(struct json_writer *writer);

/* A moment as the contract writes it. */
void json_time(struct json_writer *writer, int64_t moment_ms);

/* Text that is JSON already. */
void json_raw(struct json_writer *writer, struct slice json);

/* A member in one call. */
void json_member_text(struct json_writer *writer, struct slice key, struct slice text);
void json_member_number(struct json_writer *writer, struct slice key, int64_t number);
void json_member_bool(struct json_writer *writer, struct slice key, bool truth);
void json_member_time(struct json_writer *writer, struct slice key, int64_t moment_ms);
