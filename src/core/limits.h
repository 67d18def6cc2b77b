/* limits.h - every bound of the core and the engine in one place, each with its reason. */
#pragma once

#include <assert.h>
#include <stdint.h>

#define ROWS_MAX 50                 /* The catalogue's largest layout: rows A..AX. */
#define COLS_MAX 50                 /* The catalogue's largest layout. */
#define SEATS_PER_SHOWTIME_MAX 2500 /* 50 rows of 50. */
#define SEATS_PER_HOLD_MAX 10       /* The contract's limit on one hold. */
#define SEATS_PER_BLOCK_MAX 100 /* Rows of a hall; a refusal that names them all is one answer. */
#define USER_SIZE_MAX 64        /* The contract's limit on a token's `sub`. */
#define URL_SIZE_MAX 512        /* A return URL, and a gateway's page with its parameters. */
#define REASON_SIZE_MAX 200     /* A sentence that staff can read in a list. */
#define PRICE_MAX INT64_C(1000000000000)   /* 10^12: no ticket costs more, ten never overflow. */
#define HOLD_MS_DEFAULT INT64_C(600000)    /* 10 minutes, from the predecessor. */
#define PAYMENT_MS_DEFAULT INT64_C(900000) /* 15 minutes, from the predecessor. */
#define HELD_SEATS_MAX_DEFAULT 20          /* Two full holds: more is hoarding. */
#define QUEUE_PER_SHOWTIME_MAX 4096        /* The contract: then 503 OVERLOADED. */
#define TURN_COMMANDS_MAX 512 /* Keeps a turn near 10 ms, so that a batch stays fair. */
#define TURN_BOOKINGS_MAX (TURN_COMMANDS_MAX * 3) /* Named, held anew, and a replayed key's. */
#define TURN_PAYMENTS_MAX (TURN_COMMANDS_MAX * 4) /* Named, active, made anew, a key's. */
#define TURN_SEAT_CHANGES_MAX (TURN_COMMANDS_MAX * SEATS_PER_HOLD_MAX)
#define SHOWTIMES_RESIDENT_MAX \
    4096                        /* Seat maps in memory: a chain's fortnight; then the idle leave. */
#define BATCH_TURNS_MAX 256     /* Showtimes in one transaction: bounds what a reader waits for. */
#define BATCH_COMMANDS_MAX 4096 /* The same for one hot showtime and many warm ones. */
#define REFUSALS_REMEMBERED_MAX 8192 /* About 3 MB; a retry comes within seconds. */
#define STEAL_GUARD_MS INT64_C(2000) /* Clocks of instances that are ready differ by less: */
#define CLOCK_OFF_MAX_MS (STEAL_GUARD_MS / 2) /* each is off the database's by half at most. */
#define RACE_PATIENCE_MS INT64_C(2000)        /* Of a command whose turns others come before. */
#define EXPIRY_RETRY_MS INT64_C(1000) /* After a failed commit: often enough, and no storm. */

static_assert(ROWS_MAX * COLS_MAX == SEATS_PER_SHOWTIME_MAX, "a full layout fits");
static_assert(SEATS_PER_HOLD_MAX <= SEATS_PER_SHOWTIME_MAX, "a hold must fit in a showtime");
static_assert(SEATS_PER_HOLD_MAX <= SEATS_PER_BLOCK_MAX, "conflicts of holds are counted alike");
static_assert(SEATS_PER_BLOCK_MAX <= 255, "a block's seats are counted in a byte");
static_assert(TURN_SEAT_CHANGES_MAX >= SEATS_PER_SHOWTIME_MAX, "each place may change once");
static_assert(PRICE_MAX <= INT64_MAX / SEATS_PER_HOLD_MAX, "a hold's total cannot overflow");
static_assert(TURN_COMMANDS_MAX <= QUEUE_PER_SHOWTIME_MAX, "a turn takes no more than waits");
