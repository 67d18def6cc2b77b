#include "http/sandbox_view.h"

#include "base/check.h"
#include "core/transaction.h"
#include "http/html.h"

enum {
    WAIT_OPEN_MS = 60000, /* All tries of the report are over by then. */
    WAIT_FAILED_MS = 5000,
    MINUTE_MS = 60000,
};

static const struct slice style = SLICE_INIT(
    ":root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;--page:#f4f5f7;--card:#fff;"
    "--line:#d0d7de;--go:#0a6b3d;--go-ink:#fff;--good:#0a6b3d;--bad:#b3261e}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e8eaed;--soft:#a4acb5;--page:#14171a;"
    "--card:#1f2428;--line:#3d444d;--go:#3ecf8e;--go-ink:#06281a;--good:#3ecf8e;--bad:#ff8a80}}"
    "*{box-sizing:border-box}"
    "body{margin:0;background:var(--page);color:var(--ink);"
    "font:1rem/1.5 system-ui,-apple-system,\"Segoe UI\",Roboto,sans-serif}"
    "main{max-width:28rem;margin:0 auto;padding:1rem}"
    ".card{background:var(--card);border:1px solid var(--line);border-radius:.75rem;"
    "padding:1.25rem}"
    ".note{color:var(--soft);font-size:.875rem;margin:.25rem 0 1rem}"
    "h1{font-size:1.25rem;line-height:1.3;margin:0 0 .75rem}"
    "h1.good{color:var(--good)}h1.bad{color:var(--bad)}"
    ".amount{font-size:2rem;font-weight:700;line-height:1.2;margin:0 0 1rem;"
    "overflow-wrap:anywhere}"
    "dl{display:grid;grid-template-columns:auto 1fr;gap:.25rem 1rem;margin:0 0 1.25rem}"
    "dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}"
    "form{margin:0 0 .75rem}"
    "button,.button{display:block;width:100%;min-height:3rem;padding:.75rem 1rem;font:inherit;"
    "font-weight:600;text-align:center;text-decoration:none;border-radius:.5rem;"
    "border:1px solid var(--line);background:transparent;color:inherit;cursor:pointer}"
    ".go{background:var(--go);border-color:var(--go);color:var(--go-ink)}"
    ":focus-visible{outline:3px solid var(--go);outline-offset:2px}"
    "details{margin-top:1rem}summary{min-height:2.75rem;padding:.625rem 0;cursor:pointer;"
    "color:var(--soft)}"
    "label{display:block;margin:.5rem 0 .25rem}"
    "input{width:100%;min-height:3rem;padding:.5rem .75rem;font:inherit;border-radius:.5rem;"
    "border:1px solid var(--line);background:transparent;color:inherit;margin-bottom:.5rem}"
    "code{font-size:.875rem;overflow-wrap:anywhere}"
    "@media(min-width:40rem){main{padding-top:4rem}.card{padding:2rem}}");

/* What the page has to say. */
enum scene {
    SCENE_OPEN,
    SCENE_WAITING,
    SCENE_PAID,
    SCENE_FAILED,
    SCENE_OVER,
    SCENE_REFUND,
    SCENE_REFUNDED,
};

static bool is_settled(enum payment_status status)
{
    return status != PAYMENT_PENDING && status != PAYMENT_PROCESSING && status != PAYMENT_FAILED;
}

/* Has a report been sent of which the payment does not know yet? Not for ever: it may have been
 * lost, or been no news. */
static bool waits(const struct sandbox_view *view)
{
    const struct payment *payment = view->payment;
    if (view->sent_at_ms == 0 || is_settled(payment->status)) return false;
    if (payment->updated_at_ms >= view->sent_at_ms) return false;
    const int64_t window_ms = payment->status == PAYMENT_FAILED ? WAIT_FAILED_MS : WAIT_OPEN_MS;
    return view->now_ms - view->sent_at_ms < window_ms;
}

static enum scene scene_of(const struct sandbox_view *view)
{
    const struct payment *payment = view->payment;
    if (waits(view)) return SCENE_WAITING;
    if (payment->status == PAYMENT_COMPLETED) return SCENE_PAID;
    if (payment->status == PAYMENT_REFUNDED) return SCENE_REFUNDED;
    if (is_settled(payment->status)) return SCENE_REFUND;
    if (payment->status == PAYMENT_FAILED && payment->reason == REASON_DECLINED)
        return SCENE_FAILED;
    return payment_active(payment, view->now_ms) ? SCENE_OPEN : SCENE_OVER;
}

static struct slice provider_name(enum payment_method method)
{
    switch (method) {
    case PAYMENT_MOMO:
        return SLICE("MoMo");
    case PAYMENT_VNPAY:
        return SLICE("VNPay");
    case PAYMENT_ZALOPAY:
        return SLICE("ZaloPay");
    case PAYMENT_CARD:
        return SLICE("Card");
    }
    return SLICE("Payment");
}

static struct slice headline(enum scene scene)
{
    switch (scene) {
    case SCENE_OPEN:
        return SLICE("Pay for your seats");
    case SCENE_WAITING:
        return SLICE("Processing your payment…");
    case SCENE_PAID:
        return SLICE("Paid: your seats are booked");
    case SCENE_FAILED:
        return SLICE("Payment failed");
    case SCENE_OVER:
        return SLICE("This payment is over");
    case SCENE_REFUND:
        return SLICE("Refund due");
    case SCENE_REFUNDED:
        return SLICE("Refunded");
    }
    return SLICE("Payment");
}

static struct slice headline_class(enum scene scene)
{
    if (scene == SCENE_PAID) return SLICE("good");
    return scene == SCENE_OPEN || scene == SCENE_WAITING ? SLICE("plain") : SLICE("bad");
}

/* Why a payment is over or its money goes back. */
static struct slice explanation(enum payment_reason reason)
{
    switch (reason) {
    case REASON_DECLINED:
        return SLICE("The payment was declined.");
    case REASON_SUPERSEDED:
        return SLICE("You chose another way to pay.");
    case REASON_BOOKING_CANCELLED:
        return SLICE("The booking was cancelled.");
    case REASON_BOOKING_PAID:
        return SLICE("Another payment has bought these seats.");
    case REASON_SEATS_TAKEN:
        return SLICE("The hold had ended, and somebody else has the seats.");
    case REASON_SHOWTIME_STARTED:
        return SLICE("The hold had ended, and the show has begun.");
    case REASON_SHOWTIME_CANCELLED:
        return SLICE("The show was cancelled.");
    case REASON_AMOUNT_MISMATCH:
    case REASON_CURRENCY_MISMATCH:
        return SLICE("What was paid is not what was asked.");
    case REASON_REQUESTED:
        return SLICE("The cinema gives your money back.");
    case REASON_NONE:
    case REASON_EXPIRED:
        break;
    }
    return SLICE("Its time has run out.");
}

static void append_amount(struct buffer *buffer, int64_t amount)
{
    CHECK(amount >= 0);
    char reversed[32];
    size_t size = 0;
    for (uint32_t digits = 0; digits == 0 || amount > 0; digits++) {
        if (digits > 0 && digits % 3 == 0) reversed[size++] = '.';
        reversed[size++] = (char)('0' + amount % 10);
        amount /= 10;
    }
    while (size > 0) buffer_append_char(buffer, reversed[--size]);
    buffer_append(buffer, SLICE(" ₫"));
}

static void append_time_left(struct buffer *buffer, int64_t left_ms)
{
    if (left_ms < MINUTE_MS) {
        buffer_append(buffer, SLICE("less than a minute"));
        return;
    }
    buffer_append(buffer, SLICE("about "));
    buffer_append_number(buffer, left_ms / MINUTE_MS);
    buffer_append(buffer, left_ms < 2 * MINUTE_MS ? SLICE(" minute") : SLICE(" minutes"));
}

static void append_seats(struct buffer *buffer, const struct booking *booking)
{
    for (uint32_t index = 0; index < booking->seat_count; index++) {
        char name[SEAT_NAME_SIZE_MAX];
        const size_t size = seat_name_format(booking->seats[index].name, name);
        if (index > 0) buffer_append(buffer, SLICE(", "));
        buffer_append(buffer, (struct slice){name, size});
    }
}

static void append_facts(struct buffer *buffer, const struct sandbox_view *view, enum scene scene)
{
    const struct booking *booking = view->booking;
    buffer_append(buffer, SLICE("<p class=\"amount\">"));
    append_amount(buffer, view->payment->amount);
    buffer_append(buffer, SLICE("</p><dl><dt>Booking</dt><dd>BK-"));
    html_append(buffer, (struct slice){booking->code.letters, CODE_SIZE});
    buffer_append(buffer, SLICE("</dd><dt>Seats</dt><dd>"));
    append_seats(buffer, booking);
    buffer_append(buffer, SLICE("</dd>"));
    if (scene == SCENE_OPEN) {
        buffer_append(buffer, SLICE("<dt>Time left</dt><dd>"));
        append_time_left(buffer, view->payment->expires_at_ms - view->now_ms);
        buffer_append(buffer, SLICE("</dd>"));
    }
    buffer_append(buffer, SLICE("</dl>"));
}

/* A form with one button; `action="?"` is this page without its query. */
static void append_button(struct buffer *buffer, struct slice class, struct slice action,
                          struct slice text)
{
    buffer_append(buffer, SLICE("<form method=\"post\" action=\"?\"><button class=\""));
    buffer_append(buffer, class);
    buffer_append(buffer, SLICE("\" name=\"action\" value=\""));
    buffer_append(buffer, action);
    buffer_append(buffer, SLICE("\">"));
    buffer_append(buffer, text);
    buffer_append(buffer, SLICE("</button></form>"));
}

static void append_way_back(struct buffer *buffer, const struct payment *payment, enum scene scene)
{
    if (payment->return_url.size == 0 || scene == SCENE_WAITING) return;
    const bool decided = scene != SCENE_OPEN;
    buffer_append(buffer, decided ? SLICE("<p><a class=\"button go\" href=\"")
                                  : SLICE("<p><a class=\"button\" href=\""));
    html_append(buffer, url_text(&payment->return_url));
    buffer_append(buffer, decided ? SLICE("\">Back to the cinema</a></p>")
                                  : SLICE("\">Back without paying</a></p>"));
}

/* What a real gateway can do too, but no button of a customer does. */
static void append_tests(struct buffer *buffer, const struct payment *payment, enum scene scene)
{
    if (scene == SCENE_WAITING) return;
    buffer_append(buffer, SLICE("<details><summary>For testers</summary>"
                                "<form method=\"post\" action=\"?\">"
                                "<input type=\"hidden\" name=\"action\" value=\"pay\">"
                                "<label for=\"amount\">Report another amount as paid (VND)</label>"
                                "<input id=\"amount\" name=\"amount\" inputmode=\"numeric\" "
                                "pattern=\"[0-9]{1,15}\" required value=\""));
    buffer_append_number(buffer, payment->amount > 1000 ? payment->amount - 1000 : 0);
    buffer_append(buffer, SLICE("\"><button>Pay this amount</button></form>"));
    if (scene == SCENE_OPEN)
        append_button(buffer, SLICE("plain"), SLICE("pending"), SLICE("Report as pending"));
    else append_button(buffer, SLICE("plain"), SLICE("pay"), SLICE("Report as paid now"));
    buffer_append(buffer, SLICE("<p>Transaction <code>"));
    transaction_append(buffer, payment->method, payment->id);
    buffer_append(buffer, SLICE("</code></p></details>"));
}

static void append_head(struct buffer *buffer, const struct sandbox_view *view, enum scene scene)
{
    buffer_append(buffer, SLICE("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
                                "<meta name=\"viewport\" "
                                "content=\"width=device-width,initial-scale=1\">"));
    if (scene == SCENE_WAITING)
        buffer_append(buffer, SLICE("<meta http-equiv=\"refresh\" content=\"1\">"));
    buffer_append(buffer, SLICE("<title>"));
    buffer_append(buffer, headline(scene));
    buffer_append(buffer, SLICE("</title><link rel=\"icon\" href=\"data:,\"><style nonce=\""));
    html_append(buffer, view->nonce);
    buffer_append(buffer, SLICE("\">"));
    buffer_append(buffer, style);
    buffer_append(buffer, SLICE("</style></head>"));
}

static void append_note(struct buffer *buffer, const struct sandbox_view *view, enum scene scene)
{
    const struct payment *payment = view->payment;
    buffer_append(buffer, SLICE("<p>"));
    switch (scene) {
    case SCENE_WAITING:
        buffer_append(buffer, SLICE("This page goes on by itself."));
        break;
    case SCENE_PAID:
        buffer_append(buffer, SLICE("Enjoy the film."));
        break;
    case SCENE_FAILED:
    case SCENE_OVER:
    case SCENE_REFUND:
    case SCENE_REFUNDED:
        buffer_append(buffer, explanation(payment->reason));
        if (scene == SCENE_FAILED && booking_live(view->booking, view->now_ms))
            buffer_append(buffer, SLICE(" Your seats are still held: you may pay another way."));
        break;
    case SCENE_OPEN:
        if (payment->status == PAYMENT_PROCESSING)
            buffer_append(buffer, SLICE("The payment is reported as pending."));
        else if (view->sent_at_ms != 0)
            buffer_append(buffer, SLICE("There is no answer yet. You may try again."));
        else buffer_append(buffer, SLICE("Choose how this payment ends."));
        break;
    }
    buffer_append(buffer, SLICE("</p>"));
}

void sandbox_view_append(struct buffer *buffer, const struct sandbox_view *view)
{
    CHECK(view->payment->method < PAYMENT_METHOD_COUNT);
    CHECK(id_equal(view->payment->booking, view->booking->id));

    const enum scene scene = scene_of(view);
    append_head(buffer, view, scene);
    buffer_append(buffer, SLICE("<body><main><p class=\"note\">"));
    buffer_append(buffer, provider_name(view->payment->method));
    buffer_append(buffer, SLICE(" sandbox: no money moves here.</p><div class=\"card\">"
                                "<h1 role=\"status\" class=\""));
    buffer_append(buffer, headline_class(scene));
    buffer_append(buffer, SLICE("\">"));
    buffer_append(buffer, headline(scene));
    buffer_append(buffer, SLICE("</h1>"));
    append_note(buffer, view, scene);
    append_facts(buffer, view, scene);
    if (scene == SCENE_OPEN) {
        append_button(buffer, SLICE("go"), SLICE("pay"), SLICE("Pay"));
        append_button(buffer, SLICE("plain"), SLICE("fail"), SLICE("Fail"));
    }
    append_way_back(buffer, view->payment, scene);
    append_tests(buffer, view->payment, scene);
    buffer_append(buffer, SLICE("</div></main></body></html>\n"));
}
