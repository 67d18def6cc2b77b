#include "powercut/ledger.h"

#include "base/check.h"

bool ledger_full(const struct ledger *ledger)
{
    enum { ROOM = 16 }; /* More than one step of work needs. */
    return ledger->booking_count + ROOM > LEDGER_BOOKINGS_MAX ||
           ledger->payment_count + ROOM > LEDGER_PAYMENTS_MAX ||
           ledger->key_count + ROOM > LEDGER_KEYS_MAX ||
           ledger->block_count + ROOM > LEDGER_BLOCKS_MAX;
}

static void note_booking(struct ledger *ledger, const struct booking *booking)
{
    if (id_is_none(booking->id)) return;
    uint32_t index = 0;
    while (index < ledger->booking_count && !id_equal(ledger->bookings[index].id, booking->id)) {
        index++;
    }
    if (index == ledger->booking_count) {
        CHECK(index < LEDGER_BOOKINGS_MAX);
        ledger->booking_count++;
    }
    ledger->bookings[index] = *booking;
}

static void note_payment(struct ledger *ledger, const struct payment *payment)
{
    if (id_is_none(payment->id)) return;
    uint32_t index = 0;
    while (index < ledger->payment_count && !id_equal(ledger->payments[index].id, payment->id)) {
        index++;
    }
    if (index == ledger->payment_count) {
        CHECK(index < LEDGER_PAYMENTS_MAX);
        ledger->payment_count++;
    }
    ledger->payments[index] = *payment;
}

static void note_key(struct ledger *ledger, const struct command *command, int64_t now_ms)
{
    CHECK(ledger->key_count < LEDGER_KEYS_MAX);
    struct ledger_key *key = &ledger->keys[ledger->key_count++];
    *key = (struct ledger_key){.command = *command, .at_ms = now_ms};
    key->command.order = NULL; /* Its sender uses it again. */
}

static void note_block(struct ledger *ledger, const struct block *block)
{
    uint32_t index = 0;
    while (index < ledger->block_count && !id_equal(ledger->blocks[index].id, block->id)) index++;
    if (index == ledger->block_count) {
        CHECK(index < LEDGER_BLOCKS_MAX);
        ledger->block_count++;
    }
    ledger->blocks[index] = *block;
}

static void note_edit(struct ledger *ledger, struct ledger_showtime *showtime,
                      const struct catalogue_edit *edit)
{
    if (edit->outcome != EDIT_CHANGED) return;
    ledger->journal_count++;
    if (edit->kind == EDIT_MOVIE) {
        uint64_t number = 0;
        CHECK(slice_to_number(edit->movie.title, UINT64_MAX, &number));
        ledger->movie_title = number;
        return;
    }
    CHECK(showtime != NULL);
    for (uint32_t type = 0; type < SEAT_TYPE_COUNT; type++) {
        if (edit->showtime.prices[type] != 0) showtime->prices[type] = edit->showtime.prices[type];
    }
}

static struct ledger_showtime *find_showtime(struct ledger *ledger, struct id id)
{
    for (uint32_t number = 1; number <= HOUSE_SHOWTIMES; number++) {
        if (id_equal(house_showtime(number), id)) return &ledger->showtimes[number - 1];
    }
    return NULL;
}

void ledger_note(struct ledger *ledger, const struct command *command, int64_t now_ms)
{
    const struct answer *answer = &command->answer;
    struct ledger_showtime *showtime = find_showtime(ledger, command->showtime);
    if (answer->failure != ERROR_NONE || answer->refusal != REFUSAL_NONE) return;
    if (showtime != NULL && answer->map_version > showtime->version) {
        showtime->version = answer->map_version;
    }
    if (answer->replayed || command->kind == COMMAND_LOOK) return;
    ledger->answers++;
    note_booking(ledger, &answer->booking);
    note_payment(ledger, &answer->payment);
    switch (command->kind) {
    case COMMAND_HOLD:
    case COMMAND_CONFIRM:
    case COMMAND_PAY:
    case COMMAND_REFUND:
        note_key(ledger, command, now_ms);
        break;
    case COMMAND_BLOCK:
    case COMMAND_RELEASE:
        note_block(ledger, &command->order->answer.block);
        ledger->journal_count += command->kind == COMMAND_BLOCK;
        break;
    case COMMAND_CANCEL_SHOWTIME:
        CHECK(showtime != NULL);
        ledger->journal_count += !showtime->cancelled;
        showtime->cancelled = true;
        break;
    case COMMAND_EDIT:
        note_edit(ledger, showtime, command->edit);
        break;
    default:
        break;
    }
}
