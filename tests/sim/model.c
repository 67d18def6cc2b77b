#include "sim/model.h"

#include <stdarg.h>

#include "base/check.h"
#include "sim/model_edit.h"
#include "sim/model_money.h"
#include "sim/model_seats.h"
#include "sim/model_staff.h"

void model_break(struct model *model, const char *format, ...)
{
    if (model->broken) return;
    model->broken = true;
    model->rule = format;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(model->fault, sizeof model->fault, format, arguments);
    va_end(arguments);
}

bool model_same_key(const struct claim_key *left, const struct claim_key *right)
{
    return left->operation == right->operation && left->user.size == right->user.size &&
           memcmp(left->user.name, right->user.name, left->user.size) == 0 &&
           memcmp(&left->key, &right->key, sizeof left->key) == 0;
}

bool model_same_body(const struct fingerprint *left, const struct fingerprint *right)
{
    return memcmp(left, right, sizeof *left) == 0;
}

static int32_t find(const struct model_index *index, const void *records, size_t size, struct id id)
{
    uint32_t slot = (uint32_t)(id_hash(id) % MODEL_INDEX_SLOTS);
    for (; index->slots[slot] != 0; slot = (slot + 1) % MODEL_INDEX_SLOTS) {
        const int32_t position = index->slots[slot] - 1;
        /* A record starts with its id. */
        const struct id *found = (const void *)((const char *)records + (size_t)position * size);
        if (id_equal(*found, id)) return position;
    }
    return MODEL_NONE;
}

static void list(struct model_index *index, struct id id, uint32_t position)
{
    uint32_t slot = (uint32_t)(id_hash(id) % MODEL_INDEX_SLOTS);
    while (index->slots[slot] != 0) slot = (slot + 1) % MODEL_INDEX_SLOTS;
    index->slots[slot] = (uint16_t)(position + 1);
}

int32_t model_find_booking(const struct model *model, struct id id)
{
    return find(&model->booking_index, model->bookings, sizeof model->bookings[0], id);
}

int32_t model_find_payment(const struct model *model, struct id id)
{
    return find(&model->payment_index, model->payments, sizeof model->payments[0], id);
}

int32_t model_find_showtime(const struct model *model, struct id id)
{
    for (uint32_t index = 0; index < model->showtime_count; index++) {
        if (id_equal(model->showtimes[index].id, id)) return (int32_t)index;
    }
    return MODEL_NONE;
}

struct model_booking *model_add_booking(struct model *model, struct id id)
{
    CHECK(model->booking_count < MODEL_BOOKINGS_MAX);
    MODEL_MUST(model, !id_is_none(id), "a booking without an id");
    MODEL_MUST(model, model_find_booking(model, id) == MODEL_NONE, "a booking's id came twice");
    list(&model->booking_index, id, model->booking_count);
    struct model_booking *booking = &model->bookings[model->booking_count++];
    *booking = (struct model_booking){.id = id, .active = MODEL_NONE, .kept_by = MODEL_NONE};
    return booking;
}

struct model_payment *model_add_payment(struct model *model, struct id id)
{
    CHECK(model->payment_count < MODEL_PAYMENTS_MAX);
    MODEL_MUST(model, !id_is_none(id), "a payment without an id");
    MODEL_MUST(model, model_find_payment(model, id) == MODEL_NONE, "a payment's id came twice");
    list(&model->payment_index, id, model->payment_count);
    struct model_payment *payment = &model->payments[model->payment_count++];
    *payment = (struct model_payment){.id = id};
    return payment;
}

bool model_lives(const struct model *model, const struct model_booking *booking)
{
    return booking->status == BOOKING_PENDING && model->now_ms < booking->end_ms;
}

void model_free_seats(struct model *model, const struct model_booking *booking)
{
    struct model_showtime *showtime = &model->showtimes[booking->showtime];
    const int32_t self = (int32_t)(booking - model->bookings);
    for (uint32_t index = 0; index < booking->seat_count; index++) {
        int32_t *owner = &showtime->owners[booking->places[index]];
        MODEL_MUST(model, *owner == self, "a booking frees a seat that it does not have");
        *owner = MODEL_NONE;
    }
    showtime->version_must_grow = true;
}

void model_take_seats(struct model *model, const struct model_booking *booking)
{
    struct model_showtime *showtime = &model->showtimes[booking->showtime];
    const int32_t self = (int32_t)(booking - model->bookings);
    for (uint32_t index = 0; index < booking->seat_count; index++) {
        int32_t *owner = &showtime->owners[booking->places[index]];
        MODEL_MUST(model, *owner == MODEL_NONE || *owner == self, "a seat has two owners");
        MODEL_MUST(model, showtime->blocks[booking->places[index]] == MODEL_NONE,
                   "a blocked seat has an owner");
        *owner = self;
    }
    showtime->version_must_grow = true;
}

void model_fail_active(struct model *model, const struct model_booking *booking, int32_t except)
{
    if (booking->active == MODEL_NONE || booking->active == except) return;
    struct model_payment *payment = &model->payments[booking->active];
    if (payment->fate == FATE_OPEN) payment->fate = FATE_FAILED;
}

void model_advance(struct model *model, int64_t now_ms)
{
    CHECK(now_ms >= model->now_ms);
    model->now_ms = now_ms;
    if (now_ms > model->latest_ms) model->latest_ms = now_ms;
    for (uint32_t index = 0; index < model->booking_count; index++) {
        struct model_booking *booking = &model->bookings[index];
        if (booking->status != BOOKING_PENDING || now_ms < booking->end_ms) continue;
        const bool paying =
            booking->active != MODEL_NONE && model->payments[booking->active].fate == FATE_OPEN;
        sometimes_saw(SOMETIMES_HOLD_LAPSED);
        sometimes_saw_if(paying, SOMETIMES_HOLD_LAPSED_WHILE_PAYING);
        model_fail_active(model, booking, MODEL_NONE);
        model_free_seats(model, booking);
        booking->status = BOOKING_EXPIRED;
    }
}

void model_turn_back(struct model *model, int64_t now_ms)
{
    CHECK(now_ms < model->now_ms);
    model->now_ms = now_ms;
    model->turned_back = true;
}

void model_revive(struct model *model, struct model_booking *booking, bool paying)
{
    CHECK(booking->status == BOOKING_EXPIRED);
    booking->status = BOOKING_PENDING;
    CHECK(model_lives(model, booking));
    model_take_seats(model, booking);
    /* Its end, which the version was to show, has not come. */
    model->showtimes[booking->showtime].version_must_grow = false;
    if (paying) model->payments[booking->active].fate = FATE_OPEN;
    sometimes_saw(SOMETIMES_HOLD_CAME_BACK_WITH_THE_CLOCK);
}

void model_see_version(struct model *model, uint32_t showtime_index, uint64_t version)
{
    struct model_showtime *showtime = &model->showtimes[showtime_index];
    if (model->blind) return;
    MODEL_MUST(model, version >= showtime->version_seen, "a map's version went back");
    MODEL_MUST(model, !showtime->version_must_grow || version > showtime->version_seen,
               "seats changed and the map's version did not");
    showtime->version_seen = version;
    showtime->version_must_grow = false;
}

void model_see_cancelled_at(struct model *model, struct model_booking *booking, int64_t at_ms)
{
    if (booking->ends_with_show && booking->cancelled_at_ms == 0) {
        const int64_t since_ms = model->showtimes[booking->showtime].cancelled_at_ms;
        MODEL_MUST(model, (at_ms >= since_ms || model->turned_back) && at_ms <= model->latest_ms,
                   "a booking ended at another time than its showtime");
        booking->cancelled_at_ms = at_ms;
    }
    MODEL_MUST(model, at_ms == booking->cancelled_at_ms, "a cancel has another moment");
}

void model_keep_effect(struct model *model, const struct command *command, uint32_t key,
                       uint32_t booking, int32_t payment)
{
    struct model_key *record = &model->keys[key];
    for (int32_t twin = record->twin; twin != MODEL_NONE; twin = model->keys[twin].twin) {
        sometimes_saw_if(model->keys[twin].has_effect, SOMETIMES_UUID_OF_TWO_KEYS);
    }
    record->claim = command->claim;
    record->has_effect = true;
    record->effect_life = model->life;
    record->effect_step = model->step;
    record->created = command->answer.created;
    record->booking = booking;
    record->payment = payment;
    record->alias = command->answer.payment.alias;
    sometimes_saw_if(record->refused_life != 0, SOMETIMES_EFFECT_AFTER_REFUSAL);
}

static void hear_replay(struct model *model, const struct command *command,
                        const struct model_key *key)
{
    const struct answer *answer = &command->answer;
    const struct model_booking *booking = &model->bookings[key->booking];
    MODEL_MUST(model, model_same_body(&command->claim.fingerprint, &key->claim.fingerprint),
               "a key with another body was answered");
    MODEL_MUST(model, id_equal(answer->booking.id, booking->id), "a key got another booking");
    MODEL_MUST(model, answer->created == key->created, "a key got another status");
    MODEL_MUST(model, answer->booking.first_expires_at_ms == booking->first_end_ms,
               "a key got another first end of its hold");
    model_seats_compare(model, &answer->booking, booking);
    if (key->payment != MODEL_NONE) {
        const struct model_payment *payment = &model->payments[key->payment];
        MODEL_MUST(model, id_equal(answer->payment.id, payment->id), "a key got another payment");
        MODEL_MUST(model, answer->payment.expires_at_ms == payment->end_ms,
                   "a key got another end of its payment");
        const bool same = uuid_equal(answer->payment.alias, key->alias);
        MODEL_MUST(model, command->kind != COMMAND_CONFIRM || same, "a key got another PAY_ id");
        if (command->kind == COMMAND_REFUND) model_staff_hear_replay(model, command, payment);
    }
    sometimes_saw(SOMETIMES_EFFECT_REPLAYED);
    sometimes_saw_if(key->effect_step == model->step, SOMETIMES_EFFECT_REPLAYED_AT_ONCE);
    sometimes_saw_if(key->effect_life != model->life, SOMETIMES_EFFECT_REPLAYED_AFTER_RESTART);
    sometimes_saw_if(booking->status != BOOKING_PENDING, SOMETIMES_EFFECT_REPLAYED_AFTER_ITS_END);
}

/* A refusal that was said before, or of a key that was used for something else. */
static bool hear_remembered(struct model *model, const struct command *command,
                            const struct model_key *key)
{
    const struct answer *answer = &command->answer;
    const bool remembered = key->refused_life == model->life;
    const bool same = model_same_body(&command->claim.fingerprint, &key->refused_fingerprint);
    if (answer->replayed) {
        MODEL_MUST(model, remembered && same && answer->refusal == key->refusal,
                   "a refusal was replayed that nobody heard");
        sometimes_saw(SOMETIMES_REFUSAL_REPLAYED);
        return true;
    }
    if (answer->refusal != REFUSAL_IDEMPOTENCY_KEY_REUSED) return false;
    MODEL_MUST(model, remembered && !same, "a fresh key was said to be reused");
    sometimes_saw(SOMETIMES_KEY_REUSED_OF_REFUSAL);
    return true;
}

bool model_hear_known_key(struct model *model, const struct command *command, uint32_t key_index)
{
    const struct model_key *key = &model->keys[key_index];
    const struct answer *answer = &command->answer;
    if (!key->has_effect) {
        if (answer->refusal != REFUSAL_NONE) return hear_remembered(model, command, key);
        MODEL_MUST(model, !answer->replayed, "an effect was replayed that nobody had");
        return false;
    }
    if (answer->refusal == REFUSAL_IDEMPOTENCY_KEY_REUSED) {
        MODEL_MUST(model, !model_same_body(&command->claim.fingerprint, &key->claim.fingerprint),
                   "a key's own request was said to be another");
        sometimes_saw(SOMETIMES_KEY_REUSED_OF_EFFECT);
        const int32_t showtime = model_find_showtime(model, command->showtime);
        sometimes_saw_if(showtime != MODEL_NONE && (uint32_t)showtime != key->showtime,
                         SOMETIMES_KEY_REUSED_IN_OTHER_SHOWTIME);
        return true;
    }
    MODEL_MUST(model, answer->refusal == REFUSAL_NONE, "a key with an effect was refused");
    MODEL_MUST(model, answer->replayed, "a key had two effects");
    if (answer->refusal == REFUSAL_NONE) hear_replay(model, command, key);
    return true;
}

/* Remembers that the key was refused, as the contract allows the engine to. */
static void note_refusal(struct model *model, const struct command *command, uint32_t key_index)
{
    struct model_key *key = &model->keys[key_index];
    const enum refusal refusal = command->answer.refusal;
    const bool forgettable = refusal == REFUSAL_TOO_MANY_HOLDS ||
                             refusal == REFUSAL_BOOKING_NOT_OWNED ||
                             refusal == REFUSAL_IDEMPOTENCY_KEY_REUSED;
    if (refusal == REFUSAL_NONE || forgettable || command->answer.replayed) return;
    if (key->refused_life == model->life) return; /* The first one of a turn counts as well. */
    key->refused_life = model->life;
    key->refused_fingerprint = command->claim.fingerprint;
    key->refusal = refusal;
}

void model_hear(struct model *model, const struct command *command, uint32_t key)
{
    switch (command->kind) {
    case COMMAND_HOLD:
        model_seats_hear_hold(model, command, key);
        note_refusal(model, command, key);
        break;
    case COMMAND_CONFIRM:
    case COMMAND_PAY:
        model_money_hear_pay(model, command, key);
        note_refusal(model, command, key);
        break;
    case COMMAND_CANCEL:
        model_seats_hear_cancel(model, command);
        break;
    case COMMAND_MONEY:
        model_money_hear_news(model, command);
        break;
    case COMMAND_EDIT:
        model_edit_hear(model, command);
        break;
    case COMMAND_REFUND:
        model_staff_hear(model, command, key);
        note_refusal(model, command, key);
        break;
    case COMMAND_BLOCK:
    case COMMAND_RELEASE:
    case COMMAND_REFUND_DONE:
    case COMMAND_CANCEL_SHOWTIME:
        model_staff_hear(model, command, key);
        break;
    default:
        break;
    }
}
