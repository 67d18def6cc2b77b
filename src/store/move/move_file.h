/* move_file.h - the file of an export: a line for each record, whole or refused.
 *
 * The last line counts the records and has two digests: of the first line, and of all between.
 * The second one begins with 32 zeros and takes each line's SHA-256 in turn,
 * d = SHA256(d | line), so that files of the same records end alike, whenever they were made.
 *
 * Shape:  lines of at most MOVE_LINE_SIZE_MAX bytes, each ended by a newline.
 * Errors: false, with a sentence that says which line, and what is wrong.
 * Thread: one.
 */
#pragma once

#include "store/move/move_line.h"

/* Looks on, with each record; false ends it. */
struct move_watch {
    void *context;
    bool (*proceed)(void *context, uint64_t line);
};

struct move_file {
    struct move_watch watch; /* Set by the caller, behind move_file_open; or none. */
    int descriptor;
    uint64_t line; /* Of the record last read or written; 1: the head. */
    int64_t counts[MOVE_KIND_COUNT];
    struct fingerprint head;
    struct fingerprint lines;
    struct buffer text; /* Of what is written, or was read and is not taken yet. */
    size_t taken;       /* Of what was read. */
    struct arena arena; /* Of the record last read. */
};

/* Takes the memory; false if there is none. Close it in any case. */
MUST_USE bool move_file_open(struct move_file *file, int descriptor);
void move_file_close(struct move_file *file); /* The descriptor stays open. */

/* Writes a record. */
MUST_USE bool move_file_put(struct move_file *file, const struct move_record *record,
                            struct move_reason *ret_reason);

/* Writes the last line, and hands all of it to the kernel. */
MUST_USE bool move_file_end(struct move_file *file, struct move_reason *ret_reason);

/* Reads the next record; MOVE_END only if it tells the truth and is the last one. The record is
 * good until the next one is read. */
MUST_USE bool move_file_next(struct move_file *file, struct move_record *ret_record,
                             struct move_reason *ret_reason);
