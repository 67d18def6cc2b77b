#include "gateway/sandbox.h"

#include "core/transaction.h"
#include "crypto/crypto.h"
#include "gateway/caller.h"
#include "gateway/generic.h"
#include "json/json_write.h"

enum { PAUSE_MS = 2000 }; /* Before the second try. */

struct sandbox {
    struct caller *caller;
    struct slice secrets[PAYMENT_METHOD_COUNT];
};

struct sandbox *sandbox_open(const struct sandbox_options *options)
{
    struct sandbox *sandbox = calloc(1, sizeof *sandbox);
    if (sandbox == NULL) return NULL;
    memcpy(sandbox->secrets, options->secrets, sizeof sandbox->secrets);
    sandbox->caller =
        caller_open(&(struct caller_options){.base = options->base, .pause_ms = PAUSE_MS});
    if (sandbox->caller != NULL) return sandbox;
    free(sandbox);
    return NULL;
}

void sandbox_close(struct sandbox *sandbox)
{
    if (sandbox == NULL) return;
    caller_close(sandbox->caller);
    free(sandbox);
}

static void write_body(struct buffer *buffer, const struct sandbox_report *report, int64_t now_ms)
{
    static const struct slice words[] = {[MONEY_PAID] = SLICE_INIT("success"),
                                         [MONEY_FAILED] = SLICE_INIT("failed"),
                                         [MONEY_PENDING] = SLICE_INIT("pending")};
    char text[TRANSACTION_SIZE_MAX];
    struct buffer transaction;
    buffer_init(&transaction, text, sizeof text);
    transaction_append(&transaction, report->method, report->payment);

    struct json_writer writer = json_writer_of(buffer);
    json_open_object(&writer);
    json_member_text(&writer, SLICE("transaction_id"), buffer_text(&transaction));
    json_member_text(&writer, SLICE("status"), words[report->news]);
    json_member_number(&writer, SLICE("amount"), report->amount);
    json_member_text(&writer, SLICE("currency"), SLICE(BOOKING_CURRENCY));
    if (report->news == MONEY_PAID) json_member_time(&writer, SLICE("paid_at"), now_ms);
    json_close_object(&writer);
    CHECK(!buffer->overflowed);
}

bool sandbox_send(struct sandbox *sandbox, const struct sandbox_report *report, int64_t now_ms)
{
    CHECK(report->method < PAYMENT_METHOD_COUNT);
    CHECK(report->news <= MONEY_PENDING);

    const struct slice secret = sandbox->secrets[report->method];
    if (secret.size == 0) return false;
    struct mac *mac = mac_open(secret); /* Opened anew: a mac belongs to one thread. */
    if (mac == NULL) return false;

    char body_text[CALLER_BODY_SIZE_MAX];
    char header_text[CALLER_HEADER_SIZE_MAX];
    char path_text[CALLER_ADDRESS_SIZE_MAX];
    char signature[GENERIC_SIGNATURE_SIZE];
    struct buffer body;
    struct buffer header;
    struct buffer path;
    buffer_init(&body, body_text, sizeof body_text);
    buffer_init(&header, header_text, sizeof header_text);
    buffer_init(&path, path_text, sizeof path_text);
    write_body(&body, report, now_ms);
    buffer_append(&header, SLICE("X-Signature: "));
    buffer_append(&header, generic_sign(mac, now_ms, buffer_text(&body), signature));
    buffer_append(&path, SLICE("/api/payments/webhook/"));
    buffer_append(&path, payment_method_name(report->method));
    mac_close(mac);
    return caller_post(sandbox->caller, &(struct call){.path = buffer_text(&path),
                                                       .header = buffer_text(&header),
                                                       .body = buffer_text(&body)});
}
