/* problem_text.h - what each error says to people.
 *
 * Thread: any.
 */
#pragma once

#include "base/error.h"
#include "base/slice.h"

struct problem_text {
    struct slice detail;   /* The usual sentence of an answer. */
    struct slice meaning;  /* What has happened, for the page. */
    struct slice remedy;   /* What to do about it. */
    int64_t retry_after_s; /* The usual wait before a retry; 0: none. */
};

/* Not for ERROR_NONE. */
const struct problem_text *problem_text_of(enum error error);
