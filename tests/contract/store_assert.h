/* store_assert.h - two records are the same in every member. */
#pragma once

#include "core/block.h"
#include "core/payment.h"

void store_assert_booking(const struct booking *left, const struct booking *right);
void store_assert_payment(const struct payment *left, const struct payment *right);
void store_assert_block(const struct block *left, const struct block *right);
