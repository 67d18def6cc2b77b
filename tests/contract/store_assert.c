#include "contract/store_assert.h"

#include "support/unit.h"

void store_assert_booking(const struct booking *left, const struct booking *right)
{
    assert_true(id_equal(left->id, right->id));
    assert_true(id_equal(left->showtime, right->showtime));
    assert_memory_equal(&left->code, &right->code, sizeof left->code);
    assert_true(user_equal(&left->user, &right->user));
    assert_int_equal(left->status, right->status);
    assert_int_equal(left->seat_count, right->seat_count);
    for (uint32_t index = 0; index < left->seat_count; index++) {
        assert_int_equal(left->seats[index].name.row, right->seats[index].name.row);
        assert_int_equal(left->seats[index].name.col, right->seats[index].name.col);
        assert_int_equal(left->seats[index].type, right->seats[index].type);
        assert_int_equal(left->seats[index].price, right->seats[index].price);
    }
    assert_int_equal(left->total_amount, right->total_amount);
    assert_int_equal(left->discount_amount, right->discount_amount);
    assert_int_equal(left->final_amount, right->final_amount);
    assert_int_equal(left->held_at_ms, right->held_at_ms);
    assert_int_equal(left->first_expires_at_ms, right->first_expires_at_ms);
    assert_int_equal(left->hold_expires_at_ms, right->hold_expires_at_ms);
    assert_int_equal(left->updated_at_ms, right->updated_at_ms);
    assert_int_equal(left->confirmed_at_ms, right->confirmed_at_ms);
    assert_int_equal(left->cancelled_at_ms, right->cancelled_at_ms);
    assert_slice_equal(reason_text(&left->cancellation_reason),
                       reason_text(&right->cancellation_reason));
    assert_true(id_equal(left->active_payment, right->active_payment));
    assert_true(id_equal(left->payment, right->payment));
    assert_int_equal(left->had_payment, right->had_payment);
}

void store_assert_payment(const struct payment *left, const struct payment *right)
{
    assert_true(id_equal(left->id, right->id));
    assert_true(id_equal(left->booking, right->booking));
    assert_true(user_equal(&left->user, &right->user));
    assert_int_equal(left->method, right->method);
    assert_int_equal(left->status, right->status);
    assert_int_equal(left->reason, right->reason);
    assert_int_equal(left->amount, right->amount);
    assert_int_equal(left->paid_amount, right->paid_amount);
    assert_true(uuid_equal(left->alias, right->alias));
    assert_slice_equal(url_text(&left->payment_url), url_text(&right->payment_url));
    assert_slice_equal(url_text(&left->return_url), url_text(&right->return_url));
    assert_int_equal(left->created_at_ms, right->created_at_ms);
    assert_int_equal(left->updated_at_ms, right->updated_at_ms);
    assert_int_equal(left->expires_at_ms, right->expires_at_ms);
    assert_int_equal(left->paid_at_ms, right->paid_at_ms);
    assert_int_equal(left->refund_requested_at_ms, right->refund_requested_at_ms);
    assert_int_equal(left->refund_done_at_ms, right->refund_done_at_ms);
    assert_slice_equal(reason_text(&left->refund_reference), reason_text(&right->refund_reference));
}

void store_assert_block(const struct block *left, const struct block *right)
{
    assert_true(id_equal(left->id, right->id));
    assert_true(id_equal(left->showtime, right->showtime));
    assert_int_equal(left->seat_count, right->seat_count);
    for (uint32_t index = 0; index < left->seat_count; index++) {
        assert_int_equal(left->seats[index].row, right->seats[index].row);
        assert_int_equal(left->seats[index].col, right->seats[index].col);
    }
    assert_slice_equal(reason_text(&left->reason), reason_text(&right->reason));
    assert_true(user_equal(&left->created_by, &right->created_by));
    assert_int_equal(left->created_at_ms, right->created_at_ms);
    assert_int_equal(left->released_at_ms, right->released_at_ms);
}
