#include "catalogue/faults.h"

#include <stdarg.h>

#include "base/buffer.h"
#include "base/check.h"

enum {
    KEY_SHOWN_MAX = 64,   /* An unknown member may have any length. */
    PLACE_DEPTH_MAX = 16, /* No path of a catalogue is longer. */
};

#define SEPARATOR ": "

enum { SEPARATOR_SIZE = sizeof SEPARATOR - 1 };

static void append_key(struct buffer *buffer, struct slice key)
{
    if (buffer->size > 0) buffer_append_char(buffer, '.');
    if (key.size <= KEY_SHOWN_MAX) {
        buffer_append(buffer, key);
        return;
    }
    buffer_append(buffer, (struct slice){.data = key.data, .size = KEY_SHOWN_MAX});
    buffer_append(buffer, SLICE("..."));
}

static void append_place(struct buffer *buffer, const struct place *place)
{
    const struct place *chain[PLACE_DEPTH_MAX];
    size_t depth = 0;
    for (; place != NULL && place->parent != NULL; place = place->parent) {
        CHECK(depth < PLACE_DEPTH_MAX);
        chain[depth++] = place;
    }
    if (depth == 0) buffer_append(buffer, SLICE("the file"));
    while (depth-- > 0) {
        if (chain[depth]->key.data != NULL) {
            append_key(buffer, chain[depth]->key);
            continue;
        }
        buffer_append_char(buffer, '[');
        buffer_append_unsigned(buffer, chain[depth]->index);
        buffer_append_char(buffer, ']');
    }
    buffer_append(buffer, SLICE(SEPARATOR));
}

/* Foreign text must not move a terminal's cursor, and a cut must not split a letter. */
static size_t make_harmless(char *text, size_t size)
{
    for (size_t index = 0; index < size; index++) {
        const unsigned char letter = (unsigned char)text[index];
        if (letter < 0x20 || letter == 0x7f) text[index] = '?';
    }
    return size;
}

void faults_add(struct faults *faults, const struct place *place, const char *format, ...)
{
    CHECK(format != NULL);

    faults->count++;
    if (faults->count > FAULTS_LISTED_MAX) return;
    struct fault *fault = &faults->listed[faults->count - 1];
    struct buffer buffer;
    buffer_init(&buffer, fault->text, sizeof fault->text);
    append_place(&buffer, place);
    if (buffer.overflowed) buffer.size = 0;
    const bool whole = place == NULL || place->parent == NULL;
    fault->place_size = whole || buffer.size == 0 ? 0 : buffer.size - SEPARATOR_SIZE;
    fault->message_at = buffer.size;
    va_list arguments;
    va_start(arguments, format);
    const size_t room = sizeof fault->text - buffer.size;
    const int written = vsnprintf(fault->text + buffer.size, room, format, arguments);
    va_end(arguments);
    CHECK(written >= 0);
    const size_t added = (size_t)written < room ? (size_t)written : room - 1;
    fault->size = make_harmless(fault->text, buffer.size + added);
}

size_t faults_listed(const struct faults *faults)
{
    return faults->count < FAULTS_LISTED_MAX ? faults->count : FAULTS_LISTED_MAX;
}

struct slice faults_text(const struct faults *faults, size_t index)
{
    CHECK(index < faults_listed(faults));
    return (struct slice){.data = faults->listed[index].text, .size = faults->listed[index].size};
}

struct slice faults_place(const struct faults *faults, size_t index)
{
    CHECK(index < faults_listed(faults));
    const struct fault *fault = &faults->listed[index];
    return (struct slice){.data = fault->text, .size = fault->place_size};
}

struct slice faults_message(const struct faults *faults, size_t index)
{
    return slice_from(faults_text(faults, index), faults->listed[index].message_at);
}
