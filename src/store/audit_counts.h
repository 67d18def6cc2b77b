/* audit_counts.h - what an audit has looked at and found, whatever the store.
 *
 * Thread: any.
 */
#pragma once

#include <stdint.h>

enum {
    AUDIT_LISTED_MAX = 20, /* Sentences about one rule; the rest is a number. */
    AUDIT_SENTENCE_SIZE = 320,
};

struct audit_counts {
    uint64_t violations;
    uint64_t showtimes;
    uint64_t bookings;
    uint64_t claims;
    uint64_t payments;
    uint64_t keys;
    uint64_t unsettled; /* Of a shared store: decided, and left to the next sweep to write; */
    uint64_t undecided; /* paid, and left to an instance to decide; */
    uint64_t intents;   /* begun, and never decided. */
};
