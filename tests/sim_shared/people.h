/* people.h - customers, gateway and staff: what they ask for, what they hear, until they hear it.
 *
 * Everybody asks any instance, also two at once, with the same key, until he has heard a yes or a
 * no. A gateway tells of money late, twice, after it failed, or of the wrong amount.
 *
 * Thread: fiber 0; people_heard and people_lost on whoever has the baton.
 */
#pragma once

#include "sim_shared/attempts.h"
#include "sim_shared/house.h"

struct people_options {
    uint32_t instances;
    uint32_t showtimes;
    uint32_t seats;         /* Of a hall. */
    uint32_t staff_percent; /* Of acts. */
    bool wrong_amounts;
    bool quiet; /* Nothing happens but what is told to: for stories. */
};

void people_begin(const struct people_options *options);

/* Somebody does something. */
void people_act(void);

/* Money whose time has come, and whoever asks again; `all`: at once. How many are not served. */
uint32_t people_insist(bool all);

void people_heard(const struct attempt *attempt);
void people_lost(const struct attempt *attempt);

/* A booking or a payment that somebody was told of; none yet: false. */
bool people_know_booking(struct id *ret_booking);
bool people_know_payment(struct id *ret_payment);

/* The single acts, for stories that are told whole. Each is a call that is open until it is
 * heard. */
void people_hold(const char *user, const char *seats);
void people_pay(uint32_t booking, enum payment_method method, bool confirms);
void people_cancel(uint32_t booking);
void people_money(uint32_t payment, enum money_news news, bool wrong);
void people_refund(uint32_t payment);
