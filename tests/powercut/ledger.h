/* ledger.h - what was acknowledged, kept apart from the store: no power cut may take it back.
 *
 * Written from answers alone, as clients and staff would. What the server does by itself, ending
 * holds above all, may have carried a booking or a payment further; never back.
 *
 * Shape:  one day's work of one house.
 */
#pragma once

#include "ports/catalogue_edit.h"
#include "powercut/house.h"

enum {
    LEDGER_BOOKINGS_MAX = 512,
    LEDGER_PAYMENTS_MAX = 512,
    LEDGER_KEYS_MAX = 1024,
    LEDGER_BLOCKS_MAX = 128,
    LEDGER_FAULT_SIZE = 256,
};

/* A key that had an effect, and the command that has it. */
struct ledger_key {
    struct command command;
    int64_t at_ms;
};

struct ledger_showtime {
    uint64_t version;
    int64_t prices[SEAT_TYPE_COUNT]; /* 0: as they were at first. */
    bool cancelled;
};

struct ledger {
    uint64_t answers; /* That something was done. */
    uint32_t booking_count;
    uint32_t payment_count;
    uint32_t key_count;
    uint32_t block_count;
    uint32_t journal_count; /* Entries at least. */
    uint64_t movie_title;   /* The number in the title; 0: the first title. */
    struct ledger_showtime showtimes[HOUSE_SHOWTIMES];
    struct booking bookings[LEDGER_BOOKINGS_MAX];
    struct payment payments[LEDGER_PAYMENTS_MAX];
    struct ledger_key keys[LEDGER_KEYS_MAX];
    struct block blocks[LEDGER_BLOCKS_MAX];
};

/* Is there room for another day's work? */
bool ledger_full(const struct ledger *ledger);

/* Notes an answer. */
void ledger_note(struct ledger *ledger, const struct command *command, int64_t now_ms);

/* How the ledger is compared with a store. */
struct ledger_moment {
    int64_t now_ms;
    bool amid_answers; /* More has been committed than was answered yet. */
};

/* Is all of it in the store, which must be open? If not, says in `fault` what is missing. */
MUST_USE bool ledger_check(const struct ledger *ledger, struct house *house,
                           struct ledger_moment moment, char fault[LEDGER_FAULT_SIZE]);

/* After commands whose outcome nobody was told: takes over what their senders would now find in
 * the store, which must be open. False, with `fault` set, if it has lost anything. */
MUST_USE bool ledger_learn(struct ledger *ledger, struct house *house, int64_t now_ms,
                           char fault[LEDGER_FAULT_SIZE]);
