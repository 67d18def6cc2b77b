/* surroundings.c - time, chance and the log of the program, as the seed has them. */
#include <time.h>

#include "base/check.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "sim_shared/judge.h"
#include "sim_shared/weather.h"

int64_t clock_now_ms(void)
{
    return weather.now_ms;
}

int64_t clock_steady_us(void)
{
    return weather.now_ms * 1000;
}

void random_fill(void *target, size_t size)
{
    unsigned char *bytes = target;
    for (size_t index = 0; index < size; index++) {
        bytes[index] = (unsigned char)random_next(weather.random);
    }
}

/* Whoever sleeps lets others go on. */
int nanosleep(const struct timespec *wanted, struct timespec *rest)
{
    CHECK(rest == NULL);
    weather.now_ms += wanted->tv_sec * 1000 + wanted->tv_nsec / 1000000;
    fibers_yield();
    return 0;
}

/* The log is read where a day is looked at. */
void log_write(enum log_level level, const char *event, const struct log_field *fields,
               size_t field_count)
{
    if (!judge.verbose || level > LOG_WARNING) return;
    printf("fiber %u logs %s", fibers_self(), event);
    for (size_t index = 0; index < field_count; index++) {
        const struct log_field *field = &fields[index];
        if (field->text.data == NULL) printf(" %s=%lld", field->key, (long long)field->number);
        else printf(" %s=%.*s", field->key, (int)field->text.size, field->text.data);
    }
    printf("\n");
}

bool log_enabled(enum log_level level)
{
    return judge.verbose && level <= LOG_WARNING;
}
