#include "http/framing.h"

#include <string.h>

#include "base/hex.h"

/* The parser inside libh2o; the library exports it and ships no header for it. */
struct phr_header {
    const char *name; /* NULL: the line goes on with the value of the one before. */
    size_t name_len;
    const char *value;
    size_t value_len;
};

int phr_parse_request(const char *buf, size_t len, const char **method, size_t *method_len,
                      const char **path, size_t *path_len, int *minor_version,
                      struct phr_header *headers, size_t *num_headers, size_t last_len);

enum { PARSE_INCOMPLETE = -2, METHOD_SIZE_MAX = 16 };

static const struct slice webhook_prefix = SLICE_INIT("/api/payments/webhook/");
static const struct slice cinemas_prefix = SLICE_INIT("/api/cinemas");

/* What a head says about where its request ends. */
struct fields {
    struct slice host;
    struct slice content_length;
    struct slice transfer_encoding;
    struct slice expect;
    unsigned host_count;
    unsigned content_length_count;
    unsigned transfer_encoding_count;
};

struct request_line {
    struct slice method;
    struct slice target;
    int minor_version;
};

static bool is_letter_or_digit(char letter)
{
    return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
           (letter >= '0' && letter <= '9');
}

bool framing_request_id_sane(struct slice request_id)
{
    if (request_id.size < 1 || request_id.size > FRAMING_REQUEST_ID_SIZE_MAX) return false;
    for (size_t index = 0; index < request_id.size; index++) {
        const char letter = request_id.data[index];
        if (is_letter_or_digit(letter)) continue;
        if (letter != '-' && letter != '_' && letter != '.') return false;
    }
    return true;
}

/* The authority of an absolute target; empty if the target is not absolute. */
static struct slice target_authority(struct slice target)
{
    static const struct slice schemes[] = {SLICE_INIT("http://"), SLICE_INIT("https://")};

    for (size_t index = 0; index < 2; index++) {
        const size_t size = schemes[index].size;
        if (target.size <= size) continue;
        const struct slice start = {.data = target.data, .size = size};
        if (!slice_equal_ignoring_case(start, schemes[index])) continue;
        size_t end = size;
        while (end < target.size && target.data[end] != '/' && target.data[end] != '?') end++;
        return (struct slice){.data = target.data + size, .size = end - size};
    }
    return (struct slice){0};
}

struct slice framing_target(struct slice target)
{
    if (target.size == 0) return target;
    if (target.data[0] == '/') return target;
    const struct slice authority = target_authority(target);
    if (authority.size == 0) return (struct slice){0};
    const size_t start = (size_t)(authority.data - target.data) + authority.size;
    if (start == target.size) return SLICE("/");
    if (target.data[start] != '/') return (struct slice){0};
    return slice_from(target, start);
}

static bool host_is_sane(struct slice host)
{
    static const char others[] = "-._~%!$&'()*+,;=:[]";

    for (size_t index = 0; index < host.size; index++) {
        const char letter = host.data[index];
        if (is_letter_or_digit(letter)) continue;
        if (memchr(others, letter, sizeof others - 1) == NULL) return false;
    }
    return host.size > 0;
}

static bool request_line_is_sane(const struct request_line *line)
{
    if (line->minor_version != 0 && line->minor_version != 1) return false;
    if (line->method.size < 1 || line->method.size > METHOD_SIZE_MAX) return false;
    for (size_t index = 0; index < line->method.size; index++) {
        const char letter = line->method.data[index];
        if (!is_letter_or_digit(letter) && letter != '-' && letter != '_') return false;
    }
    if (slice_equal(line->method, SLICE("CONNECT"))) return false;
    for (size_t index = 0; index < line->target.size; index++) {
        const unsigned char letter = (unsigned char)line->target.data[index];
        if (letter <= 0x20 || letter >= 0x7f || letter == '#') return false;
    }
    return framing_target(line->target).size > 0;
}

/* Keeps a field that counts. Returns false if its line is not one that every reader reads alike:
 * continued from the line before, or ended by a bare LF. */
static bool read_field(const struct phr_header *header, struct fields *fields,
                       struct slice *ret_request_id)
{
    if (header->name == NULL) return false;
    if (header->value[header->value_len] != '\r') return false;

    const struct slice name = {.data = header->name, .size = header->name_len};
    const struct slice value = {.data = header->value, .size = header->value_len};
    switch (name.size) {
    case sizeof "host" - 1:
        if (!slice_equal_ignoring_case(name, SLICE("host"))) break;
        fields->host = value;
        fields->host_count++;
        break;
    case sizeof "expect" - 1:
        if (slice_equal_ignoring_case(name, SLICE("expect"))) fields->expect = value;
        break;
    case sizeof "x-request-id" - 1:
        if (ret_request_id->size > 0) break;
        if (!slice_equal_ignoring_case(name, SLICE("x-request-id"))) break;
        if (framing_request_id_sane(value)) *ret_request_id = value;
        break;
    case sizeof "content-length" - 1:
        if (!slice_equal_ignoring_case(name, SLICE("content-length"))) break;
        fields->content_length = value;
        fields->content_length_count++;
        break;
    case sizeof "transfer-encoding" - 1:
        if (!slice_equal_ignoring_case(name, SLICE("transfer-encoding"))) break;
        fields->transfer_encoding = value;
        fields->transfer_encoding_count++;
        break;
    default:
        break;
    }
    return true;
}

static size_t body_size_max(struct slice target)
{
    if (slice_starts_with(target, webhook_prefix)) return FRAMING_WEBHOOK_SIZE_MAX;
    if (slice_starts_with(target, cinemas_prefix)) return FRAMING_CINEMA_SIZE_MAX;
    return FRAMING_BODY_SIZE_MAX;
}

/* Where does the body end? */
static enum error judge_body(const struct fields *fields, int minor_version,
                             struct framing_head *head)
{
    if (fields->content_length_count + fields->transfer_encoding_count > 1)
        return ERROR_BAD_REQUEST;
    if (fields->expect.data != NULL &&
        !slice_equal_ignoring_case(fields->expect, SLICE("100-continue")))
        return ERROR_BAD_REQUEST;

    head->body_size_max = body_size_max(head->target);
    if (fields->transfer_encoding_count == 1) {
        if (minor_version == 0) return ERROR_BAD_REQUEST;
        if (!slice_equal_ignoring_case(fields->transfer_encoding, SLICE("chunked")))
            return ERROR_BAD_REQUEST;
        head->chunked = true;
        return ERROR_NONE;
    }
    if (fields->content_length_count == 0) return ERROR_NONE;

    const struct slice length = fields->content_length;
    if (length.size == 0) return ERROR_BAD_REQUEST;
    for (size_t index = 0; index < length.size; index++) {
        const char digit = length.data[index];
        if (digit < '0' || digit > '9') return ERROR_BAD_REQUEST;
    }
    if (length.size > 1 && length.data[0] == '0') return ERROR_BAD_REQUEST;
    uint64_t size = 0;
    if (!slice_to_number(length, head->body_size_max, &size)) return ERROR_BODY_TOO_LARGE;
    head->content_length = (size_t)size;
    return ERROR_NONE;
}

static enum error judge_host(const struct fields *fields, const struct request_line *line)
{
    if (fields->host_count > 1) return ERROR_BAD_REQUEST;
    if (fields->host_count == 0) return line->minor_version == 0 ? ERROR_NONE : ERROR_BAD_REQUEST;
    if (!host_is_sane(fields->host)) return ERROR_BAD_REQUEST;
    if (line->target.data[0] == '/') return ERROR_NONE;
    const struct slice authority = target_authority(line->target);
    return slice_equal_ignoring_case(authority, fields->host) ? ERROR_NONE : ERROR_BAD_REQUEST;
}

/* A head without its end: may the rest still come? */
static enum error judge_part(struct slice bytes)
{
    if (bytes.size <= FRAMING_LINE_SIZE_MAX) return ERROR_NONE;
    /* An empty line may stand in front of the request line. */
    const struct slice line = {.data = bytes.data + 2, .size = FRAMING_LINE_SIZE_MAX};
    if (memchr(line.data, '\n', line.size) == NULL) return ERROR_HEADERS_TOO_LARGE;
    if (bytes.size > FRAMING_LINE_SIZE_MAX + FRAMING_FIELDS_SIZE_MAX)
        return ERROR_HEADERS_TOO_LARGE;
    return ERROR_NONE;
}

/* Do all lines of a complete head end with CR LF, and are its parts within their limits? Field
 * lines are checked one by one elsewhere. */
static enum error judge_lines(struct slice head, const struct request_line *line,
                              const struct phr_header *headers, size_t header_count)
{
    const char *fields = head.data + head.size - 2;
    if (header_count > 0 && headers[0].name != NULL) fields = headers[0].name;
    if (fields[-2] != '\r') return ERROR_BAD_REQUEST;
    if (head.data[head.size - 2] != '\r') return ERROR_BAD_REQUEST;
    if (line->method.data != head.data && head.data[0] != '\r') return ERROR_BAD_REQUEST;

    const size_t line_size = (size_t)(fields - line->method.data) - 2;
    if (line_size > FRAMING_LINE_SIZE_MAX) return ERROR_HEADERS_TOO_LARGE;
    if (head.size - line_size > FRAMING_FIELDS_SIZE_MAX) return ERROR_HEADERS_TOO_LARGE;
    return ERROR_NONE;
}

enum error framing_check(struct slice bytes, size_t seen, struct framing_head *ret_head)
{
    CHECK(bytes.data != NULL);
    CHECK(seen <= bytes.size);

    *ret_head = (struct framing_head){0};
    struct phr_header headers[FRAMING_FIELDS_MAX + 1];
    size_t header_count = FRAMING_FIELDS_MAX + 1;
    struct request_line line = {0};
    const int parsed = phr_parse_request(bytes.data, bytes.size, &line.method.data,
                                         &line.method.size, &line.target.data, &line.target.size,
                                         &line.minor_version, headers, &header_count, seen);
    if (parsed == PARSE_INCOMPLETE) return judge_part(bytes);
    if (header_count > FRAMING_FIELDS_MAX) return ERROR_HEADERS_TOO_LARGE;
    if (parsed < 4) return ERROR_BAD_REQUEST;

    const struct slice head = {.data = bytes.data, .size = (size_t)parsed};
    enum error error = judge_lines(head, &line, headers, header_count);
    if (error != ERROR_NONE) return error;

    struct fields fields = {0};
    for (size_t index = 0; index < header_count; index++) {
        if (!read_field(&headers[index], &fields, &ret_head->request_id)) return ERROR_BAD_REQUEST;
    }
    if (!request_line_is_sane(&line)) return ERROR_BAD_REQUEST;
    ret_head->target = framing_target(line.target);
    error = judge_host(&fields, &line);
    if (error == ERROR_NONE) error = judge_body(&fields, line.minor_version, ret_head);
    if (error == ERROR_NONE) ret_head->size = head.size;
    return error;
}

enum chunk_state {
    CHUNK_SIZE,
    CHUNK_SIZE_LF,
    CHUNK_DATA,
    CHUNK_DATA_CR,
    CHUNK_DATA_LF,
    CHUNK_TRAILER_START,
    CHUNK_TRAILER,
    CHUNK_TRAILER_LF,
    CHUNK_LAST_LF,
};

enum { CHUNK_DIGITS_MAX = 8 };

/* One byte of a chunk's size, or the CR behind it. */
static enum error check_chunk_size(struct framing_chunks *chunks, char letter)
{
    const int digit = hex_value(letter);
    if (digit < 0) {
        if (letter != '\r' || chunks->digit_count == 0) return ERROR_BAD_REQUEST;
        chunks->state = CHUNK_SIZE_LF;
        return ERROR_NONE;
    }
    if (chunks->digit_count == CHUNK_DIGITS_MAX) return ERROR_BAD_REQUEST;
    chunks->digit_count++;
    chunks->chunk_left = chunks->chunk_left * 16 + (size_t)digit;
    return ERROR_NONE;
}

/* One byte of the trailer, which is dropped. */
static enum error check_trailer(struct framing_chunks *chunks, char letter)
{
    if (++chunks->trailer_size > FRAMING_TRAILER_SIZE_MAX) return ERROR_HEADERS_TOO_LARGE;
    if (letter == '\r') {
        chunks->state = chunks->state == CHUNK_TRAILER_START ? CHUNK_LAST_LF : CHUNK_TRAILER_LF;
        return ERROR_NONE;
    }
    if ((unsigned char)letter < 0x20 && letter != '\t') return ERROR_BAD_REQUEST;
    chunks->state = CHUNK_TRAILER;
    return ERROR_NONE;
}

/* One byte that is no data. */
static enum error check_chunk_byte(struct framing_chunks *chunks, char letter, size_t body_size_max)
{
    switch ((enum chunk_state)chunks->state) {
    case CHUNK_SIZE:
        return check_chunk_size(chunks, letter);
    case CHUNK_SIZE_LF:
        if (letter != '\n') return ERROR_BAD_REQUEST;
        if (chunks->chunk_left > body_size_max - chunks->body_size) return ERROR_BODY_TOO_LARGE;
        chunks->body_size += chunks->chunk_left;
        chunks->state = chunks->chunk_left == 0 ? CHUNK_TRAILER_START : CHUNK_DATA;
        return ERROR_NONE;
    case CHUNK_DATA_CR:
        if (letter != '\r') return ERROR_BAD_REQUEST;
        chunks->state = CHUNK_DATA_LF;
        return ERROR_NONE;
    case CHUNK_DATA_LF:
        if (letter != '\n') return ERROR_BAD_REQUEST;
        chunks->state = CHUNK_SIZE;
        chunks->digit_count = 0;
        return ERROR_NONE;
    case CHUNK_TRAILER_START:
    case CHUNK_TRAILER:
        return check_trailer(chunks, letter);
    case CHUNK_TRAILER_LF:
        if (letter != '\n') return ERROR_BAD_REQUEST;
        chunks->state = CHUNK_TRAILER_START;
        return ERROR_NONE;
    case CHUNK_LAST_LF:
        if (letter != '\n') return ERROR_BAD_REQUEST;
        chunks->whole = true;
        return ERROR_NONE;
    case CHUNK_DATA:
        break;
    }
    CHECK(chunks->state != CHUNK_DATA);
    return ERROR_BAD_REQUEST;
}

enum error framing_chunks_check(struct framing_chunks *chunks, struct slice bytes,
                                size_t body_size_max)
{
    CHECK(chunks->body_size <= body_size_max);

    size_t index = 0;
    while (index < bytes.size && !chunks->whole) {
        if (chunks->state == CHUNK_DATA) {
            const size_t left = bytes.size - index;
            const size_t taken = left < chunks->chunk_left ? left : chunks->chunk_left;
            index += taken;
            chunks->chunk_left -= taken;
            if (chunks->chunk_left == 0) chunks->state = CHUNK_DATA_CR;
            continue;
        }
        const enum error error = check_chunk_byte(chunks, bytes.data[index], body_size_max);
        if (error != ERROR_NONE) return error;
        index++;
    }
    return ERROR_NONE;
}
