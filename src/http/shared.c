#include "http/shared.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/check.h"

struct shared {
    atomic_uint references;
    char *data;
    size_t size;
};

struct shared *shared_of(char *data, size_t size)
{
    CHECK(data != NULL || size == 0);

    struct shared *shared = malloc(sizeof *shared);
    if (shared == NULL) {
        free(data);
        return NULL;
    }
    atomic_init(&shared->references, 1);
    shared->data = data;
    shared->size = size;
    return shared;
}

struct shared *shared_ref(struct shared *shared)
{
    CHECK(shared != NULL);

    const unsigned before = atomic_fetch_add_explicit(&shared->references, 1, memory_order_relaxed);
    CHECK(before > 0);
    return shared;
}

void shared_unref(struct shared *shared)
{
    if (shared == NULL) return;

    const unsigned before = atomic_fetch_sub_explicit(&shared->references, 1, memory_order_acq_rel);
    CHECK(before > 0);
    if (before > 1) return;
    free(shared->data);
    free(shared);
}

struct slice shared_bytes(const struct shared *shared)
{
    CHECK(shared != NULL);
    return (struct slice){.data = shared->data, .size = shared->size};
}
