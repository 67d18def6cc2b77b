#include "sim_shared/story.h"

#include "base/check.h"
#include "sim_shared/people.h"
#include "sim_shared/weather.h"

/* Somebody holds, pays, is told of it twice and gets his money back; a rival is in the way. */
static bool sell_and_refund(uint32_t step)
{
    switch (step) {
    case 0:
        people_hold("an", "A1 A2");
        people_hold("binh", "A2 A3");
        return true;
    case 1:
        people_pay(0, PAYMENT_MOMO, false);
        return true;
    case 2:
        people_money(0, MONEY_PAID, false);
        people_money(0, MONEY_PAID, false);
        return true;
    case 3:
        people_cancel(0);
        people_refund(0);
        return true;
    default:
        return false;
    }
}

/* A hold that is cancelled while it is paid, and another that takes its seats. */
static bool cancel_while_paying(uint32_t step)
{
    switch (step) {
    case 0:
        people_hold("an", "A1 A2");
        return true;
    case 1:
        people_pay(0, PAYMENT_MOMO, true);
        return true;
    case 2:
        people_cancel(0);
        people_money(0, MONEY_PAID, false);
        return true;
    case 3:
        people_hold("binh", "A2");
        return true;
    default:
        return false;
    }
}

/* Two payments, of which the first fails; both are paid after the hold has lapsed. */
static bool pay_late(uint32_t step)
{
    switch (step) {
    case 0:
        people_hold("an", "A1 A2");
        return true;
    case 1:
        people_pay(0, PAYMENT_MOMO, false);
        return true;
    case 2:
        people_pay(0, PAYMENT_VNPAY, false);
        people_money(0, MONEY_FAILED, false);
        return true;
    case 3:
        weather.now_ms += HOLD_MS_DEFAULT + PAYMENT_MS_DEFAULT;
        people_hold("binh", "A2");
        return true;
    case 4:
        people_money(0, MONEY_PAID, false);
        people_money(1, MONEY_PAID, false);
        return true;
    default:
        return false;
    }
}

bool story_go_on(uint32_t story, uint32_t step)
{
    static bool (*const all[STORIES])(uint32_t step) = {sell_and_refund, cancel_while_paying,
                                                        pay_late};
    CHECK(story < STORIES);
    return all[story](step);
}
