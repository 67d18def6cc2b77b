#include "powercut/examine_life.h"

#include "base/check.h"
#include "support/turn_fixture.h"

enum {
    REPLAYS = 3,
    NEW_KEY = 1000000, /* No key of the day's work. */
};

static bool fail(struct examiner *examiner, const char *what)
{
    (void)snprintf(examiner->fault, EXAMINE_FAULT_SIZE, "it cannot go on: %s", what);
    return false;
}

static void answered(void *context, struct command *command)
{
    (void)context;
    *(bool *)command->owner = true;
}

static bool run(struct examiner *examiner, struct command *command, int64_t now_ms)
{
    bool told = false;
    command->owner = &told;
    engine_submit(examiner->house.engine, command);
    const bool ran = house_run(&examiner->house, now_ms);
    return ran && told && command->answer.failure == ERROR_NONE;
}

/* A key that had its effect is answered as the first time. */
static bool replay(struct examiner *examiner, const struct ledger_key *key, int64_t now_ms)
{
    struct command command = key->command;
    if (command.kind != COMMAND_HOLD && command.kind != COMMAND_PAY) return true;
    if (now_ms - key->at_ms >= HOUSE_DAY_MS) return true;
    if (!run(examiner, &command, now_ms)) return fail(examiner, "a retry is not answered");
    const struct answer *first = &key->command.answer;
    if (!command.answer.replayed || !id_equal(command.answer.booking.id, first->booking.id) ||
        !id_equal(command.answer.payment.id, first->payment.id)) {
        return fail(examiner, "a retry is answered otherwise");
    }
    examiner->replays++;
    return true;
}

static bool sell(struct examiner *examiner, uint32_t number, int64_t now_ms)
{
    static const char *const seats[] = {"A1", "A2", "A3", "B1", "B2", "B3", "C1", "C2", "C3"};
    for (uint32_t index = 0; index < sizeof seats / sizeof seats[0]; index++) {
        struct command hold = turn_fixture_hold("zoe", seats[index], NEW_KEY + index);
        hold.showtime = house_showtime(number);
        if (!run(examiner, &hold, now_ms)) return fail(examiner, "a hold is not answered");
        if (hold.answer.refusal != REFUSAL_NONE) continue;
        struct command again = turn_fixture_hold("zoe", seats[index], NEW_KEY + index);
        again.showtime = house_showtime(number);
        if (!run(examiner, &again, now_ms)) return fail(examiner, "a retry is not answered");
        return again.answer.replayed || fail(examiner, "a new hold is forgotten");
    }
    return true; /* All are taken, or the show is over. */
}

bool examine_life(struct examiner *examiner, const struct examine_truth *truth,
                  struct random *random)
{
    struct house *house = &examiner->house;
    const int64_t now_ms = truth->moment.now_ms;
    const struct ledger *ledger = truth->ledger;
    house->answered = answered;
    if (!house_open_engine(house)) return fail(examiner, "the engine does not start");
    if (!house_run(house, now_ms)) return fail(examiner, "the engine does not come to rest");
    for (uint32_t index = 0; index < REPLAYS && ledger->key_count > 0; index++) {
        const uint32_t chosen = random_below(random, ledger->key_count);
        if (!replay(examiner, &ledger->keys[chosen], now_ms)) return false;
    }
    engine_tend(house->engine, now_ms);
    return sell(examiner, 1 + random_below(random, HOUSE_SHOWTIMES), now_ms);
}
