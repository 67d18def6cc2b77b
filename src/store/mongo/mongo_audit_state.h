/* mongo_audit_state.h - what the files of MongoDB's audit share; nobody else includes it. */
#pragma once

#include "crypto/crypto.h"
#include "store/mongo/mongo_audit.h"
#include "store/mongo/mongo_documents.h"
#include "store/mongo/mongo_settle.h"

enum {
    AUDIT_CHUNK = 100,         /* Bookings that share a query of their payments. */
    AUDIT_SUSPECTS_MAX = 4096, /* More of one showtime, and all of it is looked at again. */
    AUDIT_HELD_BACK_MAX = 256, /* Sentences of one look; the rest is a number. */
    AUDIT_LATE_MAX = 256,      /* Payments and showtimes that are asked for again. */
    AUDIT_WATCHED_MAX = 16,    /* Showtimes by which instances are seen at work. */
};

/* What a sentence is about. */
enum mongo_audit_kind {
    MONGO_AUDIT_SHOWTIME,
    MONGO_AUDIT_SETTLE,
    MONGO_AUDIT_BOOKING,
    MONGO_AUDIT_SEAT,
    MONGO_AUDIT_PAYMENT,
    MONGO_AUDIT_BLOCK,
    MONGO_AUDIT_JOURNAL,
    MONGO_AUDIT_KEY,
    MONGO_AUDIT_STRAY,
};

#define MONGO_AUDIT_KINDS 9

/* A seat's entry in the showtime. */
struct mongo_audit_seat {
    bool there;
    bool broken; /* It cannot be read. */
    bool judged; /* Its owner was. */
    enum seat_state state;
    enum seat_type type;
    struct id owner; /* A booking, or a block. */
    struct id payment;
    struct user user;
    int64_t held_until_ms;
};

/* A showtime as one read showed it. */
struct mongo_audit_cut {
    struct id showtime;
    uint64_t version;
    enum showtime_status status;
    int64_t cancelled_at_ms;
    int64_t updated_at_ms;
    int64_t settle_at_ms; /* Since when a sweep may settle it; 0: it is not said. */
    struct mongo_settle settle;
    bool settled[MONGO_SETTLE_MAX];                        /* The entry's document was judged. */
    struct mongo_audit_seat seats[SEATS_PER_SHOWTIME_MAX]; /* By row * COLS_MAX + col - 1. */
};

/* A record whose judgement may change with the showtime: a booking, or a block. */
struct mongo_audit_suspect {
    struct id id;
    bool is_block;
    int64_t version; /* That its documents show. */
};

/* One look at a showtime: what it finds is said only if the showtime stood still, or if it was
 * found again and again. */
struct mongo_audit_look {
    bool open; /* Sentences are held back. */
    bool whole;
    bool full;             /* There was no room for a suspect. */
    uint32_t record_count; /* Bookings and blocks. */
    uint32_t wanted_count;
    struct mongo_audit_suspect wanted[AUDIT_SUSPECTS_MAX]; /* If not whole. */
    uint32_t suspect_count;
    struct mongo_audit_suspect suspects[AUDIT_SUSPECTS_MAX];
    uint32_t sentence_count;
    uint64_t untold[MONGO_AUDIT_KINDS];
    struct {
        enum mongo_audit_kind kind;
        char text[AUDIT_SENTENCE_SIZE];
    } sentences[AUDIT_HELD_BACK_MAX];
};

/* A booking at hand, and what its payments say. */
struct mongo_audit_subject {
    struct mongo_booking record;
    bool stands;           /* A commit has followed its intent. */
    bool moved;            /* Documents of it show more than the cut. */
    uint32_t kept_count;   /* Completed payments. */
    bool bought;           /* The payment that it names is there: */
    bool bought_waits;     /* its money is recorded only, */
    struct payment buying; /* and this is it. */
};

/* What instances should have done by now, if they run. */
struct mongo_audit_late {
    struct mongo_audit_late_list {
        uint32_t count;
        struct id ids[AUDIT_LATE_MAX];
    } payments, showtimes;
    uint32_t watched_count; /* Those that were written last. */
    struct id watched[AUDIT_WATCHED_MAX];
    uint64_t versions[AUDIT_WATCHED_MAX];
    int64_t updated_at_ms[AUDIT_WATCHED_MAX];
};

struct mongo_audit {
    struct mongo_client *client;
    struct mac *mac; /* NULL: the database has no key of ids. */
    struct mongo_audit_options options;
    int64_t began_ms;
    struct mongo_reason *reason;
    struct audit_counts counts;
    uint64_t told[MONGO_AUDIT_KINDS];
    void *block; /* Of a map. */
    struct mongo_audit_cut cut;
    struct mongo_audit_look look;
    struct mongo_audit_late late;
    uint32_t subject_count;
    struct mongo_audit_subject subjects[AUDIT_CHUNK];
};

/* An id for people; use it within the expression. */
struct mongo_audit_text {
    char text[ID_HEX_SIZE + 1];
};
struct mongo_audit_text mongo_audit_name(struct id id);
struct mongo_audit_text mongo_audit_seat_name(struct seat_name seat);

/* A rule is broken: says so, or holds it back while a look is open. */
__attribute__((format(printf, 3, 4))) void mongo_audit_say(struct mongo_audit *audit,
                                                           enum mongo_audit_kind kind,
                                                           const char *format, ...);

/* Says what the look has held back, and forgets it. */
void mongo_audit_say_held(struct mongo_audit *audit);

/* A query of documents; `options` in JSON, or NULL. End it in any case: the error says whether it
 * was read to its end. */
mongoc_cursor_t *mongo_audit_find(struct mongo_audit *audit, enum mongo_collection collection,
                                  const bson_t *filter, const char *options);
MUST_USE enum error mongo_audit_end(struct mongo_audit *audit, mongoc_cursor_t *cursor);

/* Reads one document, as mongo_read_one. */
MUST_USE enum error mongo_audit_read_one(struct mongo_audit *audit,
                                         enum mongo_collection collection, struct id id,
                                         const char *projection, bson_t *ret_found,
                                         bool *ret_there);
