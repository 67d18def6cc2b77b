/* attempts.h - every command that was sent, until it is known what became of it.
 *
 * An effect needs somebody who asked for it and was not told "no": an attempt in flight, or one
 * whose answer was lost or unknown.
 *
 * Shape:  up to ATTEMPTS_MAX a day that are not forgotten.
 * Thread: whoever has the baton.
 */
#pragma once

#include "core/command.h"

enum { ATTEMPTS_MAX = 4096, ATTEMPT_NO_CALL = -1 };

enum attempt_state {
    ATTEMPT_FREE,
    ATTEMPT_FLYING,
    ATTEMPT_LOST, /* Nobody knows: the process died, or said that it does not know. */
};

struct attempt {
    enum attempt_state state;
    struct command command;
    struct staff_order order;
    int32_t call; /* Whose it is, */
    uint32_t key; /* and its key's number. */
    uint32_t instance;
    int64_t sent_at_ms;
    uint64_t sent_version; /* Of the showtime, when it was sent. */
    uint64_t sent_change;  /* The judge's counts of changes, */
    uint64_t sent_answer;  /* and of answers, then. */
    uint32_t partitions;   /* Of the instance, so far; */
    bool partitioned;      /* and is it in one? */
};

void attempts_begin(void);

/* Copies the command. */
struct attempt *attempts_add(const struct command *command, int32_t call, uint32_t key);

/* It was answered for good. */
void attempts_forget(struct attempt *attempt);

/* The process died: those of the instance are lost; `lost` is called for each. */
void attempts_lose(uint32_t instance, void (*lost)(const struct attempt *attempt));

/* Is there an attempt that may have this effect? */
uint32_t attempts_of_key(const struct uuid *key, const struct user *user); /* How many? */
bool attempts_of_booking(enum command_kind kind, struct id booking);
bool attempts_of_payment(enum command_kind kind, struct id payment);
bool attempts_of_showtime(enum command_kind kind, struct id showtime);
