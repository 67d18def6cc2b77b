#include "store/reach.h"

uint32_t reach_booking(enum booking_status status)
{
    uint32_t reached = UINT32_C(1) << status;
    for (uint32_t round = 0; round < BOOKING_STATUS_COUNT; round++) {
        for (uint32_t to = 0; to < BOOKING_STATUS_COUNT; to++) {
            if ((reached >> to & 1) == 0) continue;
            for (uint32_t from = 0; from < BOOKING_STATUS_COUNT; from++) {
                if (booking_may_become(from, to)) reached |= UINT32_C(1) << from;
            }
        }
    }
    return reached;
}

uint32_t reach_payment(enum payment_status status)
{
    uint32_t reached = UINT32_C(1) << status;
    for (uint32_t round = 0; round < PAYMENT_STATUS_COUNT; round++) {
        for (uint32_t to = 0; to < PAYMENT_STATUS_COUNT; to++) {
            if ((reached >> to & 1) == 0) continue;
            for (uint32_t from = 0; from < PAYMENT_STATUS_COUNT; from++) {
                if (payment_may_become(from, to)) reached |= UINT32_C(1) << from;
            }
        }
    }
    return reached;
}
