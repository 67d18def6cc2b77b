#include "base/log_line.h"

#include "base/buffer.h"
#include "base/check.h"
#include "base/timestamp.h"

enum { CLOSING_SIZE_MAX = 16 }; /* `,"cut":true}` and the newline. */

#define REPLACEMENT SLICE("\xef\xbf\xbd")
#define ELLIPSIS SLICE("\xe2\x80\xa6")

/* How many bytes a character with this first one has; 0 if none begins with it. */
static size_t size_by_first(unsigned char first)
{
    if (first < 0x80) return 1;
    if (first >= 0xc2 && first <= 0xdf) return 2;
    if (first >= 0xe0 && first <= 0xef) return 3;
    return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

/* Does it only show itself? */
static bool is_harmless(uint32_t letter)
{
    if (letter < 0x20 || (letter >= 0x7f && letter < 0xa0)) return false;
    if (letter >= 0x200e && letter <= 0x200f) return false; /* Marks of direction, */
    if (letter >= 0x2028 && letter <= 0x202e) return false; /* line ends and overrides, */
    return letter < 0x2066 || letter > 0x2069;              /* and isolates. */
}

/* The size of the character that `text` begins with; 0 if it has to be replaced. */
static size_t letter_size(struct slice text)
{
    const unsigned char *bytes = (const unsigned char *)text.data;
    static const uint32_t lowest[] = {0, 0, 0x80, 0x800, 0x10000};
    const size_t size = size_by_first(bytes[0]);
    if (size == 0 || size > text.size) return 0;
    if (size == 1) return is_harmless(bytes[0]) ? 1 : 0;
    uint32_t letter = bytes[0] & (0x7fU >> size);
    for (size_t index = 1; index < size; index++) {
        if ((bytes[index] & 0xc0) != 0x80) return 0;
        letter = letter << 6 | (bytes[index] & 0x3f);
    }
    if (letter < lowest[size] || letter > 0x10ffff) return 0;
    if (letter >= 0xd800 && letter <= 0xdfff) return 0;
    return is_harmless(letter) ? size : 0;
}

static void append_quoted(struct buffer *buffer, struct slice text)
{
    buffer_append_char(buffer, '"');
    size_t index = 0;
    while (index < text.size && index < LOG_VALUE_SIZE_MAX) {
        const char *letter = text.data + index;
        const size_t size = letter_size((struct slice){letter, text.size - index});
        if (*letter == '"' || *letter == '\\') buffer_append_char(buffer, '\\');
        buffer_append(buffer, size > 0 ? (struct slice){letter, size} : REPLACEMENT);
        index += size > 0 ? size : 1;
    }
    if (index < text.size) buffer_append(buffer, ELLIPSIS);
    buffer_append_char(buffer, '"');
}

static void append_key(struct buffer *buffer, enum log_format format, const char *key)
{
    if (format == LOG_FORMAT_TEXT) {
        buffer_append_char(buffer, ' ');
        buffer_append(buffer, slice_of(key));
        buffer_append_char(buffer, '=');
        return;
    }
    buffer_append(buffer, SLICE(",\""));
    buffer_append(buffer, slice_of(key));
    buffer_append(buffer, SLICE("\":"));
}

static void append_head(struct buffer *buffer, enum log_format format, const struct log_line *line)
{
    const bool json = format == LOG_FORMAT_JSON;
    char moment[TIMESTAMP_SIZE];
    timestamp_format(line->now_ms, moment);
    if (json) buffer_append(buffer, SLICE("{\"time\":\""));
    buffer_append(buffer, (struct slice){moment, sizeof moment});
    buffer_append(buffer, json ? SLICE("\",\"level\":\"") : SLICE(" "));
    buffer_append(buffer, log_level_name(line->level));
    buffer_append(buffer, json ? SLICE("\",\"event\":\"") : SLICE(" "));
    buffer_append(buffer, slice_of(line->event));
    if (json) buffer_append_char(buffer, '"');
}

/* Appends the field whole or not at all; false if it does not fit. */
static bool append_field(struct buffer *buffer, enum log_format format,
                         const struct log_field *field)
{
    const size_t size_before = buffer->size;
    append_key(buffer, format, field->key);
    if (field->text.data != NULL) append_quoted(buffer, field->text);
    else buffer_append_number(buffer, field->number);
    if (!buffer->overflowed) return true;
    buffer->size = size_before;
    buffer->overflowed = false;
    return false;
}

struct slice log_line_write(const struct log_line *line, enum log_format format, char *target)
{
    CHECK(line->event != NULL);

    struct buffer buffer;
    buffer_init(&buffer, target, LOG_LINE_SIZE_MAX - CLOSING_SIZE_MAX);
    append_head(&buffer, format, line);
    CHECK(!buffer.overflowed);
    bool whole = true;
    for (size_t index = 0; whole && index < line->field_count; index++) {
        if (line->fields[index].key == NULL) continue;
        whole = append_field(&buffer, format, &line->fields[index]);
    }
    buffer.capacity = LOG_LINE_SIZE_MAX;
    const bool json = format == LOG_FORMAT_JSON;
    if (!whole) buffer_append(&buffer, json ? SLICE(",\"cut\":true") : SLICE(" cut=true"));
    buffer_append(&buffer, json ? SLICE("}\n") : SLICE("\n"));
    CHECK(!buffer.overflowed);
    return buffer_text(&buffer);
}
