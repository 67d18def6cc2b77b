/* audit_fixture.h - a shared database with a history of every kind, to be damaged and audited.
 *
 * B1 is pending, B2 confirmed by P1, B3 cancelled, B4 pending with P6 active and P2 superseded, B5
 * expired with P3 due, B6 lapsed and rescued by P4. Block X1 stands on B7 and B8, X2 is released;
 * B7 was paid with P5 and refunded by hand. All are in S1; B8 is held in S2, which is cancelled.
 *
 * Shape:  made once for a group of tests; what a damage has changed is put back after it.
 * Thread: one at a time.
 */
#pragma once

#include "contract/mongo_desk.h"
#include "store/mongo/mongo_audit.h"

enum { AUDIT_HEARD_MAX = 128, AUDIT_THINGS_MAX = 24, AUDIT_KEPT_MAX = 64, AUDIT_TEXT_SIZE = 2048 };

/* What damages and sentences call by a name: `@B1` and the like. */
struct audit_thing {
    char name[8];
    struct id id;
};

struct audit_kept {
    enum mongo_collection collection;
    bson_t *document;
};

struct audit_world {
    struct mongo_fixture fixture;
    struct mongo_desk desk;
    struct mongo_desk other;
    uint32_t thing_count;
    struct audit_thing things[AUDIT_THINGS_MAX];
    uint32_t kept_count;
    struct audit_kept kept[AUDIT_KEPT_MAX];
};

struct audit_heard {
    size_t count;
    char sentences[AUDIT_HEARD_MAX][AUDIT_SENTENCE_SIZE];
};

enum audit_how { SETS, DELETES, COPIES };

/* Of the document with this id something is set, it is deleted, or a copy of it is added. */
struct audit_damage {
    enum mongo_collection collection;
    enum audit_how how;
    const char *id;     /* `@B1`; NULL: `match` finds it. */
    const char *update; /* Operators, or fields of the copy. */
    const char *sentence;
    const char *match;
};

/* JSON of damages. */
#define SET(field, value) "{\"$set\": {\"" field "\": " value "}}"
#define DATE(number) "{\"$date\": {\"$numberLong\": \"" number "\"}}"
#define OID(thing) "{\"$oid\": \"" thing "\"}"
#define SEAT_OF(status, booking) \
    "{\"status\": \"" status "\", \"seat_type\": \"vip\", \"booking_id\": " OID(booking) "}"

/* For cmocka: the group's, in `*state`. */
int audit_fixture_setup(void **state);
int audit_fixture_teardown(void **state);

/* Runs the audit, which must come to its end. */
struct audit_counts audit_fixture_run(struct mongo_fixture *fixture, struct audit_heard *ret_heard);
void audit_fixture_hear(void *context, struct slice text); /* An audit's report. */
void audit_fixture_print(const struct audit_heard *heard);
bool audit_fixture_was_heard(const struct audit_heard *heard, const char *part);

/* Gives an id a name; puts ids into `target` of AUDIT_TEXT_SIZE where the text has names. */
void audit_fixture_name(struct audit_world *world, const char *text, struct id id);
void audit_fixture_expand(const struct audit_world *world, const char *text, char *target);

/* A turn that must be granted. */
struct answer audit_fixture_ask(struct mongo_desk *desk, struct command command);

/* A round comes a second after the last one at the earliest. */
void audit_fixture_sweep(struct mongo_desk *desk, int64_t later_ms);

void audit_fixture_damage(struct audit_world *world, const struct audit_damage *damage);
void audit_fixture_put_back(struct audit_world *world, enum mongo_collection collection);

/* Each damage alone must be found in its sentence; without any, nothing. */
void audit_fixture_assert_found(struct audit_world *world, const struct audit_damage *table,
                                size_t count);
