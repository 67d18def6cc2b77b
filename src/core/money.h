/* money.h - sums of money that cannot overflow unseen.
 *
 * Units: the currency's smallest unit. VND has no smaller one than the dong.
 */
#pragma once

#include <stdint.h>

/* Prices are bounded by PRICE_MAX, so a sum that overflows is a bug. */
int64_t money_add(int64_t left, int64_t right);

/* `right` is at most `left`: an amount to pay is never negative. */
int64_t money_subtract(int64_t left, int64_t right);
