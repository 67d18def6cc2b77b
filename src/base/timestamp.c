#include "base/timestamp.h"

#include "base/check.h"

static void write_digits(char *target, int digits, int value)
{
    for (int index = digits - 1; index >= 0; index--) {
        target[index] = (char)('0' + value % 10);
        value /= 10;
    }
}

void timestamp_format(int64_t moment_ms, char *target)
{
    CHECK(target != NULL);

    if (moment_ms < 0) moment_ms = 0;
    if (moment_ms > TIMESTAMP_MS_MAX) moment_ms = TIMESTAMP_MS_MAX;
    const time_t seconds = (time_t)(moment_ms / 1000);
    struct tm parts;
    CHECK(gmtime_r(&seconds, &parts) != NULL);
    memcpy(target, "0000-00-00T00:00:00.000Z", TIMESTAMP_SIZE);
    write_digits(target, 4, parts.tm_year + 1900);
    write_digits(target + 5, 2, parts.tm_mon + 1);
    write_digits(target + 8, 2, parts.tm_mday);
    write_digits(target + 11, 2, parts.tm_hour);
    write_digits(target + 14, 2, parts.tm_min);
    write_digits(target + 17, 2, parts.tm_sec);
    write_digits(target + 20, 3, (int)(moment_ms % 1000));
}
