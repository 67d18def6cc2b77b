/* mongo_fixture.h - a database of its own on the server of MONGO_URI, for one test.
 *
 * Shape:  one database a fixture, dropped at its end; as many stores on it as a test likes.
 * Thread: one at a time.
 */
#pragma once

#include "store/mongo/mongo_reader.h"
#include "store/mongo/mongo_staff_reader.h"
#include "store/mongo/mongo_store.h"

struct mongo_fixture {
    char uri[256];
    struct mongo_connection *connection;
    struct mongo_client client; /* The test's own. */
};

/* Connects to an empty database; the server must be there. */
void mongo_fixture_open(struct mongo_fixture *fixture);
void mongo_fixture_close(struct mongo_fixture *fixture);

/* For cmocka: a fixture of the test's own; and one that is borrowed. */
int mongo_fixture_setup(void **state);
int mongo_fixture_teardown(void **state);
int mongo_fixture_setup_borrowed(void **state);
int mongo_fixture_teardown_borrowed(void **state);

/* A store on the database; it must open. */
struct mongo_store *mongo_fixture_store(struct mongo_fixture *fixture,
                                        const struct siphash_key *tag_key, struct mongo_hook hook);

/* Adds a showtime like store_fixture's, or moves it. */
void mongo_fixture_put_showtime(struct mongo_fixture *fixture, struct id id, int64_t starts_at_ms,
                                int64_t ends_at_ms);

/* Lends the process's database, emptied of all but its indexes and the key of the ids: to make
 * one takes a second. One test at a time; it is dropped at the end of the process. */
void mongo_fixture_borrow(struct mongo_fixture *fixture);

/* Updates a document, which must be there, as JSON says, also into what the driver would refuse. */
void mongo_fixture_update(struct mongo_fixture *fixture, enum mongo_collection collection,
                          struct id id, const char *json);

/* Adds a booking of the showtime, of which nobody has heard else. */
void mongo_fixture_book(struct mongo_fixture *fixture, struct id showtime, const char *status);

/* How many documents a collection has. */
int64_t mongo_fixture_count(struct mongo_fixture *fixture, enum mongo_collection collection);

/* The sum of all versions of the programme. */
int64_t mongo_fixture_versions(struct mongo_fixture *fixture);

/* Makes the server fail: `data` is the `data` of failCommand in JSON, `times` how often. */
void mongo_fixture_fail(struct mongo_fixture *fixture, int times, const char *data);

/* The document with this id as JSON, to be freed with bson_free; NULL if there is none. */
char *mongo_fixture_json(struct mongo_fixture *fixture, enum mongo_collection collection,
                         struct id id);
