#include "sim/digest.h"

#include "core/staff_order.h"
#include "ports/catalogue_edit.h"

static void mix(uint64_t *digest, const void *bytes, size_t size)
{
    const uint8_t *byte = bytes;
    for (size_t index = 0; index < size; index++) {
        *digest = (*digest ^ byte[index]) * UINT64_C(0x100000001b3);
    }
}

void digest_number(uint64_t *digest, int64_t number)
{
    mix(digest, &number, sizeof number);
}

static void mix_order(uint64_t *digest, const struct staff_order *order)
{
    const struct staff_answer *answer = &order->answer;
    digest_number(digest, answer->conflict_count);
    mix(digest, answer->block.id.bytes, ID_SIZE);
    digest_number(digest, answer->block.released_at_ms);
    digest_number(digest, answer->cancelled_at_ms);
}

void digest_command(uint64_t *digest, const struct command *command)
{
    const struct answer *answer = &command->answer;
    digest_number(digest, (int64_t)command->kind);
    digest_number(digest, (int64_t)answer->failure << 32 | (int64_t)answer->refusal);
    digest_number(digest, answer->replayed << 1 | answer->created);
    digest_number(digest, (int64_t)answer->outcome);
    if (command->edit != NULL) digest_number(digest, (int64_t)command->edit->outcome);
    digest_number(digest, (int64_t)answer->map_version);
    digest_number(digest, answer->retry_at_ms);
    digest_number(digest, answer->conflict_count);
    mix(digest, answer->booking.id.bytes, ID_SIZE);
    mix(digest, &answer->booking.code, sizeof answer->booking.code);
    digest_number(digest, (int64_t)answer->booking.status);
    digest_number(digest, answer->booking.hold_expires_at_ms);
    mix(digest, answer->payment.id.bytes, ID_SIZE);
    digest_number(digest, (int64_t)answer->payment.status);
    digest_number(digest, answer->payment.expires_at_ms);
    if (command->order != NULL) mix_order(digest, command->order);
}
