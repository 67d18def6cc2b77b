/* refusal_memory.h - the last refusals, so that a retry of a refused key hears the same.
 *
 * A refusal is not an effect and never reaches the store. Remembering it is a kindness with a
 * bound: the oldest give way, and after a restart the key is judged anew.
 *
 * Shape:  REFUSALS_REMEMBERED_MAX entries in sets of REFUSAL_WAYS; within a set the oldest
 *         gives way.
 * Thread: the engine's.
 */
#pragma once

#include "core/command.h"

enum { REFUSAL_WAYS = 4 };

struct remembered_refusal {
    struct claim_key claim; /* An empty user: the entry is free. */
    uint64_t age;
    enum refusal refusal;
    uint64_t map_version;
    uint8_t conflict_count;
    struct seat_conflict conflicts[SEATS_PER_HOLD_MAX];
};

struct refusal_memory {
    uint64_t clock; /* Counts what was remembered; orders the ages. */
    struct remembered_refusal entries[REFUSALS_REMEMBERED_MAX];
};

/* What a command with this claim was told, or NULL. Its fingerprint may differ. */
const struct remembered_refusal *refusal_memory_find(const struct refusal_memory *memory,
                                                     const struct claim_key *claim);

/* Remembers a command's refusal if the contract allows it: of a key, refused at existence or
 * later, and not for holding too many seats. */
void refusal_memory_note(struct refusal_memory *memory, const struct command *command);
