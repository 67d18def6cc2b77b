#include "store/move/move_file.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/check.h"
#include "crypto/crypto.h"

enum {
    WRITE_SIZE = 256 * 1024, /* Handed over in one go. */
    LOOK_EVERY_MS = 200,     /* How soon a request to stop is heard. */
};

static_assert(sizeof(struct fingerprint) == SHA256_SIZE, "a digest is SHA-256");

/* Address space only: what no line uses is never backed by memory. */
static void *take(size_t size)
{
    void *block = mmap(NULL, size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return block == MAP_FAILED ? NULL : block;
}

/* Room for one line behind what waits, to be written or to be taken. */
enum { TEXT_SIZE = MOVE_LINE_SIZE_MAX + WRITE_SIZE };

bool move_file_open(struct move_file *file, int descriptor)
{
    *file = (struct move_file){.descriptor = descriptor};
    void *text = take(TEXT_SIZE);
    void *memory = take(MOVE_LINE_ARENA_SIZE);
    if (text != NULL) buffer_init(&file->text, text, TEXT_SIZE);
    if (memory != NULL) arena_init(&file->arena, memory, MOVE_LINE_ARENA_SIZE);
    return text != NULL && memory != NULL;
}

void move_file_close(struct move_file *file)
{
    if (file->text.data != NULL) CHECK(munmap(file->text.data, TEXT_SIZE) == 0);
    if (file->arena.block != NULL) CHECK(munmap(file->arena.block, MOVE_LINE_ARENA_SIZE) == 0);
    *file = (struct move_file){0};
}

/* Counts a line, and takes it into the digests. */
static void note(struct move_file *file, enum move_kind kind, struct slice line)
{
    const struct slice before = {(const char *)file->lines.bytes, sizeof file->lines.bytes};
    const struct slice parts[] = {before, line};
    uint8_t digest[SHA256_SIZE];
    file->line++;
    file->counts[kind]++;
    if (kind == MOVE_HEAD) {
        crypto_sha256(&line, 1, file->head.bytes);
    } else if (kind != MOVE_END) {
        crypto_sha256(parts, 2, digest);
        memcpy(file->lines.bytes, digest, sizeof digest);
    }
}

static bool flush(struct move_file *file, struct move_reason *ret_reason)
{
    size_t done = 0;
    while (done < file->text.size) {
        const ssize_t part =
            write(file->descriptor, file->text.data + done, file->text.size - done);
        if (part < 0 && errno == EINTR) continue;
        if (part < 0) {
            return move_record_explain(ret_reason, "it cannot be written: %s", strerror(errno));
        }
        done += (size_t)part;
    }
    file->text.size = 0;
    return true;
}

static bool goes_on(const struct move_file *file)
{
    const struct move_watch *watch = &file->watch;
    return watch->proceed == NULL || watch->proceed(watch->context, file->line);
}

static bool proceed(const struct move_file *file, struct move_reason *ret_reason)
{
    if (goes_on(file)) return true;
    return move_record_explain(ret_reason, "stopped before it was whole");
}

bool move_file_put(struct move_file *file, const struct move_record *record,
                   struct move_reason *ret_reason)
{
    const size_t start = file->text.size;
    if (!proceed(file, ret_reason)) return false;
    move_line_write(&file->text, record);
    if (file->text.overflowed) {
        return move_record_explain(ret_reason, "a %s is too large for a line",
                                   move_record_name(record->kind).data);
    }
    note(file, record->kind,
         (struct slice){.data = file->text.data + start, .size = file->text.size - start});
    buffer_append_char(&file->text, '\n');
    return file->text.size < WRITE_SIZE || flush(file, ret_reason);
}

bool move_file_end(struct move_file *file, struct move_reason *ret_reason)
{
    struct move_record record = {.kind = MOVE_END,
                                 .end = {.head = file->head, .lines = file->lines}};
    memcpy(record.end.counts, file->counts, sizeof file->counts);
    return move_file_put(file, &record, ret_reason) && flush(file, ret_reason);
}

/* Waits for bytes, or for the watch to end it: a signal may come right before the wait. */
static bool wait_for_bytes(const struct move_file *file)
{
    struct pollfd waited = {.fd = file->descriptor, .events = POLLIN};
    while (goes_on(file)) {
        if (poll(&waited, 1, LOOK_EVERY_MS) > 0) return true;
    }
    return false;
}

/* Reads more behind what is not taken yet; false if there is no more. */
static bool fill(struct move_file *file)
{
    struct buffer *text = &file->text;
    memmove(text->data, text->data + file->taken, text->size - file->taken);
    text->size -= file->taken;
    file->taken = 0;
    const size_t room = text->capacity - text->size;
    ssize_t part = -1;
    do {
        if (!wait_for_bytes(file)) return false;
        part = read(file->descriptor, text->data + text->size, room);
    } while (part < 0 && errno == EINTR);
    if (part <= 0) return false;
    text->size += (size_t)part;
    return true;
}

static bool is_at_end(struct move_file *file)
{
    return file->taken == file->text.size && !fill(file);
}

/* The next line, without its end. */
static bool take_line(struct move_file *file, struct slice *ret_line,
                      struct move_reason *ret_reason)
{
    const struct buffer *text = &file->text;
    for (;;) {
        const char *start = text->data + file->taken;
        const char *end = memchr(start, '\n', text->size - file->taken);
        if (end != NULL) {
            *ret_line = (struct slice){.data = start, .size = (size_t)(end - start)};
            file->taken += ret_line->size + 1;
            return true;
        }
        if (text->size - file->taken > MOVE_LINE_SIZE_MAX) {
            return move_record_explain(ret_reason, "it is longer than any line");
        }
        if (fill(file)) continue;
        return proceed(file, ret_reason) &&
               move_record_explain(ret_reason, "the file ends here; it was cut");
    }
}

static bool judge_end(struct move_file *file, const struct move_end *end,
                      struct move_reason *ret_reason)
{
    for (enum move_kind kind = MOVE_MOVIE; kind < MOVE_END; kind++) {
        if (end->counts[kind] == file->counts[kind]) continue;
        return move_record_explain(ret_reason, "it counts %lld of %s, but there were %lld",
                                   (long long)end->counts[kind], move_record_name(kind).data,
                                   (long long)file->counts[kind]);
    }
    if (!fingerprint_equal(&end->head, &file->head) ||
        !fingerprint_equal(&end->lines, &file->lines)) {
        return move_record_explain(ret_reason, "the file is not as it was written");
    }
    if (is_at_end(file)) return true;
    return move_record_explain(ret_reason, "something stands behind the last line");
}

bool move_file_next(struct move_file *file, struct move_record *ret_record,
                    struct move_reason *ret_reason)
{
    struct slice line = {0};
    struct move_reason what;
    const unsigned long long number = file->line + 1;
    arena_reset(&file->arena);
    if (!proceed(file, ret_reason)) return false;
    if (!take_line(file, &line, &what) || !move_line_read(line, &file->arena, ret_record, &what)) {
        return move_record_explain(ret_reason, "line %llu: %.400s", number, what.text);
    }
    if ((ret_record->kind == MOVE_HEAD) != (number == 1)) {
        return move_record_explain(ret_reason, "line %llu: %s", number,
                                   number == 1 ? "this is no export of usher"
                                               : "a file has one head");
    }
    if (number == 1 && ret_record->head.format != MOVE_FORMAT) {
        return move_record_explain(ret_reason,
                                   "line 1: the format is %lld, this usher knows format %d",
                                   (long long)ret_record->head.format, MOVE_FORMAT);
    }
    note(file, ret_record->kind, line);
    if (ret_record->kind != MOVE_END || judge_end(file, &ret_record->end, &what)) return true;
    return move_record_explain(ret_reason, "line %llu: %.400s", number, what.text);
}
