/* history.h - the states that a store went through, and which of them was acknowledged last.
 *
 * A power cut must leave the last acknowledged state, or one that came after it; nothing before,
 * nothing between, nothing else.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { HISTORY_STATES_MAX = 4096 }; /* Commits in a day's work. */

struct history {
    uint32_t count;
    uint32_t acknowledged; /* Position of the last state that was; all before it are, too. */
    uint64_t states[HISTORY_STATES_MAX];
};

/* Adds a state if it is another than the last one. */
void history_add(struct history *history, uint64_t state);

/* What a state is to somebody who was told of all up to position `acknowledged`. */
enum history_verdict {
    HISTORY_LAST,    /* The one that was acknowledged last. */
    HISTORY_NEWER,   /* One after it. */
    HISTORY_OLDER,   /* One before it: acknowledged work is missing. */
    HISTORY_UNKNOWN, /* None of them. */
};

enum history_verdict history_judge(const struct history *history, uint32_t acknowledged,
                                   uint64_t state);
