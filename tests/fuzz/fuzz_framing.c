/* fuzz_framing.c - where a request ends: however its bytes are cut, the verdict and the end are
 * the same, and a head that passes has one length and one meaning.
 *
 * An input is the head; from its end on, if it says so, a chunked body. */
#include "fuzz/fuzz.h"

#include "http/framing.h"

enum { INPUT_SIZE_MAX = 24 * 1024, STEP_COUNT = 4 };

struct verdict {
    enum error error;
    struct framing_head head;
};

/* Moves a slice of one text into the same place of another; a constant stays where it is. */
static void move(struct slice *slice, const char *from, struct slice to)
{
    if (slice->size == 0 || slice->data < from || slice->data >= from + to.size) return;
    slice->data = to.data + (slice->data - from);
}

/* A copy of its own size, so that a look past the end is caught. */
static struct verdict judge(struct slice bytes, size_t seen)
{
    char *copy = malloc(bytes.size + 1);
    CHECK(copy != NULL);
    memcpy(copy, bytes.data, bytes.size);
    struct verdict verdict = {0};
    verdict.error = framing_check((struct slice){copy, bytes.size}, seen, &verdict.head);
    move(&verdict.head.target, copy, bytes);
    move(&verdict.head.request_id, copy, bytes);
    free(copy);
    return verdict;
}

static struct verdict judge_in_steps(struct slice bytes, size_t step)
{
    struct verdict verdict = {0};
    size_t seen = 0;
    while (seen < bytes.size && verdict.error == ERROR_NONE && verdict.head.size == 0) {
        const size_t left = bytes.size - seen;
        const size_t come = seen + (left < step ? left : step);
        verdict = judge((struct slice){bytes.data, come}, seen);
        seen = come;
    }
    return verdict;
}

/* A fault may be seen earlier or later, by how the bytes come; at the end of the head at the
 * latest. */
static void check_end_refused(struct slice bytes)
{
    /* More than one: the parser waits for nine bytes of a version. */
    static const struct slice ends = SLICE_INIT("\r\n\r\n\r\n\r\n\r\n");
    char *text = malloc(bytes.size + ends.size);
    CHECK(text != NULL);
    memcpy(text, bytes.data, bytes.size);
    memcpy(text + bytes.size, ends.data, ends.size);
    const struct slice ended = {text, bytes.size + ends.size};
    CHECK(judge(ended, 0).error != ERROR_NONE);
    CHECK(judge(ended, bytes.size).error != ERROR_NONE);
    free(text);
}

static void check_head(struct slice bytes, const struct framing_head *head)
{
    CHECK(head->size <= bytes.size);
    CHECK(memcmp(bytes.data + head->size - 4, "\r\n\r\n", 4) == 0);
    CHECK(head->size <= 2 + FRAMING_LINE_SIZE_MAX + FRAMING_FIELDS_SIZE_MAX + 4);
    CHECK(!head->chunked || head->content_length == 0);
    CHECK(head->content_length <= head->body_size_max);
    CHECK(head->request_id.size == 0 || framing_request_id_sane(head->request_id));
    CHECK(head->target.size > 0 && head->target.data[0] == '/');
    CHECK(memchr(bytes.data, 0, head->size) == NULL);
}

static void check_chunks(struct slice bytes, size_t body_size_max)
{
    struct framing_chunks whole = {0};
    const enum error error = framing_chunks_check(&whole, bytes, body_size_max);
    for (size_t step = 1; step <= 7; step += 3) {
        struct framing_chunks parts = {0};
        enum error part_error = ERROR_NONE;
        for (size_t at = 0; at < bytes.size && part_error == ERROR_NONE && !parts.whole;
             at += step) {
            const size_t left = bytes.size - at;
            const struct slice part = {bytes.data + at, left < step ? left : step};
            part_error = framing_chunks_check(&parts, part, body_size_max);
        }
        CHECK(part_error == error);
        CHECK(parts.whole == whole.whole);
        CHECK(parts.body_size == whole.body_size);
        CHECK(error != ERROR_NONE || parts.state == whole.state);
    }
    CHECK(whole.body_size <= body_size_max);
    CHECK(error != ERROR_NONE || whole.trailer_size <= FRAMING_TRAILER_SIZE_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > INPUT_SIZE_MAX) return -1;
    const struct slice bytes = {(const char *)data, size};
    const struct verdict whole = judge(bytes, 0);
    const size_t steps[STEP_COUNT] = {size <= 2048 ? 1 : 97, 7, 31, size / 2 + 1};
    for (size_t index = 0; index < STEP_COUNT; index++) {
        const struct verdict parts = judge_in_steps(bytes, steps[index]);
        if ((parts.error == ERROR_NONE) != (whole.error == ERROR_NONE)) {
            CHECK(parts.head.size == 0 && whole.head.size == 0);
            check_end_refused(bytes);
            continue;
        }
        CHECK(parts.head.size == whole.head.size);
        if (whole.error != ERROR_NONE || whole.head.size == 0) continue;
        CHECK(parts.head.content_length == whole.head.content_length);
        CHECK(parts.head.chunked == whole.head.chunked);
        CHECK(slice_equal(parts.head.target, whole.head.target));
        CHECK(slice_equal(parts.head.request_id, whole.head.request_id));
    }
    if (whole.error != ERROR_NONE || whole.head.size == 0) return 0;
    check_head(bytes, &whole.head);
    if (whole.head.chunked)
        check_chunks(slice_from(bytes, whole.head.size), whole.head.body_size_max);
    return 0;
}
