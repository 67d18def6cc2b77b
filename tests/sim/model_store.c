#include "sim/model_store.h"

#include "sim/model_money.h"
#include "sim/model_seats.h"
#include "sim/model_staff.h"

static bool may_be_overdue(const struct model *model, const struct model_booking *booking,
                           bool overdue)
{
    return overdue || model->showtimes[booking->showtime].closed;
}

/* Has the stored booking an end before it that the model has seen? */
static bool ends_late(const struct model *model, const struct model_booking *booking,
                      enum booking_status stored, bool overdue)
{
    if (!may_be_overdue(model, booking, overdue)) return false;
    if (booking->status == BOOKING_EXPIRED) return stored == BOOKING_PENDING;
    const bool stands = stored == BOOKING_PENDING || stored == BOOKING_CONFIRMED;
    return booking->ends_with_show && stands;
}

static void compare_booking(struct model *model, const struct booking *row, bool overdue)
{
    const int32_t found = model_find_booking(model, row->id);
    MODEL_MUST(model, found != MODEL_NONE, "the store has a booking that nobody was granted");
    if (found == MODEL_NONE) return;
    struct model_booking *booking = &model->bookings[found];
    model_seats_compare(model, row, booking);
    const bool late = ends_late(model, booking, row->status, overdue);
    MODEL_MUST(model, row->status == booking->status || late,
               "a booking's stored status is %u and not %u", row->status, booking->status);
    MODEL_MUST(model, row->hold_expires_at_ms == booking->end_ms, "a stored hold has another end");
    if (!late) {
        model_see_cancelled_at(model, booking, row->cancelled_at_ms);
        MODEL_MUST(model, reason_equal(&row->cancellation_reason, &booking->cancellation_reason),
                   "a stored cancel has another reason");
    }
    MODEL_MUST(model, row->had_payment == booking->had_payment,
               "a stored booking forgot a payment");
    struct id kept_by = {0};
    if (booking->kept_by != MODEL_NONE) kept_by = model->payments[booking->kept_by].id;
    MODEL_MUST(model, id_equal(row->payment, kept_by), "a stored booking is paid by another");
}

static bool is_open(const struct payment *row)
{
    return row->status == PAYMENT_PENDING || row->status == PAYMENT_PROCESSING;
}

/* Open only while it is the one to pay and its booking is alive. */
static void compare_open(struct model *model, const struct payment *row,
                         const struct model_payment *payment, bool overdue)
{
    const struct model_booking *booking = &model->bookings[payment->booking];
    const bool open = is_open(row);
    if (payment->fate == FATE_OPEN) {
        MODEL_MUST(model, open, "a stored payment that is open is %u", row->status);
        return;
    }
    const bool late = !payment->declined && ends_late(model, booking, BOOKING_PENDING, overdue);
    MODEL_MUST(model, row->status == PAYMENT_FAILED || (open && late),
               "a stored payment that failed is %u", row->status);
}

static void compare_payment(struct model *model, const struct payment *row, bool overdue)
{
    const int32_t found = model_find_payment(model, row->id);
    MODEL_MUST(model, found != MODEL_NONE, "the store has a payment that nobody asked for");
    if (found == MODEL_NONE) return;
    const struct model_payment *payment = &model->payments[found];
    MODEL_MUST(model, row->amount == payment->amount, "a stored payment has another amount");
    MODEL_MUST(model, row->expires_at_ms == payment->end_ms, "a stored payment has another end");
    MODEL_MUST(model, uuid_equal(row->alias, payment->alias), "a stored payment has another key");
    if (payment->fate == FATE_KEPT) {
        MODEL_MUST(model, row->status == PAYMENT_COMPLETED, "kept money is stored as %u",
                   row->status);
    } else if (payment->fate == FATE_REFUND && payment->reason == REASON_SHOWTIME_CANCELLED &&
               row->status == PAYMENT_COMPLETED) {
        const struct model_booking *booking = &model->bookings[payment->booking];
        MODEL_MUST(model, ends_late(model, booking, BOOKING_CONFIRMED, overdue),
                   "money for a cancelled show was kept");
    } else if (payment->fate == FATE_REFUND) {
        MODEL_MUST(model,
                   row->status == (payment->refunded ? PAYMENT_REFUNDED : PAYMENT_REFUND_DUE),
                   "a refund is stored as %u", row->status);
        MODEL_MUST(model, reason_equal(&row->refund_reference, &payment->reference),
                   "a refund has another stored reference");
        MODEL_MUST(model, row->reason == payment->reason, "a refund has another stored reason");
    } else {
        compare_open(model, row, payment, overdue);
    }
}

static void compare_keys(struct model *model, const struct memory_store *store)
{
    size_t count = 0;
    const struct key_record *rows = memory_store_keys(store, &count);
    uint32_t effects = 0;
    for (uint32_t index = 0; index < model->key_count; index++) {
        effects += model->keys[index].has_effect;
    }
    MODEL_MUST(model, effects == count, "the store has %zu keys and not %u", count, effects);
    for (size_t index = 0; index < count && !model->broken; index++) {
        /* The simulation writes the position into the first bytes of the key. */
        uint32_t position = 0;
        memcpy(&position, rows[index].claim.key.bytes, sizeof position);
        const bool known = position < model->key_count;
        MODEL_MUST(model, known, "the store has a key that nobody used");
        if (!known) return;
        const struct model_key *key = &model->keys[position];
        while (!model_same_key(&key->claim, &rows[index].claim) && key->twin != MODEL_NONE) {
            key = &model->keys[key->twin];
        }
        const bool same = model_same_key(&key->claim, &rows[index].claim) &&
                          model_same_body(&key->claim.fingerprint, &rows[index].claim.fingerprint);
        MODEL_MUST(model, key->has_effect && same, "a stored key is of another request");
        MODEL_MUST(model, id_equal(rows[index].booking, model->bookings[key->booking].id),
                   "a stored key has another booking");
    }
}

enum error model_store_load(struct memory_store *store, struct id showtime,
                            struct seat_map *ret_map)
{
    static _Alignas(16) uint8_t block[SHOWTIME_BLOCK_SIZE_MAX];
    const struct store port = memory_store_port(store);
    memset(block, 0, sizeof block);
    return port.methods->load(port.context, showtime, block, ret_map);
}

static void compare_seats(struct model *model, struct memory_store *store, uint32_t index,
                          bool overdue)
{
    const struct model_showtime *showtime = &model->showtimes[index];
    struct seat_map map = {0};
    const enum error error = model_store_load(store, showtime->id, &map);
    MODEL_MUST(model, error == ERROR_NONE, "a showtime is gone");
    MODEL_MUST(model, (map.status == SHOWTIME_CANCELLED) == showtime->cancelled,
               "a showtime is stored as cancelled, or not, and should not be");
    MODEL_MUST(model, map.status != SHOWTIME_COMPLETED || model->latest_ms >= showtime->ends_at_ms,
               "a showtime is over before its end");
    sometimes_saw_if(map.status == SHOWTIME_COMPLETED, SOMETIMES_SHOW_COMPLETED);
    MODEL_MUST(model, map.version >= showtime->version_seen, "a stored version went back");
    MODEL_MUST(model, memcmp(map.prices, showtime->prices, sizeof map.prices) == 0,
               "a stored price is another");
    MODEL_MUST(model, map.starts_at_ms == showtime->starts_at_ms, "a stored start is another");
    for (uint32_t place = 0; place < map.place_count && !model->broken; place++) {
        const bool taken = map.states[place] == SEAT_HELD || map.states[place] == SEAT_BOOKED;
        const int32_t owner = showtime->owners[place];
        const int32_t block = showtime->blocks[place];
        MODEL_MUST(model, (block != MODEL_NONE) == (map.states[place] == SEAT_BLOCKED),
                   "a seat is stored as blocked, or not, and should not be");
        if (!taken) {
            MODEL_MUST(model, owner == MODEL_NONE, "a seat that somebody has is stored as free");
            continue;
        }
        const int32_t stored = model_find_booking(model, map.claims[place].booking);
        const bool booked_there = map.states[place] == SEAT_BOOKED;
        const bool late = owner == MODEL_NONE && stored != MODEL_NONE &&
                          ends_late(model, &model->bookings[stored],
                                    booked_there ? BOOKING_CONFIRMED : BOOKING_PENDING, overdue);
        MODEL_MUST(model, stored == owner || late, "a seat is stored as somebody else's");
        if (stored != owner || owner == MODEL_NONE) continue;
        const bool booked = model->bookings[owner].status == BOOKING_CONFIRMED;
        MODEL_MUST(model, map.states[place] == (booked ? SEAT_BOOKED : SEAT_HELD),
                   "a seat is stored in another state");
    }
}

/* Blocks and the journal, entry by entry. */
static void compare_staff(struct model *model, const struct memory_store *store)
{
    size_t count = 0;
    const struct block *blocks = memory_store_blocks(store, &count);
    MODEL_MUST(model, count == model->block_count, "the store has %zu blocks and not %u", count,
               model->block_count);
    for (size_t index = 0; index < count && !model->broken; index++) {
        model_staff_compare_block(model, &blocks[index], &model->blocks[index]);
    }
    const struct journal_entry *entries = memory_store_journal(store, &count);
    MODEL_MUST(model, count == model->entry_count, "the journal has %zu entries and not %u", count,
               model->entry_count);
    for (size_t index = 0; index < count && !model->broken; index++) {
        const struct model_entry *entry = &model->entries[index];
        MODEL_MUST(model,
                   entries[index].action == entry->action &&
                       id_equal(entries[index].subject, entry->subject) &&
                       user_equal(&entries[index].actor, &entry->actor) &&
                       reason_equal(&entries[index].detail, &entry->detail),
                   "the journal tells of something else");
    }
}

/* At most one payment of a booking is kept, and a booking is confirmed exactly by one. */
static void check_money(struct model *model, const struct memory_store *store)
{
    size_t count = 0;
    const struct payment *payments = memory_store_payments(store, &count);
    static uint8_t kept[MODEL_BOOKINGS_MAX];
    memset(kept, 0, sizeof kept);
    for (size_t index = 0; index < count; index++) {
        if (payments[index].status != PAYMENT_COMPLETED) continue;
        const int32_t booking = model_find_booking(model, payments[index].booking);
        MODEL_MUST(model, booking != MODEL_NONE, "money was kept for no booking");
        if (booking != MODEL_NONE) kept[booking]++;
    }
    const struct booking *bookings = memory_store_bookings(store, &count);
    for (size_t index = 0; index < count; index++) {
        const int32_t booking = model_find_booking(model, bookings[index].id);
        const uint8_t expected = bookings[index].status == BOOKING_CONFIRMED;
        MODEL_MUST(model, booking != MODEL_NONE && kept[booking] == expected,
                   "a booking kept the money of more or fewer payments than one");
    }
}

void model_store_compare(struct model *model, struct memory_store *store, bool overdue)
{
    size_t count = 0;
    const struct booking *bookings = memory_store_bookings(store, &count);
    MODEL_MUST(model, count == model->booking_count, "the store has %zu bookings and not %u", count,
               model->booking_count);
    for (size_t index = 0; index < count; index++) {
        compare_booking(model, &bookings[index], overdue);
    }
    const struct payment *payments = memory_store_payments(store, &count);
    MODEL_MUST(model, count == model->payment_count, "the store has %zu payments and not %u", count,
               model->payment_count);
    for (size_t index = 0; index < count; index++) {
        compare_payment(model, &payments[index], overdue);
    }
    compare_keys(model, store);
    compare_staff(model, store);
    for (uint32_t index = 0; index < model->showtime_count; index++) {
        compare_seats(model, store, index, overdue);
    }
    check_money(model, store);
}

const struct key_record *model_store_key(const struct memory_store *store,
                                         const struct claim_key *claim)
{
    size_t count = 0;
    const struct key_record *rows = memory_store_keys(store, &count);
    for (size_t index = count; index > 0; index--) {
        if (model_same_key(&rows[index - 1].claim, claim)) return &rows[index - 1];
    }
    return NULL;
}

static const struct booking *stored_booking(const struct memory_store *store, struct id id)
{
    size_t count = 0;
    const struct booking *rows = memory_store_bookings(store, &count);
    for (size_t index = 0; index < count; index++) {
        if (id_equal(rows[index].id, id)) return &rows[index];
    }
    return NULL;
}

static const struct payment *stored_payment(const struct memory_store *store, struct id id)
{
    size_t count = 0;
    const struct payment *rows = memory_store_payments(store, &count);
    for (size_t index = 0; index < count; index++) {
        if (id_equal(rows[index].id, id)) return &rows[index];
    }
    return NULL;
}

void model_store_revive(struct model *model, const struct memory_store *store)
{
    for (uint32_t index = 0; index < model->booking_count; index++) {
        struct model_booking *booking = &model->bookings[index];
        if (booking->status != BOOKING_EXPIRED || model->now_ms >= booking->end_ms) continue;
        const struct booking *row = stored_booking(store, booking->id);
        if (row == NULL || row->status != BOOKING_PENDING) continue;
        const struct payment *payment = stored_payment(store, row->active_payment);
        model_revive(model, booking, payment != NULL && is_open(payment));
    }
}

bool model_store_over(struct memory_store *store, struct id showtime)
{
    struct seat_map map = {0};
    const enum error error = model_store_load(store, showtime, &map);
    return error == ERROR_NONE && map.status == SHOWTIME_COMPLETED;
}

static bool find_key_effect(const struct memory_store *store, struct command *command)
{
    const struct key_record *record = model_store_key(store, &command->claim);
    if (record == NULL) return false;
    if (!model_same_body(&record->claim.fingerprint, &command->claim.fingerprint)) return false;
    const struct booking *booking = stored_booking(store, record->booking);
    const struct payment *payment = stored_payment(store, record->payment);
    if (booking == NULL || (payment == NULL) != id_is_none(record->payment)) return false;
    command->answer.booking = *booking;
    command->answer.created = record->created;
    if (payment != NULL) command->answer.payment = *payment;
    return true;
}

static bool find_cancel(const struct model *model, const struct memory_store *store,
                        struct command *command)
{
    const int32_t found = model_find_booking(model, command->booking);
    const struct booking *row = stored_booking(store, command->booking);
    if (found == MODEL_NONE || row == NULL || row->status != BOOKING_CANCELLED) return false;
    const struct model_booking *booking = &model->bookings[found];
    if (!model_lives(model, booking)) return false; /* Somebody else's, or the show's, cancel. */
    if (!user_equal(&model->users[booking->user], &command->claim.user)) return false;
    command->answer.booking = *row;
    return true;
}

/* The news that first leads to what is stored is what happened. */
static bool find_money(const struct model *model, const struct memory_store *store,
                       struct command *command)
{
    const int32_t found = model_find_payment(model, command->payment);
    const struct payment *row = stored_payment(store, command->payment);
    if (found == MODEL_NONE || row == NULL || row->method != command->method) return false;
    const struct model_payment *payment = &model->payments[found];
    const bool decided = payment->fate == FATE_KEPT || payment->fate == FATE_REFUND;
    const bool paid = payment_paid(row->status);
    if (command->news == MONEY_PAID) {
        if (decided || !paid || row->paid_amount != command->amount) return false;
        /* Staff may have refunded it later in the batch. */
        const bool kept = row->status == PAYMENT_COMPLETED || row->reason == REASON_REQUESTED;
        command->answer.outcome = kept ? MONEY_CONFIRMED : MONEY_TO_REFUND;
    } else {
        const bool failed = command->news == MONEY_FAILED;
        if (row->status == PAYMENT_PENDING || (failed && is_open(row))) return false;
        const bool news = payment->fate == FATE_OPEN && (failed || !payment->processing);
        if (!news) return false;
        command->answer.outcome = MONEY_NOTED;
    }
    const struct booking *booking = stored_booking(store, row->booking);
    if (booking == NULL) return false;
    command->answer.payment = *row;
    command->answer.booking = *booking;
    return true;
}

/* What later commands of the batch changed in the rows is not this command's to say. */
static void tell_as_it_was(const struct model *model, struct command *command)
{
    struct answer *answer = &command->answer;
    const int32_t found = model_find_booking(model, answer->booking.id);
    if (command->kind == COMMAND_HOLD) {
        answer->booking.status = BOOKING_PENDING;
        answer->booking.hold_expires_at_ms = answer->booking.first_expires_at_ms;
        return;
    }
    if (found == MODEL_NONE) return;
    const struct model_booking *booking = &model->bookings[found];
    if (command->kind == COMMAND_REFUND && answer->created) {
        answer->payment.status = PAYMENT_REFUND_DUE;
        answer->payment.refund_reference = (struct reason){0};
    }
    if (command->kind == COMMAND_MONEY) {
        const bool kept = answer->outcome == MONEY_CONFIRMED;
        answer->booking.status = kept ? BOOKING_CONFIRMED : booking->status;
        const int32_t payment = model_find_payment(model, answer->payment.id);
        answer->payment.alias = model->payments[payment].alias;
    }
    if (command->kind == COMMAND_CONFIRM || command->kind == COMMAND_PAY) {
        answer->payment.status = PAYMENT_PENDING;
        const int32_t payment = model_find_payment(model, answer->payment.id);
        if (command->kind == COMMAND_PAY) {
            answer->payment.alias =
                payment == MODEL_NONE ? (struct uuid){0} : model->payments[payment].alias;
        }
    }
}

static bool would_be_granted(const struct model *model, const struct command *command)
{
    if (command->kind == COMMAND_HOLD) return model_seats_would_hold(model, command);
    if (command->kind == COMMAND_REFUND) return model_staff_would(model, command);
    return model_money_would_pay(model, command);
}

bool model_store_absorb(struct model *model, struct memory_store *store, struct command *command,
                        uint32_t key)
{
    command->answer = (struct answer){0};
    bool found = false;
    switch (command->kind) {
    case COMMAND_HOLD:
    case COMMAND_CONFIRM:
    case COMMAND_PAY:
    case COMMAND_REFUND:
        /* Refused first and granted later in the batch: its effect is the later one's. */
        found = !model->keys[key].has_effect && would_be_granted(model, command) &&
                find_key_effect(store, command);
        break;
    case COMMAND_CANCEL:
        found = find_cancel(model, store, command);
        break;
    case COMMAND_MONEY:
        found = find_money(model, store, command);
        break;
    case COMMAND_BLOCK:
    case COMMAND_RELEASE:
    case COMMAND_REFUND_DONE:
    case COMMAND_CANCEL_SHOWTIME:
        found = model_staff_would(model, command) && model_staff_find(model, store, command);
        break;
    default:
        break;
    }
    if (!found) return false;
    tell_as_it_was(model, command);
    model->blind = true;
    model_hear(model, command, key);
    model->blind = false;
    return true;
}
