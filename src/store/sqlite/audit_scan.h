/* audit_scan.h - the rules of the audit, one scan each; the audit's own files only. */
#pragma once

#include "core/payment.h"
#include "store/sqlite/audit.h"
#include "store/sqlite/row_ids.h"

struct audit {
    struct database database;
    struct row_ids ids;
    void (*report)(void *context, struct slice text);
    void *context;
    struct audit_counts counts;
    uint64_t of_rule; /* Violations of the rule at hand. */
};

/* Where the seats of a showtime are. */
struct audit_layout {
    int64_t showtime;
    int64_t rows;
    int64_t cols;
    struct slice places;
};

/* The place of a seat; -1 if the layout has no such seat. */
int64_t audit_find_place(const struct audit_layout *layout, struct seat_name name);

/* The rules about what staff did, as queries whose rows are sentences; NULL ends them. */
extern const char *const audit_staff_queries[];

/* A rule is broken: counts it, and says so unless there were too many of the kind. */
__attribute__((format(printf, 2, 3))) void audit_say(struct audit *audit, const char *format, ...);

/* A rule's scan begins or ends. */
void audit_begin_rule(struct audit *audit);
void audit_end_rule(struct audit *audit);

/* Each gives false if the file cannot be read. */
MUST_USE bool audit_scan_bookings(struct audit *audit);
MUST_USE bool audit_scan_claims(struct audit *audit);
MUST_USE bool audit_scan_payments(struct audit *audit);
MUST_USE bool audit_scan_blocks(struct audit *audit);
