#include "sim_shared/onlooker.h"

#include "base/check.h"
#include "sim_shared/judge.h"
#include "sim_shared/people.h"
#include "sim_shared/scenarios.h"
#include "store/mongo/mongo_reader.h"

static struct mongo_reader *reader;
static bool over;

static void look_at_booking(void)
{
    struct id id;
    if (!people_know_booking(&id)) return;
    const struct judged_booking *booking = judge_booking(id);
    CHECK(booking != NULL);
    const struct reader port = mongo_reader_port(reader);
    const int rank_before = judge_booking_rank(booking->standing.status);
    const enum booking_status before = booking->standing.status;
    struct booking shown;
    uint64_t version = 0;
    const enum error error =
        port.methods->find_booking(port.context, id, CONSISTENCY_LATEST, &shown, &version);
    if (error == ERROR_STORE_UNAVAILABLE) return;
    JUDGE_MUST(error == ERROR_NONE, "M8: a reader does not find a booking that was promised");
    if (error != ERROR_NONE) return;
    const int rank = judge_booking_rank(shown.status);
    JUDGE_MUST(rank >= rank_before, "M8: a reader was shown the past: %d after %d", rank,
               rank_before);
    JUDGE_MUST(rank <= judge_booking_rank(booking->standing.status),
               "M8: a reader was shown what is not so");
    scenarios_read(before, booking->standing.status, booking->lapsed);
}

static void look_at_payment(void)
{
    struct id id;
    if (!people_know_payment(&id)) return;
    const struct judged_payment *payment = judge_payment(id);
    CHECK(payment != NULL);
    const struct reader port = mongo_reader_port(reader);
    const bool paid_before = payment_paid(payment->standing.status);
    const int rank_before = judge_payment_rank(payment->standing.status);
    struct payment shown;
    struct id showtime;
    uint64_t version = 0;
    const struct payment_query query = {.id = id};
    const enum error error =
        port.methods->find_payment(port.context, &query, &shown, &showtime, &version);
    if (error == ERROR_STORE_UNAVAILABLE) return;
    JUDGE_MUST(error == ERROR_NONE, "M8: a reader does not find a payment that was promised");
    if (error != ERROR_NONE || !paid_before) return;
    JUDGE_MUST(judge_payment_rank(shown.status) >= rank_before,
               "M8: a reader was shown the past of money: %d after %d", (int)shown.status,
               rank_before);
}

static void run(void *context)
{
    (void)context;
    while (!over) {
        if (random_chance(weather.random, 50)) look_at_booking();
        else look_at_payment();
        weather.dead[fibers_self()] = false; /* It has no process of its own. */
        for (int rest = 0; rest < 4 && !over; rest++) fibers_yield();
    }
    mongo_reader_close(reader);
}

void onlooker_begin(void)
{
    over = false;
    CHECK(mongo_reader_open(house_connection(), &reader) == ERROR_NONE);
    fibers_start(run, NULL);
}

void onlooker_end(void)
{
    over = true;
}
