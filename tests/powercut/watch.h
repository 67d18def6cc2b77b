/* watch.h - stands beside a working house and cuts its power, again and again, in mind.
 *
 * Before a call that changes the disk, and after each acknowledgement, it makes images of what a
 * cut would leave now, and has them examined. The house lives on as if nothing had happened.
 *
 * An image may hold a commit that is under way and that the history does not know yet. Such
 * images wait, and are judged when the work has come to rest.
 */
#pragma once

#include "powercut/examine.h"
#include "sim/random.h"

enum { WATCH_WAITING_MAX = 1024 }; /* Images of one piece of work. */

struct watch_waiting {
    uint64_t cut;
    uint64_t state;
    uint32_t acknowledged;
};

struct watch {
    struct house *house;
    struct disk *disk;
    struct examiner *examiner;
    const struct ledger *ledger;
    struct history history;
    struct database reader; /* Sees what the house has committed. */
    struct ledger_moment moment;
    struct random random;
    uint64_t cut;    /* How many there were. */
    uint64_t only;   /* Examines this one alone; 0: all. */
    uint64_t digest; /* Of all that was found: the same seed, the same digest. */
    bool bare;       /* Nothing has been acknowledged. */
    bool doubtful;   /* The disk fails: what is under way may be there, and then be given up. */
    bool looks;      /* The reader is open. */
    bool look_due;   /* Something was flushed. */
    bool busy;
    uint32_t copy_count;
    struct examine_copy copies[EXAMINE_COPIES_MAX];
    uint64_t acknowledgements;
    uint64_t cuts_at[DISK_CALL_COUNT];
    uint64_t dropped; /* Images that waited, and were not judged since the disk fails. */
    uint32_t waiting_count;
    struct watch_waiting waiting[WATCH_WAITING_MAX];
    bool broken;
    uint64_t broken_cut;
    char fault[EXAMINE_FAULT_SIZE];
};

/* Begins to watch; all else in `watch` is to be zero but for `only`. */
void watch_open(struct watch *watch, struct house *house, struct disk *disk,
                struct examiner *examiner, const struct ledger *ledger, uint64_t seed);
void watch_close(struct watch *watch);

/* The house's store is open, and closes. */
void watch_opened(struct watch *watch);
void watch_closes(struct watch *watch);

/* An answer has left. */
void watch_acknowledge(struct watch *watch, struct ledger_moment moment);

/* The work has come to rest: all that was committed by now stays. */
void watch_settle(struct watch *watch, struct ledger_moment moment);

/* Something else is wrong. */
__attribute__((format(printf, 2, 3))) void watch_break(struct watch *watch, const char *format,
                                                       ...);
