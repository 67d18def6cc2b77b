#include "powercut/eager_store.h"

#include "base/check.h"

static enum error pay_up(struct eager_store *eager)
{
    if (!eager->owes) return ERROR_NONE;
    eager->owes = false;
    return eager->inner.methods->commit(eager->inner.context);
}

static enum error load(void *context, struct id showtime, void *block, struct seat_map *ret_map)
{
    const struct eager_store *eager = context;
    return eager->inner.methods->load(eager->inner.context, showtime, block, ret_map);
}

static enum error pending(void *context, struct id after, struct id *showtimes, size_t capacity,
                          size_t *ret_count)
{
    const struct store *inner = &((struct eager_store *)context)->inner;
    return inner->methods->pending(inner->context, after, showtimes, capacity, ret_count);
}

static enum error begin(void *context)
{
    struct eager_store *eager = context;
    const enum error error = pay_up(eager);
    return error == ERROR_NONE ? eager->inner.methods->begin(eager->inner.context) : error;
}

static enum error gather(void *context, struct turn *turn)
{
    const struct eager_store *eager = context;
    return eager->inner.methods->gather(eager->inner.context, turn);
}

static enum error record(void *context, const struct turn *turn)
{
    const struct eager_store *eager = context;
    return eager->inner.methods->record(eager->inner.context, turn);
}

static enum error edit(void *context, struct catalogue_edit *wanted, int64_t now_ms)
{
    const struct eager_store *eager = context;
    return eager->inner.methods->edit(eager->inner.context, wanted, now_ms);
}

static enum error commit(void *context)
{
    struct eager_store *eager = context;
    CHECK(!eager->owes);
    eager->owes = true;
    return ERROR_NONE;
}

static void rollback(void *context)
{
    const struct eager_store *eager = context;
    eager->inner.methods->rollback(eager->inner.context);
}

static enum error tend(void *context, int64_t now_ms)
{
    struct eager_store *eager = context;
    const enum error error = pay_up(eager);
    return error == ERROR_NONE ? eager->inner.methods->tend(eager->inner.context, now_ms) : error;
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

struct store eager_store_port(struct eager_store *eager)
{
    return (struct store){.context = eager, .methods = &methods};
}
