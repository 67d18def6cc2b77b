#include "base/random.h"

#include <errno.h>
#include <sys/random.h>

#include "base/check.h"

void random_fill(void *target, size_t size)
{
    CHECK(target != NULL);

    unsigned char *next = target;
    while (size > 0) {
        const ssize_t got = getrandom(next, size, 0);
        if (got < 0 && errno == EINTR) continue;
        CHECK(got > 0);
        next += got;
        size -= (size_t)got;
    }
}
