/* mongo_export_bookings.h - the part of an export that goes with each showtime; its own files
 * only.
 *
 * Shape:  bookings go in groups, whose payments one query finds.
 */
#pragma once

#include "crypto/crypto.h"
#include "store/mongo/mongo_view.h"
#include "store/move/move_file.h"

enum {
    MONGO_EXPORT_ARENA_SIZE = 1024 * 1024, /* A cinema's fifty plans, above all. */
    MONGO_EXPORT_GROUP = 64,               /* Bookings of a group, */
    MONGO_EXPORT_PAYMENTS_MAX = 8192,      /* and their payments: 128 each, far above what a user
                                              makes before the hold ends. */
};

struct mongo_export_state {
    struct mongo_client client;
    struct mac *mac;
    struct move_file *file;
    struct move_reason *reason;
    struct mongo_view view; /* Of the showtime under way. */
    struct fingerprint versions;
    struct fingerprint versions_again;
    uint32_t booking_count;
    struct mongo_booking bookings[MONGO_EXPORT_GROUP];
    uint32_t payment_count;
    struct mongo_payment *payments; /* [MONGO_EXPORT_PAYMENTS_MAX], taken with the first one. */
    struct move_record record;
    struct arena arena;
    char block[MONGO_EXPORT_ARENA_SIZE];
};

/* Starts a record; then it is filled in, and put. */
void mongo_export_begin(struct mongo_export_state *export, enum move_kind kind);
MUST_USE bool mongo_export_put(struct mongo_export_state *export);

/* A document cannot be one of ours: false. */
bool mongo_export_refuse(struct mongo_export_state *export, const char *what);

/* Whether the cursor came to its end, if the rest is `whole`. */
MUST_USE bool mongo_export_read(struct mongo_export_state *export, mongoc_cursor_t *cursor,
                                bool whole);

/* The bookings of the showtime in the view, each with its payments; then its blocks. */
MUST_USE bool mongo_export_bookings(struct mongo_export_state *export, struct id showtime);
MUST_USE bool mongo_export_blocks(struct mongo_export_state *export, struct id showtime);
