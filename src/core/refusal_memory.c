#include "core/refusal_memory.h"

#include <string.h>

#include "base/check.h"

#define SETS (REFUSALS_REMEMBERED_MAX / REFUSAL_WAYS)

static_assert(REFUSALS_REMEMBERED_MAX % REFUSAL_WAYS == 0, "the sets are whole");

/* Keys are random, so two of their bytes are as good as a hash. */
static uint32_t set_of(const struct claim_key *claim)
{
    const uint8_t *bytes = claim->key.bytes;
    return ((uint32_t)bytes[14] << 8 | bytes[15]) % SETS * REFUSAL_WAYS;
}

const struct remembered_refusal *refusal_memory_find(const struct refusal_memory *memory,
                                                     const struct claim_key *claim)
{
    const uint32_t first = set_of(claim);
    for (uint32_t way = 0; way < REFUSAL_WAYS; way++) {
        const struct remembered_refusal *entry = &memory->entries[first + way];
        if (entry->claim.user.size > 0 && claim_key_same(&entry->claim, claim)) return entry;
    }
    return NULL;
}

static bool is_worth_remembering(const struct command *command)
{
    const bool has_key = command->kind == COMMAND_HOLD || command->kind == COMMAND_CONFIRM ||
                         command->kind == COMMAND_PAY || command->kind == COMMAND_REFUND;
    if (!has_key || command->answer.failure != ERROR_NONE || command->answer.replayed) {
        return false;
    }
    switch (command->answer.refusal) {
    case REFUSAL_NONE:
    case REFUSAL_IDEMPOTENCY_KEY_REUSED: /* Says nothing of the key's own request. */
    case REFUSAL_BOOKING_NOT_OWNED:      /* 403 and 429 are never remembered. */
    case REFUSAL_TOO_MANY_HOLDS:
        return false;
    default:
        return true;
    }
}

void refusal_memory_note(struct refusal_memory *memory, const struct command *command)
{
    if (!is_worth_remembering(command)) return;
    /* Two of one key in one turn: the first one is what its client heard first. */
    if (refusal_memory_find(memory, &command->claim) != NULL) return;
    const uint32_t first = set_of(&command->claim);
    struct remembered_refusal *oldest = &memory->entries[first];
    for (uint32_t way = 1; way < REFUSAL_WAYS; way++) {
        struct remembered_refusal *entry = &memory->entries[first + way];
        if (entry->age < oldest->age) oldest = entry;
    }
    const struct answer *answer = &command->answer;
    *oldest = (struct remembered_refusal){.claim = command->claim,
                                          .age = ++memory->clock,
                                          .refusal = answer->refusal,
                                          .map_version = answer->map_version,
                                          .conflict_count = answer->conflict_count};
    memcpy(oldest->conflicts, answer->conflicts, sizeof oldest->conflicts);
}
