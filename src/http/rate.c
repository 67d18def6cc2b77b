#include "http/rate.h"

#include "base/check.h"

int64_t rate_window_us(const struct rate *rate)
{
    CHECK(rate->burst >= 1);
    CHECK(rate->interval_us >= 1);
    return (int64_t)rate->burst * rate->interval_us;
}

/* What is missing in the bucket, as the time that it takes to come back. */
static int64_t debt_us(int64_t full_at_us, int64_t now_us, int64_t debt_us_max)
{
    if (full_at_us <= now_us) return 0;
    return full_at_us - now_us < debt_us_max ? full_at_us - now_us : debt_us_max;
}

static int64_t arrears_us_max(const struct rate *rate)
{
    return rate_window_us(rate) + RATE_ARREARS_US_MAX;
}

static struct rate_verdict verdict_of(const struct rate *rate, int64_t owed_us)
{
    const int64_t spare_us = rate_window_us(rate) - owed_us;
    CHECK(owed_us >= 0);
    const int64_t lacking_us = rate->interval_us - spare_us;
    return (struct rate_verdict){.admitted = lacking_us <= 0,
                                 .remaining =
                                     spare_us > 0 ? (uint32_t)(spare_us / rate->interval_us) : 0,
                                 .retry_after_us = lacking_us > 0 ? lacking_us : 0,
                                 .full_after_us = owed_us};
}

struct rate_verdict rate_take(const struct rate *rate, int64_t *full_at_us, int64_t now_us)
{
    const int64_t owed_us = debt_us(*full_at_us, now_us, rate_window_us(rate));
    struct rate_verdict verdict = verdict_of(rate, owed_us);
    *full_at_us = now_us + owed_us;
    if (!verdict.admitted) return verdict;
    *full_at_us += rate->interval_us;
    verdict = verdict_of(rate, owed_us + rate->interval_us);
    verdict.admitted = true;
    verdict.retry_after_us = 0;
    return verdict;
}

void rate_charge(const struct rate *rate, int64_t *full_at_us, int64_t now_us)
{
    const int64_t owed_us_max = arrears_us_max(rate);
    const int64_t owed_us = debt_us(*full_at_us, now_us, owed_us_max) + rate->interval_us;
    *full_at_us = now_us + (owed_us < owed_us_max ? owed_us : owed_us_max);
}

struct rate_verdict rate_look(const struct rate *rate, int64_t full_at_us, int64_t now_us)
{
    return verdict_of(rate, debt_us(full_at_us, now_us, arrears_us_max(rate)));
}

static bool parse_unit(struct slice text, int64_t *ret_unit_us)
{
    static const struct {
        struct slice name;
        int64_t unit_us;
    } units[] = {
        {SLICE_INIT("s"), INT64_C(1000000)},
        {SLICE_INIT("m"), INT64_C(60) * 1000000},
        {SLICE_INIT("h"), INT64_C(3600) * 1000000},
    };
    for (size_t index = 0; index < sizeof units / sizeof units[0]; index++) {
        if (!slice_equal(units[index].name, text)) continue;
        *ret_unit_us = units[index].unit_us;
        return true;
    }
    return false;
}

bool rate_parse(struct slice text, struct rate *ret_rate)
{
    if (slice_equal(text, SLICE("off"))) {
        *ret_rate = (struct rate){0};
        return true;
    }
    struct slice rest = {0};
    struct slice unit = {0};
    const struct slice burst_text = slice_cut(text, ':', &rest);
    const struct slice count_text = slice_cut(rest, '/', &unit);
    uint64_t burst = 0;
    uint64_t count = 0;
    int64_t unit_us = 0;
    if (!slice_to_number(burst_text, RATE_BURST_MAX, &burst) || burst == 0 ||
        !slice_to_number(count_text, RATE_PER_UNIT_MAX, &count) || count == 0 ||
        !parse_unit(unit, &unit_us)) {
        return false;
    }
    *ret_rate = (struct rate){.burst = (uint32_t)burst, .interval_us = unit_us / (int64_t)count};
    return true;
}
