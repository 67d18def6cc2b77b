#include "sim/fragile_store.h"

#include "base/check.h"

bool fragile_store_pass(struct fragile_store *fragile)
{
    if (fragile->dead) return false;
    fragile->moments++;
    fragile->dead = fragile->moments == fragile->dies_at;
    return !fragile->dead;
}

void fragile_store_revive(struct fragile_store *fragile)
{
    CHECK(fragile->dies_at == 0 || fragile->moments <= fragile->dies_at);
    if (fragile->dead) {
        const uint64_t next = fragile->dies_next;
        fragile->dies_at = next == 0 ? 0 : fragile->moments + next;
        fragile->dies_next = 0;
    }
    fragile->dead = false;
    fragile->committed = false;
}

static enum error load(void *context, struct id showtime, void *block, struct seat_map *ret_map)
{
    struct fragile_store *fragile = context;
    if (!fragile_store_pass(fragile)) return ERROR_OUTCOME_UNKNOWN;
    return fragile->inner.methods->load(fragile->inner.context, showtime, block, ret_map);
}

static enum error pending(void *context, struct id after, struct id *showtimes, size_t capacity,
                          size_t *ret_count)
{
    struct fragile_store *fragile = context;
    const struct store *inner = &fragile->inner;
    if (!fragile_store_pass(fragile)) return ERROR_OUTCOME_UNKNOWN;
    return inner->methods->pending(inner->context, after, showtimes, capacity, ret_count);
}

static enum error begin(void *context)
{
    struct fragile_store *fragile = context;
    if (!fragile_store_pass(fragile)) return ERROR_OUTCOME_UNKNOWN;
    fragile->committed = false;
    return fragile->inner.methods->begin(fragile->inner.context);
}

static enum error gather(void *context, struct turn *turn)
{
    struct fragile_store *fragile = context;
    if (!fragile_store_pass(fragile)) return ERROR_OUTCOME_UNKNOWN;
    return fragile->inner.methods->gather(fragile->inner.context, turn);
}

static enum error record(void *context, const struct turn *turn)
{
    struct fragile_store *fragile = context;
    if (!fragile_store_pass(fragile)) return ERROR_OUTCOME_UNKNOWN;
    return fragile->inner.methods->record(fragile->inner.context, turn);
}

static enum error edit(void *context, struct catalogue_edit *wanted, int64_t now_ms)
{
    struct fragile_store *fragile = context;
    if (!fragile_store_pass(fragile)) return ERROR_OUTCOME_UNKNOWN;
    return fragile->inner.methods->edit(fragile->inner.context, wanted, now_ms);
}

static enum error commit(void *context)
{
    struct fragile_store *fragile = context;
    if (!fragile_store_pass(fragile)) return ERROR_OUTCOME_UNKNOWN;
    const enum error error = fragile->inner.methods->commit(fragile->inner.context);
    fragile->committed = error == ERROR_NONE;
    return fragile_store_pass(fragile) ? error : ERROR_OUTCOME_UNKNOWN;
}

static void rollback(void *context)
{
    struct fragile_store *fragile = context;
    if (fragile_store_pass(fragile)) fragile->inner.methods->rollback(fragile->inner.context);
}

static enum error tend(void *context, int64_t now_ms)
{
    struct fragile_store *fragile = context;
    if (!fragile_store_pass(fragile)) return ERROR_OUTCOME_UNKNOWN;
    return fragile->inner.methods->tend(fragile->inner.context, now_ms);
}

static const struct store_methods methods = {.load = load,
                                             .pending = pending,
                                             .begin = begin,
                                             .gather = gather,
                                             .record = record,
                                             .edit = edit,
                                             .commit = commit,
                                             .rollback = rollback,
                                             .tend = tend};

struct store fragile_store_port(struct fragile_store *fragile)
{
    return (struct store){.context = fragile, .methods = &methods};
}
