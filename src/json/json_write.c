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

static void append_string(struct buffer *buffer, struct slice text)
{
    buffer_append_char(buffer, '"');
    size_t offset = 0;
    while (offset < text.size) {
        size_t end = offset;
        while (end < text.size && stands_for_itself(text.data[end])) end++;
        buffer_append(buffer, (struct slice){.data = text.data + offset, .size = end - offset});
        if (end < text.size) end += append_escaped(buffer, slice_from(text, end));
        offset = end;
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
