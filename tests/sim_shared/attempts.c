#include "sim_shared/attempts.h"

#include "base/check.h"

static uint32_t used;
static struct attempt *all;

void attempts_begin(void)
{
    if (all == NULL) all = calloc(ATTEMPTS_MAX, sizeof *all);
    CHECK(all != NULL);
    for (uint32_t index = 0; index < used; index++) all[index].state = ATTEMPT_FREE;
    used = 0;
}

struct attempt *attempts_add(const struct command *command, int32_t call, uint32_t key)
{
    uint32_t index = 0;
    while (index < used && all[index].state != ATTEMPT_FREE) index++;
    CHECK(index < ATTEMPTS_MAX);
    if (index == used) used++;
    struct attempt *attempt = &all[index];
    attempt->state = ATTEMPT_FLYING;
    attempt->command = *command;
    attempt->command.owner = attempt;
    attempt->call = call;
    attempt->key = key;
    if (command->order == NULL) return attempt;
    attempt->order = *command->order;
    attempt->command.order = &attempt->order;
    return attempt;
}

void attempts_forget(struct attempt *attempt)
{
    CHECK(attempt->state == ATTEMPT_FLYING);
    attempt->state = ATTEMPT_FREE;
}

void attempts_lose(uint32_t instance, void (*lost)(const struct attempt *attempt))
{
    for (uint32_t index = 0; index < used; index++) {
        struct attempt *attempt = &all[index];
        if (attempt->state != ATTEMPT_FLYING || attempt->instance != instance) continue;
        attempt->state = ATTEMPT_LOST;
        lost(attempt);
    }
}

uint32_t attempts_of_key(const struct uuid *key, const struct user *user)
{
    uint32_t count = 0;
    for (uint32_t index = 0; index < used; index++) {
        const struct claim_key *claim = &all[index].command.claim;
        if (all[index].state == ATTEMPT_FREE || !uuid_equal(claim->key, *key)) continue;
        count += user_equal(&claim->user, user);
    }
    return count;
}

bool attempts_of_booking(enum command_kind kind, struct id booking)
{
    for (uint32_t index = 0; index < used; index++) {
        const struct command *command = &all[index].command;
        if (all[index].state == ATTEMPT_FREE || command->kind != kind) continue;
        if (id_equal(command->booking, booking)) return true;
    }
    return false;
}

bool attempts_of_payment(enum command_kind kind, struct id payment)
{
    for (uint32_t index = 0; index < used; index++) {
        const struct command *command = &all[index].command;
        if (all[index].state == ATTEMPT_FREE || command->kind != kind) continue;
        if (id_equal(command->payment, payment)) return true;
    }
    return false;
}

bool attempts_of_showtime(enum command_kind kind, struct id showtime)
{
    for (uint32_t index = 0; index < used; index++) {
        const struct command *command = &all[index].command;
        if (all[index].state == ATTEMPT_FREE || command->kind != kind) continue;
        if (id_equal(command->showtime, showtime)) return true;
    }
    return false;
}
