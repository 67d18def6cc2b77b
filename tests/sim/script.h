/* script.h - short stories, told again with a crash at every moment, and every fault at every turn.
 *
 * Chance finds deep states; a script finds each moment of a common one. Whatever goes wrong in
 * it, its calls are repeated until they are answered, and the auditor judges all of it.
 *
 * Shape:  each script up to some hundred moments; two crashes may follow each other closely.
 */
#pragma once

#include "sim/play.h"

/* What goes wrong in one telling. */
struct script_plan {
    const char *name;
    uint64_t dies_at;   /* Moment of the death; 0: it lives. */
    uint64_t dies_next; /* Moments after it of the next one; 0: none. */
    uint64_t fault;     /* A memory_fault ... */
    uint64_t fault_at;  /* ... in which turn, counted from 1; 0: none. */
};

struct script_counts {
    uint64_t passed;
    uint64_t failed;
};

/* Tells every script in every way; prints those that fail, and how to repeat them. */
struct script_counts script_run_all(void);

/* One telling; its name must be that of a script, else it fails. */
struct script_counts script_run_one(const struct script_plan *plan, bool verbose);
