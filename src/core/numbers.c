#include "core/numbers.h"

#include "base/check.h"

/* The rates at which numbers follow the clock are far above what is sold for long, and last for
 * 44 and 68 years. */
#define START_MS INT64_C(1704067200000) /* 2024-01-01 */
#define BOOKINGS_PER_SECOND 1000
#define PAYMENTS_PER_SECOND 65536

/* The number that the clock has reached at this rate, up to half of all there are: a clock
 * that is years ahead must not use them up. */
static uint64_t reached(int64_t now_ms, uint64_t per_second, uint64_t number_max)
{
    if (now_ms <= START_MS) return 1;
    const uint64_t seconds = (uint64_t)(now_ms - START_MS) / 1000;
    if (seconds > number_max / 2 / per_second) return 1;
    return seconds * per_second + 1;
}

static uint64_t draw(uint64_t *next, uint64_t lowest)
{
    CHECK(*next > 0);

    if (*next < lowest) *next = lowest;
    return (*next)++;
}

struct id numbers_draw_booking(struct numbers *numbers, int64_t now_ms, struct code *ret_code)
{
    CHECK(ret_code != NULL);

    const uint64_t lowest = reached(now_ms, BOOKINGS_PER_SECOND, CODE_NUMBER_MAX);
    const uint64_t number = draw(&numbers->next_booking, lowest);
    *ret_code = code_of_number(&numbers->key, number);
    return id_seal(&numbers->key, ID_BOOKING, number);
}

uint64_t numbers_next_booking(const struct numbers *numbers, int64_t now_ms)
{
    const uint64_t lowest = reached(now_ms, BOOKINGS_PER_SECOND, CODE_NUMBER_MAX);
    return numbers->next_booking < lowest ? lowest : numbers->next_booking;
}

uint64_t numbers_at(int64_t moment_ms, bool of_booking)
{
    const uint64_t per_second = of_booking ? BOOKINGS_PER_SECOND : PAYMENTS_PER_SECOND;
    const uint64_t start =
        reached(moment_ms, per_second, of_booking ? CODE_NUMBER_MAX : ID_NUMBER_MAX);
    return start == 1 ? 1 : start + (uint64_t)(moment_ms % 1000) * (per_second / 1000);
}

struct id numbers_draw_payment(struct numbers *numbers, int64_t now_ms)
{
    const uint64_t lowest = reached(now_ms, PAYMENTS_PER_SECOND, ID_NUMBER_MAX);
    return id_seal(&numbers->key, ID_PAYMENT, draw(&numbers->next_payment, lowest));
}

struct id numbers_draw_block(struct numbers *numbers, int64_t now_ms)
{
    const uint64_t lowest = reached(now_ms, PAYMENTS_PER_SECOND, ID_NUMBER_MAX);
    return id_seal(&numbers->key, ID_BLOCK, draw(&numbers->next_block, lowest));
}
