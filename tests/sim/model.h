/* model.h - what must be true by now: the auditor's own book-keeping.
 *
 * It is told every answer in the order in which the engine gave them, checks each against the
 * contract's rules, and keeps for every seat who has it, for every booking what it became, for
 * every payment whether its money was kept, and for every key its one effect. It shares no
 * code with the core but plain data, reads no seat map of the engine, and never asks the
 * engine what to believe. The first broken rule ends the run.
 *
 * Shape:  bounded by the arrays below; a run that needs more is a failed CHECK.
 * Units:  *_ms are simulated UTC milliseconds.
 */
#pragma once

#include "core/command.h"
#include "core/turn.h"
#include "sim/sometimes.h"

enum {
    MODEL_SHOWTIMES_MAX = 5,
    MODEL_PLACES_MAX = 48,
    MODEL_USERS = 6,
    MODEL_BOOKINGS_MAX = 2048,
    MODEL_PAYMENTS_MAX = 2048,
    MODEL_KEYS_MAX = 4096,
    MODEL_BLOCKS_MAX = 1024,
    MODEL_ENTRIES_MAX = 4096,
    MODEL_INDEX_SLOTS = 8192,
    MODEL_FAULT_SIZE_MAX = 400,
    MODEL_NONE = -1,
};

struct model_showtime {
    struct id id;
    struct seat_layout layout;
    int64_t prices[SEAT_TYPE_COUNT];
    int64_t starts_at_ms;
    int64_t ends_at_ms;
    bool cancelled;
    struct reason cancellation_reason;
    int64_t cancelled_at_ms;
    bool closed;                      /* The store refused a turn: nothing works until a restart. */
    uint64_t version_seen;            /* The highest that an answer has named. */
    bool version_must_grow;           /* Seats have changed since. */
    int32_t owners[MODEL_PLACES_MAX]; /* Booking by place; MODEL_NONE: no booking's. */
    int32_t blocks[MODEL_PLACES_MAX]; /* Standing block by place; MODEL_NONE: none. */
};

struct model_booking {
    struct id id;
    struct code code;
    uint32_t user;
    uint32_t showtime;
    enum booking_status status;
    uint32_t seat_count;
    uint32_t places[SEATS_PER_HOLD_MAX];
    int64_t prices[SEATS_PER_HOLD_MAX]; /* Of its seats, when they were held. */
    int64_t amount;
    int64_t held_at_ms;
    int64_t first_end_ms;
    int64_t end_ms;
    int64_t cancelled_at_ms;
    bool ends_with_show; /* Cancelled with its showtime: when exactly is to be learned. */
    struct reason cancellation_reason;
    uint64_t ended_step; /* In which it was sold or cancelled; 0: never. */
    bool had_payment;
    int32_t active;  /* The payment asked for last; MODEL_NONE: none. */
    int32_t kept_by; /* The payment that bought the seats. */
};

/* What became of a payment's money. */
enum model_fate { FATE_OPEN, FATE_FAILED, FATE_KEPT, FATE_REFUND };

struct model_payment {
    struct id id;
    uint32_t booking;
    enum payment_method method;
    int64_t amount;
    int64_t end_ms;
    struct uuid alias;
    bool processing;
    bool declined;
    bool superseded;
    enum model_fate fate;
    enum payment_reason reason;
    uint64_t paid_step; /* In which its money was told of last; 0: never. */
    bool refunded;      /* By hand. */
    struct reason reference;
};

struct model_block {
    struct id id;
    uint32_t showtime;
    uint32_t user;
    uint32_t seat_count;
    uint32_t places[SEATS_PER_BLOCK_MAX];
    struct reason reason;
    bool released;
};

/* What the journal must say. */
struct model_entry {
    enum journal_action action;
    struct id subject;
    struct user actor;
    struct reason detail;
};

/* One idempotency key of one user for one operation. */
struct model_key {
    struct claim_key claim; /* The fingerprint is that of the effect. */
    int32_t twin; /* Another key with this UUID, of another user or operation; MODEL_NONE. */
    uint32_t showtime;
    bool has_effect;
    uint32_t effect_life; /* In which life of the process; see model.life. */
    uint64_t effect_step;
    bool created;
    uint32_t booking;
    int32_t payment;
    struct uuid alias;     /* What its answer said. */
    uint32_t refused_life; /* 0: never, or not to be remembered. */
    struct fingerprint refused_fingerprint;
    enum refusal refusal;
};

struct model_index {
    uint16_t slots[MODEL_INDEX_SLOTS]; /* Position + 1; 0: free. */
};

struct model {
    struct turn_policy policy;
    uint32_t life; /* Grows with each restart; starts at 1. */
    uint64_t step;
    int64_t now_ms;
    bool turned_back;  /* The clock was, at least once. */
    int64_t latest_ms; /* The highest that it has shown. */
    struct user users[MODEL_USERS];
    uint32_t showtime_count;
    uint32_t booking_count;
    uint32_t payment_count;
    uint32_t key_count;
    uint32_t block_count;
    uint32_t entry_count;
    struct model_showtime showtimes[MODEL_SHOWTIMES_MAX];
    struct model_booking bookings[MODEL_BOOKINGS_MAX];
    struct model_payment payments[MODEL_PAYMENTS_MAX];
    struct model_key keys[MODEL_KEYS_MAX];
    struct model_block blocks[MODEL_BLOCKS_MAX];
    struct model_entry entries[MODEL_ENTRIES_MAX];
    struct model_index booking_index;
    struct model_index payment_index;
    bool blind; /* Answers are put together from rows, without their versions. */
    bool broken;
    const char *rule;                 /* That broke, as it is written where it is checked. */
    char fault[MODEL_FAULT_SIZE_MAX]; /* The first broken rule, for people. */
};

/* Writes down the first broken rule; later ones follow from it and are dropped. */
void model_break(struct model *model, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Is `condition` true? Else breaks the rule that is named. */
#define MODEL_MUST(model, condition, ...) \
    do { \
        if (!(condition)) model_break((model), __VA_ARGS__); \
    } while (0)

/* Of one user, for one operation, with one UUID? Not by the core's word for it. */
bool model_same_key(const struct claim_key *left, const struct claim_key *right);
bool model_same_body(const struct fingerprint *left, const struct fingerprint *right);

/* MODEL_NONE if unknown. */
int32_t model_find_booking(const struct model *model, struct id id);
int32_t model_find_payment(const struct model *model, struct id id);
int32_t model_find_showtime(const struct model *model, struct id id);

/* Adds an empty record under a new id. */
struct model_booking *model_add_booking(struct model *model, struct id id);
struct model_payment *model_add_payment(struct model *model, struct id id);

/* Moves the clock: holds that are over end now, whatever the engine says. */
void model_advance(struct model *model, int64_t now_ms);

/* Puts the clock back: what has ended stays so, but for what the store does not know of; see
 * model_store_revive. */
void model_turn_back(struct model *model, int64_t now_ms);

/* A hold that was over, and of which no turn knew, lives again; its payment too if `paying`. */
void model_revive(struct model *model, struct model_booking *booking, bool paying);

/* Pending, and its time not over. */
bool model_lives(const struct model *model, const struct model_booking *booking);

/* Takes the booking's seats out of or into its hands. */
void model_free_seats(struct model *model, const struct model_booking *booking);
void model_take_seats(struct model *model, const struct model_booking *booking);

/* Ends the booking's open payment, but for the one named. */
void model_fail_active(struct model *model, const struct model_booking *booking, int32_t except);

/* Checks the showtime's version in an answer that was decided now. */
void model_see_version(struct model *model, uint32_t showtime, uint64_t version);

/* A booking is cancelled at `at_ms`: with its showtime at a moment to be learned here, after the
 * showtime's cancel; else at the moment known. */
void model_see_cancelled_at(struct model *model, struct model_booking *booking, int64_t at_ms);

/* Judges an answer and learns from it. `key` is the command's position in `keys`, if it has
 * one. Commands that failed have changed nothing. */
void model_hear(struct model *model, const struct command *command, uint32_t key);

/* Is the key's effect answered as it must be? Judges and is done with the answer if so. */
bool model_hear_known_key(struct model *model, const struct command *command, uint32_t key);

/* Writes down the effect of a fresh key. */
void model_keep_effect(struct model *model, const struct command *command, uint32_t key,
                       uint32_t booking, int32_t payment);
