/* judge.h - holds the rules against every change of the database and every answer.
 *
 * It sees what the database has, not what an instance believes. What stands of a booking is what
 * the seats, the showtime's `settle` and the booking's document say together; that changes in one
 * place only, the update of the showtime, and only where somebody asked for it. Documents may lag
 * and must never say anything else.
 *
 * Shape:  halls of one row; some hundred bookings and payments a day.
 * Thread: whoever has the baton.
 * Source: docs/decisions/0008-one-update-of-the-showtime.md; the rules are numbered as in the
 *         model of the protocol: I1 to I4, M1 to M8.
 */
#pragma once

#include "sim_shared/attempts.h"
#include "sim_shared/weather.h"
#include "store/mongo/mongo_documents.h"
#include "store/mongo/mongo_settle.h"

enum {
    JUDGE_SHOWTIMES_MAX = 2,
    JUDGE_SEATS_MAX = 8,
    JUDGE_RECORDS_MAX = 512,
    JUDGE_KEYS_MAX = 1024,
    JUDGE_DECISIONS_MAX = 64,
    JUDGE_VERSIONS_MAX = 1024,
    JUDGE_FAULT_SIZE_MAX = 240,
    JUDGE_SKEW_MS = 900, /* Clocks of instances are wrong by less. */
};

/* A commit said so of a booking or a payment. */
struct decision {
    int64_t version;
    int status;
};

struct judged_booking {
    uint32_t showtime;
    struct mongo_booking document;
    bool stands;   /* A commit has made it, */
    uint64_t made; /* at this count of the judge's. */
    struct booking standing;
    uint64_t changed; /* The judge's count, when what stands changed last. */
    uint32_t decision_count;
    struct decision decisions[JUDGE_DECISIONS_MAX];
    bool heard;  /* A client was told of it. */
    bool lapsed; /* It has expired, if only for a while. */
};

struct judged_payment {
    struct mongo_payment document;
    bool stands;
    struct payment standing;
    uint32_t decision_count;
    struct decision decisions[JUDGE_DECISIONS_MAX];
    bool told_paid;  /* The gateway says that it was paid, */
    bool told_wrong; /* or another amount. */
    uint32_t taken;  /* And was told that this is known, so often. */
};

struct judged_seat {
    enum seat_state state;
    struct id owner;
    struct id pay;
    int64_t held_until_ms;
};

struct judged_showtime {
    struct id id;
    uint32_t seat_count;
    uint64_t version;
    bool cancelled;
    int64_t starts_at_ms;
    int64_t available;
    struct judged_seat seats[JUDGE_SEATS_MAX];
    struct judged_seat before[JUDGE_SEATS_MAX]; /* The last commit. */
    struct mongo_settle settle;
    struct mongo_settle settle_before; /* The same. */
    uint32_t version_count;
    struct {
        uint64_t version;
        uint8_t states[JUDGE_SEATS_MAX];
    } versions[JUDGE_VERSIONS_MAX];
};

/* What a key has made, as somebody heard it. The key begins with its place here. */
struct heard_key {
    bool granted;
    uint64_t answer; /* The judge's count, when it was. */
    struct id made;
    int64_t end_ms;
};

struct judge {
    bool broken;
    char fault[JUDGE_FAULT_SIZE_MAX];
    const char *rule; /* The format of the fault. */
    bool verbose;
    uint64_t changes; /* Of the database. */
    uint64_t answers;
    uint64_t digest; /* Of all that happened. */
    uint32_t showtime_count;
    struct judged_showtime showtimes[JUDGE_SHOWTIMES_MAX];
    uint32_t booking_count;
    struct judged_booking bookings[JUDGE_RECORDS_MAX];
    uint32_t payment_count;
    struct judged_payment payments[JUDGE_RECORDS_MAX];
    struct heard_key keys[JUDGE_KEYS_MAX];
};

extern struct judge judge;

void judge_begin(bool verbose);
void judge_end(void);

/* Notes a broken rule; the first one counts. */
void judge_break(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define JUDGE_MUST(condition, ...) \
    do { \
        if (!(condition)) judge_break(__VA_ARGS__); \
    } while (0)

/* The database's watcher. */
void judge_changed(void *context, enum mongo_collection collection, const bson_t *before,
                   const bson_t *after);

/* An answer has left. */
void judge_heard(const struct attempt *attempt);

/* Nothing is under way, all who died are replaced, and everything is told: M7, M1. */
void judge_at_rest(void);

/* Is there something that a commit has decided and a document does not say? */
bool judge_owes(void);

/* Records by their id; NULL: none. */
struct judged_booking *judge_booking(struct id id);
struct judged_payment *judge_payment(struct id id);
struct judged_showtime *judge_showtime(struct id id);

/* What the documents and the showtime say together, of the files that judge. */
void judge_read_showtime(struct judged_showtime *showtime, const bson_t *document);
bool judge_stands_booking(const struct judged_booking *booking, struct booking *ret_standing);
bool judge_stands_payment(const struct judged_payment *payment, struct payment *ret_standing);
uint32_t judge_place(const struct booking *booking, uint32_t seat);
bool judge_was_taken(const struct judged_showtime *showtime, uint64_t version, uint32_t place);

/* How far a status has come: what stands only climbs. */
int judge_booking_rank(enum booking_status status);
int judge_payment_rank(enum payment_status status);
