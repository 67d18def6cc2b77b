/* mongo_view.h - what a few showtimes have decided, for those who only look.
 *
 * A reader takes the showtimes first and the documents after them, and shows the higher of the
 * two: so nobody sees a booking go back, and an intent that no commit followed is not seen at
 * all.
 *
 * Shape:  up to MONGO_VIEW_MAX showtimes at once.
 * Thread: the reader's.
 */
#pragma once

#include "store/mongo/mongo_documents.h"
#include "store/mongo/mongo_read.h"

enum { MONGO_VIEW_MAX = 128 }; /* Above what a page lists. */

struct mongo_view {
    uint32_t count;
    struct id showtimes[MONGO_VIEW_MAX];
    bson_t documents[MONGO_VIEW_MAX];
};

/* Reads the showtimes; those that are not there are left out. Release it in any case. */
MUST_USE enum error mongo_view_open(struct mongo_view *view, struct mongo_client *client,
                                    const struct id *showtimes, uint32_t count);
void mongo_view_release(struct mongo_view *view);

/* The version of a showtime; 0 if it is not there. */
uint64_t mongo_view_version(const struct mongo_view *view, struct id showtime);

/* Lays what was decided over a document that was read after the view. False if it does not
 * stand. */
bool mongo_view_booking(const struct mongo_view *view, struct mongo_booking *booking);
bool mongo_view_payment(const struct mongo_view *view, const struct mongo_booking *booking,
                        struct mongo_payment *payment);
bool mongo_view_block(const struct mongo_view *view, struct mongo_block *block);

/* Tells sold bookings of another hand, which never noted it, the payment that bought them. One
 * question if there are any. */
MUST_USE enum error mongo_view_name_kept(struct mongo_client *client,
                                         struct mongo_booking *bookings, uint32_t count);

/* A payment as the contract shows it: money that waits is not paid yet. */
struct payment mongo_view_shown(const struct mongo_payment *payment);
