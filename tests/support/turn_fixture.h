/* turn_fixture.h - a showtime, its turns and its commands in few lines, for tests of the core.
 *
 * Plays the store: what a turn leaves behind is what the next one is given as known facts, and
 * its refusals are remembered as the engine does.
 *
 * Shape:  one showtime of three rows of ten; A is vip, B standard, C couple; C10 is no seat.
 *         B10 is blocked.
 * Thread: one at a time.
 */
#pragma once

#include "core/turn.h"

enum { FIXTURE_RECORDS_MAX = 64 };

#define FIXTURE_NOW_MS INT64_C(1700000000000)
#define FIXTURE_STARTS_AT_MS (FIXTURE_NOW_MS + INT64_C(7200000))
#define FIXTURE_ENDS_AT_MS (FIXTURE_STARTS_AT_MS + INT64_C(7200000))
#define FIXTURE_PRICE_STANDARD INT64_C(90000)
#define FIXTURE_PRICE_VIP INT64_C(120000)
#define FIXTURE_PRICE_COUPLE INT64_C(200000)

struct turn_fixture {
    int64_t now_ms; /* The moment of the next turn. */
    struct turn_policy policy;
    struct seat_map map;
    bool has_map; /* False: turns run without a showtime. */
    struct refusal_memory *memory;
    bool remembers; /* False: turns run without the memory. */
    struct turn *turn;
    void *block;
    struct numbers numbers;
    uint32_t booking_count;
    uint32_t payment_count;
    uint32_t key_count;
    uint32_t block_count;
    struct booking bookings[FIXTURE_RECORDS_MAX]; /* As after the last turn. */
    struct payment payments[FIXTURE_RECORDS_MAX];
    struct key_record keys[FIXTURE_RECORDS_MAX];
    struct block blocks[FIXTURE_RECORDS_MAX];
};

/* For cmocka: makes a fixture for each test, and frees it. */
int turn_fixture_setup(void **state);
int turn_fixture_teardown(void **state);

/* Commands. `seats` are names with spaces between; `key` any number above 0. */
struct command turn_fixture_hold(const char *user, const char *seats, uint64_t key);
struct command turn_fixture_pay(const char *user, struct id booking, enum payment_method method,
                                uint64_t key);
struct command turn_fixture_confirm(const char *user, struct id booking, enum payment_method method,
                                    uint64_t key);
struct command turn_fixture_cancel(const char *user, struct id booking);
struct command turn_fixture_expire(struct id booking);

/* The gateway's news of a payment, with the amount asked for. */
struct command turn_fixture_money(const struct payment *payment, enum money_news news);

/* Of the staff; each has its order in `order`. */
struct command turn_fixture_block(const char *user, const char *seats, struct staff_order *order);
struct command turn_fixture_release(const char *user, struct id block, struct staff_order *order);
struct command turn_fixture_refund(const char *user, struct id payment, uint64_t key,
                                   struct staff_order *order);
struct command turn_fixture_refund_done(const char *user, struct id payment, const char *reference,
                                        struct staff_order *order);
struct command turn_fixture_cancel_showtime(const char *user, const char *reason,
                                            struct staff_order *order);

/* Decides the commands in one turn, in their order. */
void turn_fixture_run(struct turn_fixture *fixture, struct command *const *commands,
                      uint32_t count);

/* A turn of one command; gives its answer. */
const struct answer *turn_fixture_decide(struct turn_fixture *fixture, struct command *command);

/* Holds the seats for the user and gives the booking; the hold must be granted. */
struct booking turn_fixture_held(struct turn_fixture *fixture, const char *user, const char *seats,
                                 uint64_t key);

/* Opens a payment for the booking by POST /payments; it must be granted. */
struct payment turn_fixture_paying(struct turn_fixture *fixture, const struct booking *booking,
                                   enum payment_method method, uint64_t key);

/* The same, and pays it; the money must buy the seats. */
struct payment turn_fixture_sold(struct turn_fixture *fixture, const struct booking *booking,
                                 uint64_t key);

/* Ends every booking that must end at the fixture's moment, as the engine does before a turn. */
void turn_fixture_lapse(struct turn_fixture *fixture);

/* As after the last turn; the record must exist. */
struct booking *turn_fixture_booking(struct turn_fixture *fixture, struct id id);
struct payment *turn_fixture_payment(struct turn_fixture *fixture, struct id id);

enum seat_state turn_fixture_state(const struct turn_fixture *fixture, const char *seat);
uint32_t turn_fixture_place(const struct turn_fixture *fixture, const char *seat);

struct id turn_fixture_id(uint64_t number);
struct uuid turn_fixture_key(uint64_t number);
