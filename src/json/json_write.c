#include "json/json_write.h"

#include "base/check.h"
#include "base/timestamp.h"
#include "json/utf8.h"

struct json_writer json_writer_of(struct buffer *buffer)
{
    CHECK(buffer != NULL);
    return (struct json_writer){.buffer = buffer};
}

/* Every value and every name starts here. */
static void separate(struct json_writer *writer)
{
    if (writer->comma) buffer_append_char(writer->buffer, ',');
    writer->comma = false;
}

static void open_with(struct json_writer *writer, char bracket)
{
    separate(writer);
    buffer_append_char(writer->buffer, bracket);
}

static void close_with(struct json_writer *writer, char bracket)
{
    buffer_append_char(writer->buffer, bracket);
    writer->comma = true;
}

void json_open_object(struct json_writer *writer)
{
    open_with(writer, '{');
}

void json_close_object(struct json_writer *writer)
{
    close_with(writer, '}');
}

void json_open_array(struct json_writer *writer)
{
    open_with(writer, '[');
}

void json_close_array(struct json_writer *writer)
{
    close_with(writer, ']');
}

/* Writes what stands for the first byte of `text`, which may not stand for itself, and gives
 * how many bytes of `text` that covers. */
static size_t append_escaped(struct buffer *buffer, struct slice text)
{
    const char letter = text.data[0];
    switch (letter) {
    case '"':
        buffer_append(buffer, SLICE("\\\""));
        return 1;
    case '\\':
        buffer_append(buffer, SLICE("\\\\"));
        return 1;
    case '\n':
        buffer_append(buffer, SLICE("\\n"));
        return 1;
    case '\r':
        buffer_append(buffer, SLICE("\\r"));
        return 1;
    case '\t':
        buffer_append(buffer, SLICE("\\t"));
        return 1;
    default:
        break;
    }
    if ((uint8_t)letter < 0x20) {
        buffer_append(buffer, SLICE("\\u00"));
        buffer_append_hex(buffer, &letter, 1);
        return 1;
    }
    const size_t size = utf8_size(text);
    if (size == 0) {
        buffer_append(buffer, SLICE("\xef\xbf\xbd")); /* U+FFFD, the replacement character. */
        return 1;
    }
    buffer_append(buffer, (struct slice){.data = text.data, .size = size});
    return size;
}

static bool stands_for_itself(char letter)
{
    const uint8_t byte = (uint8_t)letter;
    return byte >= 0x20 && byte < 0x80 && letter != '"' && letter != '\\';
}

/* Do eight bytes all stand for themselves? The lowest one that does not leaves its high bit in
 * one of the terms; if there is none, nothing is borrowed, and no high bit is set. */
static bool word_stands_for_itself(const char *letters)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    uint64_t word;
    memcpy(&word, letters, sizeof word);
    const uint64_t quote = word ^ ones * '"';
    const uint64_t backslash = word ^ ones * '\\';
    const uint64_t special = word | (word - ones * 0x20) | (quote - ones) | (backslash - ones);
    return (special & ones * 0x80) == 0;
}

/* How many bytes from `offset` on stand for themselves. */
static size_t plain_size(struct slice text, size_t offset)
{
    size_t end = offset;
    while (text.size - end >= sizeof(uint64_t) && word_stands_for_itself(text.data + end)) {
        end += sizeof(uint64_t);
    }
    while (end < text.size && stands_for_itself(text.data[end])) end++;
    return end - offset;
}

static void append_string(struct buffer *buffer, struct slice text)
{
    size_t offset = plain_size(text, 0);
    char *target = buffer_grow(buffer, offset + 1);
    if (target == NULL) return;
    *target = '"';
    if (offset > 0) memcpy(target + 1, text.data, offset);
    while (offset < text.size) {
        offset += append_escaped(buffer, slice_from(text, offset));
        const size_t size = plain_size(text, offset);
        buffer_append(buffer, (struct slice){.data = text.data + offset, .size = size});
        offset += size;
    }
    buffer_append_char(buffer, '"');
}

void json_key(struct json_writer *writer, struct slice key)
{
    separate(writer);
    append_string(writer->buffer, key);
    buffer_append_char(writer->buffer, ':');
}

void json_text(struct json_writer *writer, struct slice text)
{
    separate(writer);
    append_string(writer->buffer, text);
    writer->comma = true;
}

void json_number(struct json_writer *writer, int64_t number)
{
    separate(writer);
    buffer_append_number(writer->buffer, number);
    writer->comma = true;
}

void json_bool(struct json_writer *writer, bool truth)
{
    json_raw(writer, truth ? SLICE("true") : SLICE("false"));
}

void json_null(struct json_writer *writer)
{
    json_raw(writer, SLICE("null"));
}

void json_time(struct json_writer *writer, int64_t moment_ms)
{
    char text[TIMESTAMP_SIZE + 2];
    text[0] = '"';
    timestamp_format(moment_ms, text + 1);
    text[TIMESTAMP_SIZE + 1] = '"';
    json_raw(writer, (struct slice){.data = text, .size = sizeof text});
}

void json_raw(struct json_writer *writer, struct slice json)
{
    CHECK(json.size > 0);

    separate(writer);
    buffer_append(writer->buffer, json);
    writer->comma = true;
}

void json_member_text(struct json_writer *writer, struct slice key, struct slice text)
{
    json_key(writer, key);
    json_text(writer, text);
}

void json_member_number(struct json_writer *writer, struct slice key, int64_t number)
{
    json_key(writer, key);
    json_number(writer, number);
}

void json_member_bool(struct json_writer *writer, struct slice key, bool truth)
{
    json_key(writer, key);
    json_bool(writer, truth);
}

void json_member_time(struct json_writer *writer, struct slice key, int64_t moment_ms)
{
    json_key(writer, key);
    json_time(writer, moment_ms);
}
