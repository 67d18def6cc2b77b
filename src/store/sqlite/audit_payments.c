/* The rules about money: kept by a confirmed booking, or on its way back; never both. */
#include "store/sqlite/audit_scan.h"
#include "store/sqlite/rows.h"

/* A payment's row, and what it needs of its booking. */
struct subject {
    struct payment payment;
    long long number;
    bool has_booking;
    struct slice booking_user;
    struct slice booking_status;
    int64_t booking_final;
    int64_t booking_payment;
};

static void judge_kept(struct audit *audit, const struct subject *subject)
{
    const struct payment *payment = &subject->payment;
    const bool bought = slice_equal(subject->booking_status, SLICE("confirmed")) &&
                        subject->booking_payment == subject->number;
    if (payment->status == PAYMENT_COMPLETED && !bought) {
        audit_say(audit, "Payment %lld is kept, but bought nothing: its booking is %.*s",
                  subject->number, (int)subject->booking_status.size, subject->booking_status.data);
    }
    if (payment_paid(payment->status) && payment->status != PAYMENT_COMPLETED && bought) {
        audit_say(audit, "Payment %lld goes back, but its booking is still confirmed with it",
                  subject->number);
    }
}

static void judge_amounts(struct audit *audit, const struct subject *subject)
{
    const struct payment *payment = &subject->payment;
    if (payment->amount != subject->booking_final) {
        audit_say(audit, "Payment %lld asks for %lld, but its booking costs %lld", subject->number,
                  (long long)payment->amount, (long long)subject->booking_final);
    }
    if (payment_paid(payment->status)) {
        if (payment->paid_at_ms == 0) {
            audit_say(audit, "Payment %lld was paid, but when is not said", subject->number);
        }
    } else if (payment->paid_amount != 0 || payment->paid_at_ms != 0) {
        audit_say(audit, "Payment %lld has money, but is not paid", subject->number);
    }
    const bool goes_back = payment->status > PAYMENT_COMPLETED;
    if (goes_back != (payment->refund_requested_at_ms != 0)) {
        audit_say(audit, "Payment %lld %s back, but refund_requested_at says otherwise",
                  subject->number, goes_back ? "goes" : "does not go");
    }
}

static void judge_payment(struct audit *audit, sqlite3_stmt *row)
{
    struct subject subject = {.number = sqlite3_column_int64(row, 0),
                              .has_booking =
                                  sqlite3_column_type(row, ROWS_PAYMENT_COUNT) != SQLITE_NULL,
                              .booking_user = database_column_text(row, ROWS_PAYMENT_COUNT),
                              .booking_status = database_column_text(row, ROWS_PAYMENT_COUNT + 1),
                              .booking_final = sqlite3_column_int64(row, ROWS_PAYMENT_COUNT + 2),
                              .booking_payment = sqlite3_column_int64(row, ROWS_PAYMENT_COUNT + 3)};
    if (!rows_read_payment(row, &audit->ids, &subject.payment)) {
        audit_say(audit, "Payment %lld has a value that no payment can have", subject.number);
        return;
    }
    if (!subject.has_booking) {
        audit_say(audit, "Payment %lld is for booking %lld, which does not exist", subject.number,
                  (long long)sqlite3_column_int64(row, 1));
        return;
    }
    if (!slice_equal(user_name(&subject.payment.user), subject.booking_user)) {
        audit_say(audit, "Payment %lld is not its booking's user's", subject.number);
    }
    judge_kept(audit, &subject);
    judge_amounts(audit, &subject);
}

bool audit_scan_payments(struct audit *audit)
{
    sqlite3_stmt *rows = database_statement(
        &audit->database, "SELECT " ROWS_PAYMENT ",b.user,b.status,b.final,b.payment"
                          " FROM payment p LEFT JOIN booking b ON b.number=p.booking"
                          " ORDER BY p.number");
    if (rows == NULL) return false;
    audit_begin_rule(audit);
    int code = sqlite3_step(rows);
    for (; code == SQLITE_ROW; code = sqlite3_step(rows)) judge_payment(audit, rows);
    audit_end_rule(audit);
    database_done(rows);
    return code == SQLITE_DONE;
}
