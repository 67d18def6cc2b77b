#include "core/idempotency.h"

#include <string.h>

#include "base/check.h"

bool fingerprint_equal(const struct fingerprint *left, const struct fingerprint *right)
{
    return memcmp(left->bytes, right->bytes, sizeof left->bytes) == 0;
}

bool claim_key_same(const struct claim_key *left, const struct claim_key *right)
{
    return left->operation == right->operation && uuid_equal(left->key, right->key) &&
           user_equal(&left->user, &right->user);
}

enum key_verdict key_judge(const struct claim_key *claim, const struct key_record *record)
{
    CHECK(claim != NULL);
    CHECK(!uuid_is_none(claim->key));

    if (record == NULL) return KEY_FRESH;
    CHECK(claim_key_same(claim, &record->claim));
    const bool same = fingerprint_equal(&claim->fingerprint, &record->claim.fingerprint);
    return same ? KEY_REPLAY : KEY_REUSED;
}

static const struct slice operation_names[OPERATION_COUNT] = {
    [OPERATION_HOLD] = SLICE_INIT("hold"),
    [OPERATION_CONFIRM] = SLICE_INIT("confirm"),
    [OPERATION_PAY] = SLICE_INIT("pay"),
    [OPERATION_REFUND] = SLICE_INIT("refund"),
};

struct slice operation_name(enum operation operation)
{
    CHECK(operation < OPERATION_COUNT);
    return operation_names[operation];
}

bool operation_parse(struct slice text, enum operation *ret_operation)
{
    for (uint32_t operation = 0; operation < OPERATION_COUNT; operation++) {
        if (!slice_equal(text, operation_names[operation])) continue;
        *ret_operation = (enum operation)operation;
        return true;
    }
    return false;
}
