/* cors.h - which other web sites' pages may call the API from a browser.
 *
 * Only origins that the operator has listed, each written out; any other page gets no header, and
 * its browser keeps the answer from it. There are no cookies, so nothing is said of credentials.
 *
 * Shape:  at most CORS_ORIGINS_MAX origins, compared byte for byte.
 * Thread: any; a `cors` is read only.
 * Source: the Fetch standard, "HTTP CORS protocol"; RFC 6454, section 6.2.
 */
#pragma once

#include "http/exchange.h"

enum {
    CORS_ORIGINS_MAX = 16, /* A chain has a handful of sites. */
    CORS_ORIGIN_SIZE_MAX = 128,
};

struct cors {
    size_t count; /* 0: switched off. */
    struct slice origins[CORS_ORIGINS_MAX];
};

/* `https://shop.example.com`, `http://localhost:5173`: lower case, nothing behind host and port,
 * and no port that the scheme has anyway, as browsers write origins. */
bool cors_origin_valid(struct slice origin);

/* Adds what a browser needs to hand the answer to a listed page. Before any answer. */
void cors_mark(const struct cors *cors, struct exchange *exchange);

/* Says that the answer is another for who takes it compressed; one header with what cors_mark said,
 * which came before. */
void cors_vary_by_encoding(struct exchange *exchange);

/* Answers a listed page's question whether it may send a request; false, and nothing answered, if
 * this is no such question. `methods` are the resource's. */
MUST_USE bool cors_answer_preflight(const struct cors *cors, struct exchange *exchange,
                                    struct slice methods);
