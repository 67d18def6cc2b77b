#include "http/idempotency_key.h"

#include "base/buffer.h"
#include "crypto/crypto.h"

/* The draft's value is a structured-field string, so quotes may stand around it. */
static struct slice without_quotes(struct slice text)
{
    const bool quoted = text.size >= 2 && text.data[0] == '"' && text.data[text.size - 1] == '"';
    if (!quoted) return text;
    return (struct slice){.data = text.data + 1, .size = text.size - 2};
}

enum error idempotency_key_read(const struct exchange *exchange, struct idempotency_key *ret_key)
{
    CHECK(ret_key != NULL);

    struct idempotency_key key = {0};
    struct slice name = SLICE("x-idempotency-key");
    size_t count = exchange_header_count(exchange, name);
    if (count == 0) {
        key.draft = true;
        name = SLICE("idempotency-key");
        count = exchange_header_count(exchange, name);
    }
    if (count == 0) return ERROR_IDEMPOTENCY_KEY_REQUIRED;
    if (count > 1) return ERROR_IDEMPOTENCY_KEY_INVALID;
    struct slice text = slice_trim(exchange_header(exchange, name));
    if (key.draft) text = without_quotes(text);
    if (!uuid_parse(text, &key.key)) return ERROR_IDEMPOTENCY_KEY_INVALID;
    *ret_key = key;
    return ERROR_NONE;
}

int idempotency_key_status(const struct idempotency_key *key, enum error error)
{
    return key->draft && error == ERROR_IDEMPOTENCY_KEY_REUSED ? 422 : 0;
}

static char lower(char letter)
{
    return letter >= 'A' && letter <= 'Z' ? (char)(letter - 'A' + 'a') : letter;
}

/* The sorted text is made in what the arena has left and forgotten again. */
bool idempotency_key_fingerprint(struct slice path, const struct json *body, struct arena *arena,
                                 struct fingerprint *ret_fingerprint)
{
    CHECK(ret_fingerprint != NULL);

    const size_t used = arena->used;
    if (arena->capacity == used) return false;
    struct buffer text;
    buffer_init(&text, arena->block + used, arena->capacity - used);
    for (size_t index = 0; index < path.size; index++) {
        buffer_append_char(&text, lower(path.data[index]));
    }
    buffer_append_char(&text, '\n'); /* Never in a path, so no path runs into its body. */
    if (body != NULL) json_append_sorted(&text, body);
    if (text.overflowed) return false;
    const struct slice whole = buffer_text(&text);
    crypto_sha256(&whole, 1, ret_fingerprint->bytes);
    return true;
}
