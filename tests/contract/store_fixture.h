/* store_fixture.h - one store of either kind, its showtimes and turns, for the contract's tests.
 *
 * Shape:  two showtimes like turn_fixture's (three rows of ten), numbered 1 and 2.
 * Thread: one at a time.
 */
#pragma once

#include "contract/mongo_fixture.h"
#include "ports/reader.h"
#include "ports/staff_reader.h"
#include "ports/store.h"
#include "support/turn_fixture.h"

enum store_kind { STORE_SQLITE, STORE_MEMORY, STORE_MONGO };

struct store_fixture {
    enum store_kind kind;
    char folder[64]; /* Of the file. */
    char path[96];
    struct sqlite_store *sqlite;
    struct sqlite_reader *sqlite_reader;
    struct memory_store *memory;
    struct mongo_fixture mongo;
    struct mongo_store *mongo_store;
    struct mongo_reader *mongo_reader;
    struct mongo_staff_reader *mongo_staff_reader;
    struct store store;
    struct reader reader;
    struct staff_reader staff_reader;
    struct turn_policy policy;
    int64_t now_ms; /* The moment of the next turn. */
    struct turn *turn;
    void *block;
    struct seat_map map; /* Of the last turn. */
};

/* For main: `sqlite`, `memory` or `mongo` is the one argument; says so, and false, if it is
 * not. */
bool store_fixture_choose(int argument_count, char **arguments);

/* Are there others that write too? Then a batch is one turn. */
bool store_fixture_shared(void);

/* For cmocka: an empty store of the chosen kind, with its two showtimes. */
int store_fixture_setup(void **state);
int store_fixture_teardown(void **state);

#define STORE_TEST(function) \
    cmocka_unit_test_setup_teardown(function, store_fixture_setup, store_fixture_teardown)

/* The process ends without a word and starts again. */
void store_fixture_restart(struct store_fixture *fixture);

struct id store_fixture_showtime(uint32_t number);

/* How a turn on a map that has moved is refused. */
enum error store_fixture_refusal(const struct store_fixture *fixture);

/* Moves the showtime. */
void store_fixture_move(struct store_fixture *fixture, uint32_t number, int64_t starts_at_ms,
                        int64_t ends_at_ms);

/* A batch; each must succeed. */
void store_fixture_begin(struct store_fixture *fixture);
void store_fixture_commit(struct store_fixture *fixture);
void store_fixture_rollback(struct store_fixture *fixture);

/* Housekeeping, at the fixture's moment. */
enum error store_fixture_tend(struct store_fixture *fixture);

/* Loads a showtime's map into the fixture's block. */
enum error store_fixture_find(struct store_fixture *fixture, uint32_t number);

/* The same, of a showtime that must be there. */
void store_fixture_load(struct store_fixture *fixture, uint32_t number);

/* Inside an open batch: gathers, decides and records the commands' turn, on the map that is
 * loaded. */
enum error store_fixture_turn(struct store_fixture *fixture, struct command *const *commands,
                              uint32_t count);

/* The same with one command. */
enum error store_fixture_decide(struct store_fixture *fixture, struct command *command);

/* Loads the showtime and runs the command's turn in a batch of its own; all must succeed. The
 * answer is the command's. */
void store_fixture_run(struct store_fixture *fixture, uint32_t number, struct command *command);

/* The same for a hold and a payment; both must be granted. */
struct booking store_fixture_hold(struct store_fixture *fixture, const char *user,
                                  const char *seats, uint64_t key);
struct payment store_fixture_pay(struct store_fixture *fixture, const struct booking *booking,
                                 uint64_t key);

/* The same, and pays it; the money must buy the seats. */
struct payment store_fixture_sell(struct store_fixture *fixture, const struct booking *booking,
                                  uint64_t key);

/* Blocks seats of showtime 1; it must be granted. */
struct block store_fixture_block(struct store_fixture *fixture, const char *user,
                                 const char *seats);

/* Ends the bookings of showtime 1 that must end, in a batch of its own. */
void store_fixture_end(struct store_fixture *fixture);

/* As the reader tells it; it must be there. */
struct booking store_fixture_booking(struct store_fixture *fixture, struct id id);
struct payment store_fixture_payment(struct store_fixture *fixture, struct id id);

/* The claim on a seat of the map that is loaded. */
const struct seat_claim *store_fixture_claim(const struct store_fixture *fixture, const char *seat);
enum seat_state store_fixture_state(const struct store_fixture *fixture, const char *seat);
