/* The lists that staff look through; see ports/staff_reader.h. */
#include "ports/staff_reader.h"

#include "base/check.h"
#include "store/memory/memory_reader.h"
#include "store/memory/memory_state.h"

/* A list that is being put together. */
struct listing {
    const struct memory_store *store;
    enum id_kind kind;
    size_t limit;
    uint64_t below; /* Numbers of the page are below it. */
    size_t count;
    uint64_t last; /* The number of the last record. */
    bool more;
};

/* False if the page's cursor is not ours. */
static bool open_listing(const struct memory_store *store, enum id_kind kind,
                         const struct staff_page *page, struct listing *ret_listing)
{
    CHECK(page->limit >= 1);
    CHECK(page->limit <= STAFF_LISTED_MAX);
    *ret_listing =
        (struct listing){.store = store, .kind = kind, .limit = page->limit, .below = UINT64_MAX};
    if (id_is_none(page->after)) return true;
    ret_listing->below = id_open(&store->numbers.key, kind, page->after);
    return ret_listing->below > 0;
}

/* Is there room for a record that fits? Counts it if so. */
static bool takes(struct listing *listing, uint64_t number, size_t *ret_position)
{
    if (number >= listing->below || listing->more) return false;
    if (listing->count == listing->limit) {
        listing->more = true;
        return false;
    }
    *ret_position = listing->count++;
    if (listing->kind != ID_ENTRY) listing->last = number;
    return true;
}

/* There was no room for the record after all: the page ends before it. */
static void give_back(struct listing *listing)
{
    CHECK(listing->count > 1);
    listing->count--;
    listing->more = true;
}

static struct id next_of(const struct listing *listing)
{
    if (!listing->more) return (struct id){0};
    return id_seal(&listing->store->numbers.key, listing->kind, listing->last);
}

static bool booking_fits(const struct booking *booking, const struct staff_booking_query *query)
{
    if (query->has_code && memcmp(&booking->code, &query->code, sizeof query->code) != 0)
        return false;
    if (query->user.size > 0 && !user_equal(&booking->user, &query->user)) return false;
    if (!id_is_none(query->showtime) && !id_equal(booking->showtime, query->showtime)) return false;
    return query->any_status || booking->status == query->status;
}

static enum error list_bookings(void *context, const struct staff_booking_query *query,
                                struct booking *bookings, size_t *ret_count, struct id *ret_next)
{
    const struct memory_store *store = context;
    struct listing listing;
    if (!open_listing(store, ID_BOOKING, &query->page, &listing)) return ERROR_NOT_FOUND;
    for (size_t index = store->bookings.count; index > 0; index--) {
        const struct booking *booking = memory_state_row(&store->bookings, index - 1);
        size_t position = 0;
        if (!booking_fits(booking, query)) continue;
        const uint64_t number = id_open(&store->numbers.key, ID_BOOKING, booking->id);
        if (takes(&listing, number, &position)) bookings[position] = *booking;
    }
    *ret_count = listing.count;
    *ret_next = next_of(&listing);
    return ERROR_NONE;
}

static enum error list_refunds(void *context, const struct staff_refund_query *query,
                               struct payment *payments, size_t *ret_count, struct id *ret_next)
{
    const struct memory_store *store = context;
    struct listing listing;
    if (!open_listing(store, ID_PAYMENT, &query->page, &listing)) return ERROR_NOT_FOUND;
    for (size_t index = store->payments.count; index > 0; index--) {
        const struct payment *payment = memory_state_row(&store->payments, index - 1);
        size_t position = 0;
        if (payment->refund_requested_at_ms == 0) continue;
        if (!query->any_status && payment->status != query->status) continue;
        const uint64_t number = id_open(&store->numbers.key, ID_PAYMENT, payment->id);
        if (takes(&listing, number, &position)) payments[position] = *payment;
    }
    *ret_count = listing.count;
    *ret_next = next_of(&listing);
    return ERROR_NONE;
}

static enum error list_journal(void *context, const struct staff_journal_query *query,
                               struct arena *arena, struct journal_line *lines, size_t *ret_count,
                               struct id *ret_next)
{
    const struct memory_store *store = context;
    struct listing listing;
    if (!open_listing(store, ID_ENTRY, &query->page, &listing)) return ERROR_NOT_FOUND;
    for (size_t index = store->journal.count; index > 0; index--) {
        const struct journal_entry *entry = memory_state_row(&store->journal, index - 1);
        size_t position = 0;
        if (entry->at_ms < query->since_ms) continue;
        if (query->actor.size > 0 && !user_equal(&entry->actor, &query->actor)) continue;
        if (!takes(&listing, index, &position)) continue;
        const struct slice detail = arena_copy(arena, reason_text(&entry->detail));
        if (detail.data == NULL && position == 0) return ERROR_OVERLOADED;
        if (detail.data == NULL) {
            give_back(&listing);
            break;
        }
        lines[position] = (struct journal_line){.at_ms = entry->at_ms,
                                                .actor = entry->actor,
                                                .role = staff_role_name(entry->role),
                                                .action = journal_action_name(entry->action),
                                                .subject = entry->subject,
                                                .detail = detail};
        listing.last = index;
    }
    *ret_count = listing.count;
    *ret_next = next_of(&listing);
    return ERROR_NONE;
}

static enum error list_blocks(void *context, const struct staff_block_query *query,
                              struct block *blocks, size_t *ret_count, struct id *ret_next)
{
    const struct memory_store *store = context;
    struct listing listing;
    if (!open_listing(store, ID_BLOCK, &query->page, &listing)) return ERROR_NOT_FOUND;
    for (size_t index = store->blocks.count; index > 0; index--) {
        const struct block *block = memory_state_row(&store->blocks, index - 1);
        size_t position = 0;
        if (block->released_at_ms != 0 || !id_equal(block->showtime, query->showtime)) continue;
        const uint64_t number = id_open(&store->numbers.key, ID_BLOCK, block->id);
        if (takes(&listing, number, &position)) blocks[position] = *block;
    }
    *ret_count = listing.count;
    *ret_next = next_of(&listing);
    return ERROR_NONE;
}

static const struct staff_reader_methods methods = {.list_bookings = list_bookings,
                                                    .list_refunds = list_refunds,
                                                    .list_journal = list_journal,
                                                    .list_blocks = list_blocks};

struct staff_reader memory_staff_reader_port(struct memory_store *store)
{
    CHECK(store != NULL);
    return (struct staff_reader){.context = store, .methods = &methods};
}
