#include "store/sqlite/audit.h"

#include <stdarg.h>

#include "store/sqlite/audit_scan.h"
#include "store/sqlite/rows.h"

/* Rules that a query alone can judge: each row it gives is a sentence. */
static const char *const queries[] = {
    "SELECT 'The file is damaged: '||integrity_check FROM pragma_integrity_check"
    " WHERE integrity_check<>'ok'",

    "SELECT 'The settings keys_table and keys_day do not say where keys are' WHERE"
    " (SELECT count(*) FROM setting WHERE typeof(value)='integer' AND"
    " (name='keys_table' AND value IN (0,1) OR name='keys_day' AND value>=0))<>2",

    "SELECT 'Showtime '||s.id||' has no seat layout' FROM showtime s"
    " LEFT JOIN seat_layout l ON l.number=s.layout WHERE l.number IS NULL",

    "SELECT 'Seat layout '||number||' has '||rows||' rows of '||cols||', which do not fit its "
    "places'"
    " FROM seat_layout WHERE rows NOT BETWEEN 1 AND 50 OR cols NOT BETWEEN 1 AND 50"
    " OR length(places)<>rows*cols OR places GLOB '*[^svc-]*'",

    "SELECT 'Showtime '||id||' has a price that none can have' FROM showtime"
    " WHERE min(price_standard,price_vip,price_couple)<0"
    " OR max(price_standard,price_vip,price_couple)>1000000000000",

    "SELECT 'Showtime '||id||' has the version '||version FROM showtime WHERE version<0",

    "SELECT 'Showtime '||s.id||' says '||s.total_seats||' seats, its layout has '||"
    "length(replace(l.places,'-','')) FROM showtime s JOIN seat_layout l ON l.number=s.layout"
    " WHERE s.total_seats<>length(replace(l.places,'-',''))",

    "SELECT 'Showtime '||id||' says '||available_seats||' free seats, but '||free||' are' FROM"
    " (SELECT s.id,s.available_seats,length(replace(l.places,'-',''))-"
    "  (SELECT count(*) FROM seat_claim c WHERE c.showtime=s.number) AS free"
    "  FROM showtime s JOIN seat_layout l ON l.number=s.layout) WHERE available_seats<>free",

    "SELECT 'Key '||lower(hex(k.key))||' of user '||k.user||' names booking '||k.booking||"
    "', which is not that user''s or does not exist'"
    " FROM (SELECT * FROM idempotency_0 UNION ALL SELECT * FROM idempotency_1) k"
    " LEFT JOIN booking b ON b.number=k.booking"
    " WHERE b.number IS NULL OR (b.user<>k.user AND k.operation<>'refund')",

    "SELECT 'Key '||lower(hex(k.key))||' of user '||k.user||' names payment '||k.payment||"
    "', which is not of its booking or does not exist'"
    " FROM (SELECT * FROM idempotency_0 UNION ALL SELECT * FROM idempotency_1) k"
    " LEFT JOIN payment p ON p.number=k.payment"
    " WHERE k.payment IS NOT NULL AND p.booking IS NOT k.booking",

    "SELECT 'Key '||lower(hex(k.key))||' of user '||k.user||' is kept twice'"
    " FROM idempotency_0 k JOIN idempotency_1 o"
    " ON o.key=k.key AND o.user=k.user AND o.operation=k.operation",
};

static void report_sentence(struct audit *audit, const char *sentence)
{
    audit->report(audit->context, slice_of(sentence));
}

void audit_say(struct audit *audit, const char *format, ...)
{
    CHECK(format != NULL);
    audit->counts.violations++;
    audit->of_rule++;
    if (audit->of_rule > AUDIT_LISTED_MAX) return;
    char sentence[AUDIT_SENTENCE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    report_sentence(audit, sentence);
}

void audit_begin_rule(struct audit *audit)
{
    audit->of_rule = 0;
}

void audit_end_rule(struct audit *audit)
{
    if (audit->of_rule <= AUDIT_LISTED_MAX) return;
    char sentence[AUDIT_SENTENCE_SIZE];
    (void)snprintf(sentence, sizeof sentence, "and %llu more of this kind",
                   (unsigned long long)(audit->of_rule - AUDIT_LISTED_MAX));
    report_sentence(audit, sentence);
}

static bool run_query(struct audit *audit, const char *sql)
{
    sqlite3_stmt *rows = database_statement(&audit->database, sql);
    if (rows == NULL) return false;
    audit_begin_rule(audit);
    int code = sqlite3_step(rows);
    for (; code == SQLITE_ROW; code = sqlite3_step(rows)) {
        const struct slice text = database_column_text(rows, 0);
        audit_say(audit, "%.*s", (int)text.size, text.data == NULL ? "" : text.data);
    }
    audit_end_rule(audit);
    database_done(rows);
    return code == SQLITE_DONE;
}

static bool count_rows(struct audit *audit)
{
    sqlite3_stmt *row = database_statement(
        &audit->database, "SELECT (SELECT count(*) FROM showtime),(SELECT count(*) FROM booking),"
                          "(SELECT count(*) FROM seat_claim),(SELECT count(*) FROM payment),"
                          "(SELECT count(*) FROM idempotency_0)+"
                          "(SELECT count(*) FROM idempotency_1)");
    if (row == NULL) return false;
    const bool read = sqlite3_step(row) == SQLITE_ROW;
    if (read) {
        audit->counts.showtimes = (uint64_t)sqlite3_column_int64(row, 0);
        audit->counts.bookings = (uint64_t)sqlite3_column_int64(row, 1);
        audit->counts.claims = (uint64_t)sqlite3_column_int64(row, 2);
        audit->counts.payments = (uint64_t)sqlite3_column_int64(row, 3);
        audit->counts.keys = (uint64_t)sqlite3_column_int64(row, 4);
    }
    database_done(row);
    return read;
}

static bool run_rules(struct audit *audit)
{
    if (!row_ids_open(&audit->database, &audit->ids)) return false;
    if (!count_rows(audit)) return false;
    for (size_t index = 0; index < sizeof queries / sizeof queries[0]; index++) {
        if (!run_query(audit, queries[index])) return false;
    }
    for (const char *const *query = audit_staff_queries; *query != NULL; query++) {
        if (!run_query(audit, *query)) return false;
    }
    return audit_scan_bookings(audit) && audit_scan_claims(audit) && audit_scan_payments(audit) &&
           audit_scan_blocks(audit);
}

enum error audit_run(const char *path, void (*report)(void *context, struct slice text),
                     void *context, struct audit_counts *ret_counts,
                     struct database_reason *ret_reason)
{
    CHECK(report != NULL);
    CHECK(ret_counts != NULL);

    struct audit audit = {.report = report, .context = context};
    enum error error = database_open(path, DATABASE_READ, &audit.database, ret_reason);
    if (error != ERROR_NONE) return error;
    if (database_execute(&audit.database, "BEGIN") != SQLITE_OK || !run_rules(&audit)) {
        database_explain(ret_reason, "%s cannot be read: %s", path,
                         sqlite3_errmsg(audit.database.handle));
        error = ERROR_STORE_UNAVAILABLE;
    }
    if (!sqlite3_get_autocommit(audit.database.handle)) {
        (void)database_execute(&audit.database, "ROLLBACK");
    }
    database_close(&audit.database);
    *ret_counts = audit.counts;
    return error;
}
