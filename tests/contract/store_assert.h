/* store_assert.h - two records are the same in every member. */
#pragma once

#include "core/payment.h"

void store_assert_booking(const struct booking *left, const struct booking *right);
void store_assert_payment(const struct payment *left, const struct payment *right);
