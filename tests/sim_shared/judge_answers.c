/* judge_answers.c - is what clients hear so? */
#include "base/check.h"
#include "sim_shared/judge.h"
#include "sim_shared/reached.h"
#include "sim_shared/scenarios.h"

static void hear_made(const struct attempt *attempt, struct id made, int64_t end_ms)
{
    struct heard_key *key = &judge.keys[attempt->key];
    JUDGE_MUST(!key->granted || id_equal(key->made, made), "I3: a key has made two things");
    JUDGE_MUST(!key->granted || key->end_ms == end_ms, "I3: a key's answer changed");
    reached_saw_if(key->granted, REACHED_REPLAYED);
    if (key->granted) return;
    *key = (struct heard_key){true, judge.answers, made, end_ms};
}

static void hear_hold(const struct attempt *attempt)
{
    const struct command *command = &attempt->command;
    const struct booking *said = &command->answer.booking;
    struct judged_booking *booking = judge_booking(said->id);
    if (booking == NULL) {
        judge_break("I1: a hold was granted and has no document");
        return;
    }
    JUDGE_MUST(booking->stands, "I1: a hold was granted and is not there");
    booking->heard = true;
    hear_made(attempt, said->id, said->first_expires_at_ms);
    JUDGE_MUST(said->seat_count == booking->standing.seat_count, "a hold was granted otherwise");
}

static void hear_pay(const struct attempt *attempt)
{
    const struct payment *said = &attempt->command.answer.payment;
    const struct judged_payment *payment = judge_payment(said->id);
    JUDGE_MUST(payment != NULL && payment->stands, "I1: a payment was made and is not there");
    hear_made(attempt, said->id, said->expires_at_ms);
}

static void hear_money(const struct command *command)
{
    struct judged_payment *payment = judge_payment(command->payment);
    if (payment == NULL) {
        judge_break("money of no payment was taken");
        return;
    }
    if (command->news != MONEY_PAID) return;
    if (payment->taken++ > 0) scenarios_taken(payment);
    const enum payment_status status = payment->standing.status;
    JUDGE_MUST(payment_paid(status), "M1: money was taken, and nothing is decided");
    const enum money_outcome outcome = command->answer.outcome;
    const bool requested = payment->standing.reason == REASON_REQUESTED ||
                           payment->standing.reason == REASON_SHOWTIME_CANCELLED;
    JUDGE_MUST(outcome != MONEY_CONFIRMED || status == PAYMENT_COMPLETED || requested,
               "M1: money was said to be kept, and goes back");
    JUDGE_MUST(outcome != MONEY_TO_REFUND || status != PAYMENT_COMPLETED,
               "M1: money was said to go back, and is kept");
}

static void hear_cancel(const struct command *command)
{
    const struct judged_booking *booking = judge_booking(command->booking);
    JUDGE_MUST(booking != NULL && booking->standing.status == BOOKING_CANCELLED,
               "a booking was said to be cancelled, and is not");
}

static void hear_staff(const struct command *command)
{
    if (command->kind == COMMAND_CANCEL_SHOWTIME) {
        const struct judged_showtime *showtime = judge_showtime(command->showtime);
        JUDGE_MUST(showtime != NULL && showtime->cancelled, "a show was cancelled, and is not");
    } else if (command->kind == COMMAND_REFUND || command->kind == COMMAND_REFUND_DONE) {
        const struct judged_payment *payment = judge_payment(command->payment);
        const bool done = command->kind == COMMAND_REFUND_DONE;
        const enum payment_status least = done ? PAYMENT_REFUNDED : PAYMENT_REFUND_DUE;
        JUDGE_MUST(payment != NULL &&
                       judge_payment_rank(payment->standing.status) >= judge_payment_rank(least),
                   "a refund was promised, and is not there");
        reached_saw_if(done, REACHED_REFUND_DONE);
    }
}

static void hear_granted(const struct attempt *attempt)
{
    const struct command *command = &attempt->command;
    switch (command->kind) {
    case COMMAND_HOLD:
        hear_hold(attempt);
        break;
    case COMMAND_PAY:
    case COMMAND_CONFIRM:
        hear_pay(attempt);
        break;
    case COMMAND_MONEY:
        hear_money(command);
        break;
    case COMMAND_CANCEL:
        hear_cancel(command);
        break;
    default:
        hear_staff(command);
        break;
    }
}

/* Every seat that was in the way was taken at the version that was judged. */
static void hear_conflicts(const struct attempt *attempt)
{
    const struct answer *answer = &attempt->command.answer;
    const struct judged_showtime *showtime = judge_showtime(attempt->command.showtime);
    CHECK(showtime != NULL);
    for (uint32_t index = 0; index < answer->conflict_count; index++) {
        const uint32_t place = answer->conflicts[index].name.col - 1U;
        JUDGE_MUST(judge_was_taken(showtime, answer->map_version, place),
                   "a hold was refused for a seat that was free at version %llu",
                   (unsigned long long)answer->map_version);
    }
    reached_saw_if(answer->conflict_count > 0, REACHED_CONFLICT);
}

/* Nothing has happened to the booking since the question: the refusal must fit what it is. */
static void hear_refused_booking(const struct attempt *attempt)
{
    const struct command *command = &attempt->command;
    const struct judged_booking *booking = judge_booking(command->booking);
    if (booking == NULL || booking->changed > attempt->sent_change) return;
    const struct booking *standing = &booking->standing;
    const bool lives = standing->status == BOOKING_PENDING &&
                       weather.now_ms + JUDGE_SKEW_MS < standing->hold_expires_at_ms;
    JUDGE_MUST(!lives || judge.showtimes[booking->showtime].cancelled,
               "a live hold could not be paid or cancelled: %d", (int)command->answer.refusal);
}

static void hear_refused(const struct attempt *attempt)
{
    const struct command *command = &attempt->command;
    const bool keyed = command->kind == COMMAND_HOLD || command->kind == COMMAND_PAY ||
                       command->kind == COMMAND_CONFIRM;
    const enum refusal refusal = command->answer.refusal;
    if (keyed && !attempt->partitioned && refusal != REFUSAL_IDEMPOTENCY_KEY_REUSED) {
        const struct heard_key *key = &judge.keys[attempt->key];
        JUDGE_MUST(!key->granted || key->answer > attempt->sent_answer,
                   "I3: a key with an effect was refused: %d", (int)refusal);
    }
    if (command->kind == COMMAND_HOLD && !attempt->partitioned) hear_conflicts(attempt);
    const bool of_booking = command->kind == COMMAND_CANCEL || command->kind == COMMAND_PAY ||
                            command->kind == COMMAND_CONFIRM;
    /* One that is said again fits what the booking was then. */
    const bool fresh = of_booking && !command->answer.replayed;
    if (fresh && !attempt->partitioned) hear_refused_booking(attempt);
    JUDGE_MUST(command->kind != COMMAND_MONEY || attempt->partitioned,
               "M1: money was turned away: %d", (int)refusal);
}

/* "Nothing was written": then there is nothing of it, unless somebody else asked for the same. */
static void hear_failed(const struct attempt *attempt)
{
    const struct claim_key *claim = &attempt->command.claim;
    if (attempt->command.kind != COMMAND_HOLD || judge.keys[attempt->key].granted) return;
    if (attempts_of_key(&claim->key, &claim->user) > 1) return;
    for (uint32_t index = 0; index < judge.booking_count; index++) {
        const struct judged_booking *booking = &judge.bookings[index];
        if (!uuid_equal(booking->document.key, claim->key) || !booking->stands) continue;
        JUDGE_MUST(booking->made <= attempt->sent_change,
                   "a hold was made, and is said to have failed");
    }
}

void judge_heard(const struct attempt *attempt)
{
    const struct answer *answer = &attempt->command.answer;
    if (judge.broken) return;
    judge.answers++;
    if (answer->failure == ERROR_INTERNAL_ERROR) judge_break("a showtime was closed");
    if (answer->failure == ERROR_STORE_UNAVAILABLE ||
        answer->failure == ERROR_BOOKING_LOCK_FAILED) {
        hear_failed(attempt);
    }
    if (answer->failure != ERROR_NONE) return;
    /* Who is cut off may say what was so before; the others judge what is so. */
    JUDGE_MUST(attempt->partitioned || answer->replayed ||
                   answer->map_version >= attempt->sent_version,
               "an answer is older than its question: version %llu, not %llu",
               (unsigned long long)answer->map_version, (unsigned long long)attempt->sent_version);
    if (answer->refusal == REFUSAL_NONE) hear_granted(attempt);
    else hear_refused(attempt);
}
