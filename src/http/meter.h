/* meter.h - what one loop has answered, counted for the metrics.
 *
 * Counting is a handful of plain additions per request; a scrape adds the loops up. Every label
 * comes from a table of ours, so that no client can make series.
 *
 * Shape:  METER_ROUTES_MAX routes, the methods of enum http_method, the statuses that usher
 *         answers and one for any other.
 * Thread: meter_note the loop's; meter_gather any, see base/tally.h.
 */
#pragma once

#include "base/histogram.h"
#include "http/server.h"

/* X(status) */
#define METER_STATUS_LIST(X) \
    X(200) \
    X(201) \
    X(202) \
    X(204) \
    X(302) \
    X(303) \
    X(304) \
    X(400) \
    X(401) \
    X(403) \
    X(404) \
    X(405) \
    X(408) \
    X(409) \
    X(413) \
    X(415) \
    X(422) \
    X(429) \
    X(431) \
    X(500) \
    X(503)

enum meter_status {
    METER_STATUS_OTHER,
#define METER_STATUS_ENUM(status) METER_STATUS_##status,
    METER_STATUS_LIST(METER_STATUS_ENUM)
#undef METER_STATUS_ENUM
        METER_STATUS_COUNT
};

/* What latencies are told apart by: an answer that was refused at once says nothing of one that was
 * given, and each status by itself would be too many series. */
enum meter_class { METER_2XX, METER_3XX, METER_4XX, METER_5XX, METER_CLASS_COUNT };

enum {
    METER_ROUTES_MAX = 64, /* The router's table is half as long. */
    METER_METHOD_COUNT = METHOD_OTHER + 1,
};

struct meter {
    uint64_t requests[METER_ROUTES_MAX][METER_METHOD_COUNT][METER_STATUS_COUNT];
    /* From a request's arrival to its answer; what never was a request took no time. */
    struct histogram micros[METER_ROUTES_MAX][METER_CLASS_COUNT];
    uint64_t refusals[ERROR_COUNT];
    uint64_t body_bytes; /* Sent; of a stream the first event. */
};

/* Counts an answer that took so long. */
void meter_note(struct meter *meter, const struct server_answer *answer, int64_t micros);

/* Adds what `source` holds at this moment to `target`, which is the caller's alone. */
void meter_gather(struct meter *target, const struct meter *source);

/* The label of a status: its digits, or `other`. */
struct slice meter_status_name(enum meter_status status);

/* The label of a class: `2xx`. */
struct slice meter_class_name(enum meter_class status_class);
