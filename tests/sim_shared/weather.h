/* weather.h - what befalls an operation on its way to the database and back, and what is late.
 *
 * Each operation of an instance is struck, or not, as the seed says; so is the process itself. An
 * instance may also be on the wrong side of a partition: it reads what the majority had when it
 * began, and nothing that it writes lasts.
 *
 * Thread: whoever has the baton.
 */
#pragma once

#include "sim/random.h"
#include "sim_shared/database.h"
#include "sim_shared/fibers.h"

#define STRIKE_LIST(X) \
    X(NONE, "none") \
    X(NOT_SENT, "not sent")         /* No server was found. */ \
    X(NOT_PRIMARY, "not primary")   /* Not executed. */ \
    X(ACK_LOST, "ack lost")         /* Applied; the socket broke. */ \
    X(NEVER, "never")               /* Not applied; the socket broke. */ \
    X(LATE, "late")                 /* The socket broke; applied at any later moment, or never. */ \
    X(PARTLY, "partly")             /* Some of a bulk now, some late, some never. */ \
    X(CONCERN, "concern")           /* Applied; the majority did not say so in time. */ \
    X(CONCERN_MUTE, "mute")         /* The same, without a text. */ \
    X(STEP_DOWN, "step down")       /* A server's error of which nobody knows; applied. */ \
    X(STEPPED_DOWN, "stepped down") /* The same; not applied. */ \
    X(DEATH, "death")               /* The process dies before it, */ \
    X(DEATH_AFTER, "death after")   /* or after it was applied, */ \
    X(DEATH_LATE, "death late")     /* or with it under way. */

enum strike {
#define STRIKE_ENUM(name, text) STRIKE_##name,
    STRIKE_LIST(STRIKE_ENUM)
#undef STRIKE_ENUM
        STRIKE_COUNT
};

enum { LATE_MAX = 256 };

struct weather {
    struct random *random;
    uint32_t strike_percent; /* Of operations; 0: none. */
    uint32_t death_permille;
    uint32_t partition_permille; /* Of operations of the fibers up to `instances`. */
    uint32_t instances;
    uint32_t outage_permille;
    uint32_t slow_percent; /* Operations that take up to two seconds. */
    int64_t now_ms;        /* True time. */
    uint64_t operations;   /* Of instances, so far. */
    uint64_t struck_at;    /* With `planned`: the operation that is struck; 0: by chance. */
    enum strike planned;
    bool dead[FIBERS_MAX];
    struct database_picture *pictures[FIBERS_MAX]; /* Of a partition; NULL: none. */
    uint32_t partitions[FIBERS_MAX];               /* Begun so far. */
    int64_t outages_until_ms[FIBERS_MAX];          /* In which nothing is answered. */
    uint32_t late_count;
    struct statement late[LATE_MAX];
    uint64_t struck[STRIKE_COUNT];
};

/* The one that all operations meet. */
extern struct weather weather;

void weather_begin(struct random *random, int64_t now_ms);
void weather_end(void);

/* No more strikes; partitions heal; what is late stays so. */
void weather_calm(void);

/* Before an operation of the fiber that runs: lets others go on, takes time, and says what
 * befalls it. */
enum strike weather_operation(bool writes);

/* Before a step that is no operation: true if the process dies here. */
bool weather_kills(void);

/* The process of that fiber begins anew, on the right side. */
void weather_restart(uint32_t fiber);

/* Keeps a copy for later. */
void weather_delay(const struct statement *statement);

/* Applies, or loses, one that is late. */
void weather_deliver(void);

/* Applies or loses all that is late. */
void weather_deliver_all(void);

/* What the fiber that runs sees; NULL: what is so. */
const struct database_picture *weather_picture(void);

const char *weather_name(enum strike strike);
