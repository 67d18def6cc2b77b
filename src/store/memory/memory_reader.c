#include "store/memory/memory_reader.h"

#include "base/check.h"
#include "store/memory/memory_state.h"

static uint64_t version_of(const struct memory_store *store, struct id showtime)
{
    const struct memory_row *row = memory_state_showtime(store, showtime);
    CHECK(row != NULL);
    return row->version;
}

static enum error find_booking(void *context, struct id id, enum consistency consistency,
                               struct booking *ret_booking, uint64_t *ret_version)
{
    const struct memory_store *store = context;
    (void)consistency;
    const struct booking *booking = memory_state_booking(store, id);
    if (booking == NULL) return ERROR_BOOKING_NOT_FOUND;
    *ret_booking = *booking;
    *ret_version = version_of(store, booking->showtime);
    return ERROR_NONE;
}

static bool matches(const struct booking *booking, const struct booking_query *query)
{
    if (!user_equal(&booking->user, &query->user)) return false;
    return query->any_status || booking->status == query->status;
}

/* Where the rows below an id end; an id is known by its seal, its row may be gone. */
static size_t rows_below(const struct memory_store *store, uint64_t number)
{
    size_t count = store->bookings.count;
    while (count > 0) {
        const struct booking *booking = memory_state_row(&store->bookings, count - 1);
        if (id_open(&store->numbers.key, ID_BOOKING, booking->id) < number) break;
        count--;
    }
    return count;
}

static enum error list_bookings(void *context, const struct booking_query *query,
                                struct booking *bookings, size_t *ret_count, bool *ret_more)
{
    const struct memory_store *store = context;
    CHECK(query->limit >= 1);
    CHECK(query->limit <= BOOKINGS_LISTED_MAX);

    uint64_t below = UINT64_MAX;
    if (!id_is_none(query->after)) {
        below = id_open(&store->numbers.key, ID_BOOKING, query->after);
        if (below == 0) return ERROR_BOOKING_NOT_FOUND;
    }
    size_t count = 0;
    bool more = false;
    for (size_t index = rows_below(store, below); index > 0 && !more; index--) {
        const struct booking *booking = memory_state_row(&store->bookings, index - 1);
        if (!matches(booking, query)) continue;
        if (count == query->limit) more = true;
        else bookings[count++] = *booking;
    }
    *ret_count = count;
    *ret_more = more;
    return ERROR_NONE;
}

static const struct payment *find(const struct memory_store *store,
                                  const struct payment_query *query)
{
    if (!id_is_none(query->id)) return memory_state_payment(store, query->id);
    if (uuid_is_none(query->alias)) return NULL;
    for (size_t index = 0; index < store->payments.count; index++) {
        const struct payment *payment = memory_state_row(&store->payments, index);
        if (!uuid_equal(payment->alias, query->alias)) continue;
        if (user_equal(&payment->user, &query->user)) return payment;
    }
    return NULL;
}

static enum error find_payment(void *context, const struct payment_query *query,
                               struct payment *ret_payment, struct id *ret_showtime,
                               uint64_t *ret_version)
{
    const struct memory_store *store = context;
    const struct payment *payment = find(store, query);
    if (payment == NULL) return ERROR_PAYMENT_NOT_FOUND;
    const struct booking *booking = memory_state_booking(store, payment->booking);
    CHECK(booking != NULL);
    *ret_payment = *payment;
    *ret_showtime = booking->showtime;
    *ret_version = version_of(store, booking->showtime);
    return ERROR_NONE;
}

static enum error ping(void *context)
{
    const struct memory_store *store = context;
    return store->broken ? ERROR_STORE_UNAVAILABLE : ERROR_NONE;
}

static const struct reader_methods methods = {.find_booking = find_booking,
                                              .list_bookings = list_bookings,
                                              .find_payment = find_payment,
                                              .ping = ping};

struct reader memory_reader_port(struct memory_store *store)
{
    CHECK(store != NULL);
    return (struct reader){.context = store, .methods = &methods};
}
