#include "store/sqlite/schema.h"

#include "base/random.h"
#include "core/siphash.h"

/* A moment of the tables as the contract writes it. */
#define MOMENT(column) "strftime('%Y-%m-%dT%H:%M:%fZ'," column "/1000.0,'unixepoch')"

/* SQL reads best in lines of its own. */
/* clang-format off */

/* Keys live in two tables used day about; see keys.h. */
#define IDEMPOTENCY(table) \
    "CREATE TABLE " table "(\n" \
    "  -- Keys live in two tables used day about; the older one is emptied when a day begins,\n" \
    "  -- so that a key lives 24 to 48 hours and none is ever deleted on its own.\n" \
    "  key BLOB NOT NULL, -- 16 bytes: the client's UUID\n" \
    "  user TEXT NOT NULL,\n" \
    "  operation TEXT NOT NULL, -- hold, confirm, pay, refund\n" \
    "  fingerprint BLOB NOT NULL, -- SHA-256 of the path and the body\n" \
    "  booking INTEGER NOT NULL,\n" \
    "  payment INTEGER, -- the payment answered\n" \
    "  created INTEGER NOT NULL, -- 1: a payment of its own, answered 201\n" \
    "  created_at INTEGER NOT NULL,\n" \
    "  PRIMARY KEY(key, user, operation)\n" \
    ") STRICT, WITHOUT ROWID"

/* Version 1. Each string is one step; a NULL ends them. */
static const char *const version_1[] = {
    "CREATE TABLE setting(\n"
    "  -- Facts about the file itself: id_key (16 bytes, made once: ids and codes are sealed\n"
    "  -- with it), created_at, keys_table and keys_day (which table takes today's keys).\n"
    "  name TEXT NOT NULL PRIMARY KEY,\n"
    "  value ANY\n"
    ") STRICT, WITHOUT ROWID",

    "CREATE TABLE seat_layout(\n"
    "  -- The seats of a screen, kept once per content; a showtime keeps its own.\n"
    "  number INTEGER PRIMARY KEY,\n"
    "  rows INTEGER NOT NULL, -- 1..50, A..AX\n"
    "  cols INTEGER NOT NULL, -- 1..50\n"
    "  places TEXT NOT NULL, -- rows * cols letters: s standard, v vip, c couple, - no seat\n"
    "  aisles_after TEXT NOT NULL DEFAULT '[]', -- JSON: columns with an aisle behind them\n"
    "  accessible TEXT NOT NULL DEFAULT '[]', -- JSON: places, counted from 0\n"
    "  UNIQUE(rows, cols, places, aisles_after, accessible),\n"
    "  CHECK(length(places) = rows * cols)\n"
    ") STRICT",

    "CREATE TABLE movie(\n"
    "  id TEXT NOT NULL PRIMARY KEY, -- 24 hex digits\n"
    "  title TEXT NOT NULL,\n"
    "  title_folded TEXT NOT NULL DEFAULT '', -- without case, for searches\n"
    "  duration_minutes INTEGER NOT NULL,\n"
    "  genres TEXT NOT NULL DEFAULT '[]', -- JSON\n"
    "  poster_url TEXT NOT NULL DEFAULT '',\n"
    "  description TEXT NOT NULL DEFAULT '',\n"
    "  release_date TEXT NOT NULL DEFAULT '', -- as it was given: ISO 8601\n"
    "  status TEXT NOT NULL CHECK(status IN ('coming_soon', 'now_showing', 'ended'))\n"
    ") STRICT",

    "CREATE TABLE cinema(\n"
    "  id TEXT NOT NULL PRIMARY KEY, -- 24 hex digits\n"
    "  name TEXT NOT NULL,\n"
    "  address TEXT NOT NULL DEFAULT '',\n"
    "  city TEXT NOT NULL DEFAULT '',\n"
    "  city_folded TEXT NOT NULL DEFAULT '', -- without case, for searches\n"
    "  phone TEXT NOT NULL DEFAULT '',\n"
    "  is_active INTEGER NOT NULL DEFAULT 1, -- 0 or 1\n"
    "  timezone TEXT NOT NULL DEFAULT 'Asia/Ho_Chi_Minh' -- an IANA name\n"
    ") STRICT",

    "CREATE TABLE screen(\n"
    "  cinema TEXT NOT NULL REFERENCES cinema(id),\n"
    "  position INTEGER NOT NULL, -- its place in the cinema's list, from 0\n"
    "  screen_id TEXT NOT NULL, -- unique in its cinema\n"
    "  name TEXT NOT NULL,\n"
    "  type TEXT NOT NULL CHECK(type IN ('standard', 'imax', '3d', '4dx', 'vip')),\n"
    "  total_seats INTEGER NOT NULL,\n"
    "  layout INTEGER NOT NULL REFERENCES seat_layout(number),\n"
    "  PRIMARY KEY(cinema, position),\n"
    "  UNIQUE(cinema, screen_id)\n"
    ") STRICT, WITHOUT ROWID",

    "CREATE TABLE showtime(\n"
    "  -- version and available_seats are written with every turn that changes a seat.\n"
    "  number INTEGER PRIMARY KEY,\n"
    "  id TEXT NOT NULL UNIQUE, -- 24 hex digits\n"
    "  movie TEXT NOT NULL REFERENCES movie(id),\n"
    "  cinema TEXT NOT NULL REFERENCES cinema(id),\n"
    "  screen_id TEXT NOT NULL,\n"
    "  layout INTEGER NOT NULL REFERENCES seat_layout(number),\n"
    "  starts_at INTEGER NOT NULL, -- UTC milliseconds since 1970, like every time here\n"
    "  ends_at INTEGER NOT NULL,\n"
    "  local_date TEXT NOT NULL DEFAULT '', -- YYYY-MM-DD of the start, at the cinema\n"
    "  price_standard INTEGER NOT NULL, -- VND, like all money here\n"
    "  price_vip INTEGER NOT NULL,\n"
    "  price_couple INTEGER NOT NULL,\n"
    "  total_seats INTEGER NOT NULL,\n"
    "  available_seats INTEGER NOT NULL,\n"
    "  version INTEGER NOT NULL DEFAULT 1,\n"
    "  status TEXT NOT NULL DEFAULT 'scheduled'\n"
    "    CHECK(status IN ('scheduled', 'cancelled', 'completed')),\n"
    "  cancelled_at INTEGER, -- by staff; its bookings end at once, or at the next start\n"
    "  cancellation_reason TEXT -- which its bookings carry too\n"
    ") STRICT",
    "CREATE INDEX showtime_start ON showtime(starts_at)",
    "CREATE INDEX showtime_movie ON showtime(movie, starts_at)",
    "CREATE INDEX showtime_cinema ON showtime(cinema, starts_at)",
    "CREATE INDEX showtime_open ON showtime(ends_at) WHERE status = 'scheduled'",

    "CREATE TABLE booking(\n"
    "  -- The public id is the number in 12 hex digits and 12 more of its seal (see setting\n"
    "  -- id_key); numbers that a refused hold drew stay unused.\n"
    "  number INTEGER PRIMARY KEY,\n"
    "  showtime INTEGER NOT NULL REFERENCES showtime(number),\n"
    "  user TEXT NOT NULL,\n"
    "  code TEXT NOT NULL, -- BK-XXXXXXXX, made from the number with the key\n"
    "  status TEXT NOT NULL CHECK(status IN ('pending', 'confirmed', 'cancelled', "
    "'expired')),\n"
    "  seats TEXT NOT NULL, -- JSON, in the order asked: [[\"A1\",\"standard\",100000],...]\n"
    "  total INTEGER NOT NULL,\n"
    "  discount INTEGER NOT NULL,\n"
    "  final INTEGER NOT NULL, -- total - discount\n"
    "  held_at INTEGER NOT NULL,\n"
    "  first_expires_at INTEGER NOT NULL, -- what the hold was answered\n"
    "  hold_expires_at INTEGER NOT NULL,\n"
    "  updated_at INTEGER NOT NULL,\n"
    "  confirmed_at INTEGER,\n"
    "  cancelled_at INTEGER,\n"
    "  cancellation_reason TEXT,\n"
    "  active_payment INTEGER, -- the payment that may still be paid\n"
    "  payment INTEGER, -- the payment that bought the seats\n"
    "  had_payment INTEGER NOT NULL -- 0 or 1: the first payment extends the hold, once\n"
    ") STRICT",
    "CREATE INDEX booking_user ON booking(user)", /* And number: it is the row's id. */
    "CREATE INDEX booking_showtime ON booking(showtime, status)",

    "CREATE TABLE seat_claim(\n"
    "  -- A row exists while a seat is held, booked or blocked: the key refuses a double "
    "sale.\n"
    "  showtime INTEGER NOT NULL REFERENCES showtime(number),\n"
    "  place INTEGER NOT NULL, -- row * cols + column, both from 0\n"
    "  booking INTEGER, -- NULL: blocked\n"
    "  state TEXT NOT NULL CHECK(state IN ('held', 'booked', 'blocked')),\n"
    "  held_until INTEGER, -- of a held seat\n"
    "  block INTEGER, -- of a blocked seat\n"
    "  PRIMARY KEY(showtime, place)\n"
    ") STRICT, WITHOUT ROWID",

    "CREATE TABLE block(\n"
    "  -- Seats that staff keep from sale; a released one stays on record.\n"
    "  number INTEGER PRIMARY KEY, -- the public id is made as a booking's is\n"
    "  showtime INTEGER NOT NULL REFERENCES showtime(number),\n"
    "  seats TEXT NOT NULL, -- JSON, in the order given: [\"A1\",...]\n"
    "  reason TEXT NOT NULL,\n"
    "  created_by TEXT NOT NULL, -- a user of the staff\n"
    "  created_at INTEGER NOT NULL,\n"
    "  released_at INTEGER\n"
    ") STRICT",
    "CREATE INDEX block_standing ON block(showtime) WHERE released_at IS NULL",

    "CREATE TABLE payment(\n"
    "  number INTEGER PRIMARY KEY, -- the public id is made as a booking's is\n"
    "  booking INTEGER NOT NULL REFERENCES booking(number),\n"
    "  user TEXT NOT NULL,\n"
    "  method TEXT NOT NULL CHECK(method IN ('momo', 'vnpay', 'zalopay', 'card')),\n"
    "  status TEXT NOT NULL CHECK(status IN ('pending', 'processing', 'failed', 'completed',\n"
    "    'refund_due', 'refunding', 'refunded', 'refund_failed')),\n"
    "  reason TEXT, -- why it failed, or why its money goes back\n"
    "  amount INTEGER NOT NULL,\n"
    "  paid_amount INTEGER NOT NULL,\n"
    "  alias BLOB, -- 16 bytes: the key of the confirm that answered it, PAY_<alias>\n"
    "  payment_url TEXT,\n"
    "  return_url TEXT,\n"
    "  created_at INTEGER NOT NULL,\n"
    "  updated_at INTEGER NOT NULL,\n"
    "  expires_at INTEGER NOT NULL,\n"
    "  paid_at INTEGER,\n"
    "  refund_requested_at INTEGER,\n"
    "  refund_done_at INTEGER,\n"
    "  refund_reference TEXT, -- of a refund paid by hand\n"
    "  paid_currency TEXT -- of paid_amount, if it is not VND\n"
    ") STRICT",
    "CREATE UNIQUE INDEX payment_kept ON payment(booking) WHERE status = 'completed'",
    "CREATE INDEX payment_alias ON payment(user, alias) WHERE alias IS NOT NULL",
    "CREATE INDEX payment_refund ON payment(status) WHERE refund_requested_at IS NOT NULL",

    "CREATE TABLE journal(\n"
    "  -- What staff did: an entry comes in the same commit as its change.\n"
    "  number INTEGER PRIMARY KEY,\n"
    "  at INTEGER NOT NULL,\n"
    "  actor TEXT NOT NULL, -- the user who did it\n"
    "  role TEXT NOT NULL, -- as which: staff, admin\n"
    "  action TEXT NOT NULL,\n"
    "  subject TEXT NOT NULL, -- the public id of what it was done to\n"
    "  detail TEXT NOT NULL -- the reason or the reference; '': none\n"
    ") STRICT",
    "CREATE INDEX journal_actor ON journal(actor)",
    "CREATE INDEX journal_subject ON journal(subject)",

    IDEMPOTENCY("idempotency_0"),
    IDEMPOTENCY("idempotency_1"),
    "INSERT INTO setting VALUES\n"
    "  ('created_at', strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),\n"
    "  ('keys_table', 0), ('keys_day', 0)",

    "CREATE VIEW movies AS\n"
    "SELECT id, title, duration_minutes AS duration, genres AS genre, poster_url, description,\n"
    "  release_date, status\n"
    "FROM movie",

    "CREATE VIEW cinemas AS\n"
    "SELECT id, name, address, city, phone, is_active, timezone,\n"
    "  (SELECT json_group_array(json_object('screen_id', s.screen_id, 'name', s.name,\n"
    "    'type', s.type, 'total_seats', s.total_seats)) FROM screen s WHERE s.cinema = c.id)\n"
    "    AS screens\n"
    "FROM cinema c",

    "CREATE VIEW showtimes AS\n"
    "SELECT id, movie AS movie_id, cinema AS cinema_id, screen_id,\n"
    "  " MOMENT("starts_at") " AS start_time,\n"
    "  " MOMENT("ends_at") " AS end_time,\n"
    "  json_object('standard', price_standard, 'vip', price_vip, 'couple', price_couple)\n"
    "    AS price, total_seats, available_seats, version, status\n"
    "FROM showtime",

    "CREATE VIEW bookings AS\n"
    "SELECT b.number, b.code AS booking_code, b.user AS user_id, s.id AS showtime_id, b.seats,\n"
    "  b.total AS total_amount, b.discount AS discount_amount, b.final AS final_amount,\n"
    "  'VND' AS currency, b.status,\n"
    "  " MOMENT("b.held_at") " AS held_at,\n"
    "  " MOMENT("b.hold_expires_at") " AS hold_expires_at,\n"
    "  " MOMENT("b.confirmed_at") " AS confirmed_at,\n"
    "  " MOMENT("b.cancelled_at") " AS cancelled_at,\n"
    "  b.cancellation_reason, b.payment\n"
    "FROM booking b JOIN showtime s ON s.number = b.showtime",

    "CREATE VIEW payments AS\n"
    "SELECT p.number, p.booking, p.user AS user_id, p.amount, 'VND' AS currency,\n"
    "  p.method AS payment_method, p.status, p.reason, p.paid_amount, p.payment_url,\n"
    "  " MOMENT("p.created_at") " AS created_at,\n"
    "  " MOMENT("p.expires_at") " AS expires_at,\n"
    "  " MOMENT("p.paid_at") " AS paid_at,\n"
    "  " MOMENT("p.refund_requested_at") " AS refund_requested_at,\n"
    "  " MOMENT("p.refund_done_at") " AS refund_done_at, p.refund_reference,\n"
    "  coalesce(p.paid_currency, 'VND') AS paid_currency\n"
    "FROM payment p",

    "CREATE VIEW idempotencykeys AS\n"
    "SELECT lower(hex(key)) AS key, user AS user_id, operation,\n"
    "  lower(hex(fingerprint)) AS request_hash, booking, payment,\n"
    "  " MOMENT("created_at") " AS created_at\n"
    "FROM (SELECT * FROM idempotency_0 UNION ALL SELECT * FROM idempotency_1)",
    NULL,
};

/* Puts another check in the place of one that means the same; SQLite's own way to change a
 * table's text where no row changes (lang_altertable, section 7). */
#define RECHECK(table, before, after) \
    "UPDATE sqlite_schema SET sql = replace(sql, 'CHECK(" before ")', 'CHECK(" after ")')" \
    " WHERE type = 'table' AND name = '" table "'"

/* Version 2: what a person asks most, in a line; and checks without IN, for which SQLite makes a
 * table of its own for every row that is written: half of a hold's work. */
static const char *const version_2[] = {
    "PRAGMA writable_schema = ON",
    RECHECK("booking", "status IN (''pending'', ''confirmed'', ''cancelled'', ''expired'')",
            "status = ''pending'' OR status = ''confirmed'' OR status = ''cancelled''"
            " OR status = ''expired''"),
    RECHECK("seat_claim", "state IN (''held'', ''booked'', ''blocked'')",
            "state = ''held'' OR state = ''booked'' OR state = ''blocked''"),
    RECHECK("payment", "method IN (''momo'', ''vnpay'', ''zalopay'', ''card'')",
            "method = ''momo'' OR method = ''vnpay'' OR method = ''zalopay'' OR method = ''card''"),
    RECHECK("payment",
            "status IN (''pending'', ''processing'', ''failed'', ''completed'',\n"
            "    ''refund_due'', ''refunding'', ''refunded'', ''refund_failed'')",
            "status = ''pending'' OR status = ''processing'' OR status = ''failed''"
            " OR status = ''completed'' OR status = ''refund_due'' OR status = ''refunding''"
            " OR status = ''refunded'' OR status = ''refund_failed''"),
    "UPDATE sqlite_schema SET sql = replace(sql, '; numbers that a refused hold drew stay unused.',"
    " '.') WHERE name = 'booking'",
    "PRAGMA writable_schema = RESET",

    "CREATE VIEW takings AS\n"
    "-- Of confirmed bookings, by the day of the sale (UTC+7) and the film.\n"
    "SELECT date(b.confirmed_at / 1000, 'unixepoch', '+7 hours') AS day, m.title AS movie,\n"
    "  count(*) AS bookings, sum(json_array_length(b.seats)) AS seats, sum(b.final) AS vnd\n"
    "FROM booking b JOIN showtime s ON s.number = b.showtime JOIN movie m ON m.id = s.movie\n"
    "WHERE b.status = 'confirmed'\n"
    "GROUP BY day, m.id\n"
    "ORDER BY day DESC, vnd DESC",

    "CREATE VIEW blocks AS\n"
    "SELECT k.number, s.id AS showtime_id, k.seats, k.reason, k.created_by,\n"
    "  " MOMENT("k.created_at") " AS created_at,\n"
    "  " MOMENT("k.released_at") " AS released_at\n"
    "FROM block k JOIN showtime s ON s.number = k.showtime",

    "CREATE VIEW journal_entries AS\n"
    "SELECT number, " MOMENT("at") " AS at, actor, role, action, subject, detail FROM journal",
    NULL,
};

/* Version 3: what `usher import` brings from another store keeps its ids. */
static const char *const version_3[] = {
    "CREATE TABLE moved_id(\n"
    "  -- Ids that another store made: they are not the seal of their number.\n"
    "  kind INTEGER NOT NULL, -- 1 booking, 2 payment, 3 block\n"
    "  number INTEGER NOT NULL, -- of the row in that table\n"
    "  id BLOB NOT NULL, -- 12 bytes: the public id\n"
    "  code_number INTEGER, -- of a booking: the number that its code stands for here\n"
    "  PRIMARY KEY(kind, number)\n"
    ") STRICT, WITHOUT ROWID",
    "CREATE UNIQUE INDEX moved_id_id ON moved_id(id, kind)",
    "CREATE UNIQUE INDEX moved_id_code ON moved_id(code_number) WHERE code_number IS NOT NULL",
    NULL,
};

/* clang-format on */

static const char *const *const versions[SCHEMA_VERSION] = {version_1, version_2, version_3};

/* The number that a query gives; -1 if it fails, which no version is. */
static int64_t ask_number(struct database *database, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int64_t number = -1;
    if (sqlite3_prepare_v2(database->handle, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW) {
        number = sqlite3_column_int64(statement, 0);
    }
    sqlite3_finalize(statement);
    return number;
}

static const char *path_of(struct database *database)
{
    return sqlite3_db_filename(database->handle, "main");
}

static enum error refuse(struct database *database, const char *what,
                         struct database_reason *ret_reason)
{
    database_explain(ret_reason, "%s: %s: %s", path_of(database), what,
                     sqlite3_errmsg(database->handle));
    return ERROR_STORE_UNAVAILABLE;
}

enum error schema_check(struct database *database, struct database_reason *ret_reason)
{
    CHECK(database->handle != NULL);
    CHECK(ret_reason != NULL);

    const int64_t version = ask_number(database, "PRAGMA user_version");
    if (version < 0) return refuse(database, "the file cannot be read", ret_reason);
    const int64_t application = ask_number(database, "PRAGMA application_id");
    const int64_t tables = ask_number(database, "SELECT count(*) FROM sqlite_schema");
    if (application < 0 || tables < 0) {
        return refuse(database, "the file cannot be read", ret_reason);
    }
    if (tables > 0 && application != SCHEMA_APPLICATION_ID) {
        database_explain(ret_reason, "%s is a SQLite file of another program", path_of(database));
        return ERROR_STORE_UNAVAILABLE;
    }
    if (version > SCHEMA_VERSION) {
        database_explain(ret_reason,
                         "%s is of version %lld, made by a newer usher; this one knows versions "
                         "up to %d",
                         path_of(database), (long long)version, SCHEMA_VERSION);
        return ERROR_STORE_UNAVAILABLE;
    }
    return ERROR_NONE;
}

static bool make_id_key(struct database *database)
{
    struct siphash_key key;
    random_fill(&key, sizeof key);
    sqlite3_stmt *statement = NULL;
    bool made = false;
    if (sqlite3_prepare_v2(database->handle, "INSERT INTO setting VALUES('id_key', ?1)", -1,
                           &statement, NULL) == SQLITE_OK) {
        made = sqlite3_bind_blob(statement, 1, &key, sizeof key, SQLITE_STATIC) == SQLITE_OK &&
               sqlite3_step(statement) == SQLITE_DONE;
    }
    sqlite3_finalize(statement);
    return made;
}

/* Runs one version's steps, inside the open transaction. */
static bool upgrade(struct database *database, int version)
{
    for (const char *const *step = versions[version - 1]; *step != NULL; step++) {
        if (database_execute(database, *step) != SQLITE_OK) return false;
    }
    if (version == 1 && !make_id_key(database)) return false;
    char pragma[48];
    (void)snprintf(pragma, sizeof pragma, "PRAGMA user_version=%d", version);
    return database_execute(database, pragma) == SQLITE_OK;
}

enum error schema_migrate(struct database *database, struct database_reason *ret_reason)
{
    CHECK(database->handle != NULL);
    char mark[48];
    (void)snprintf(mark, sizeof mark, "PRAGMA application_id=%d", SCHEMA_APPLICATION_ID);

    const int64_t found = ask_number(database, "PRAGMA user_version");
    if (found < 0) return refuse(database, "the file cannot be read", ret_reason);
    for (int version = (int)found + 1; version <= SCHEMA_VERSION; version++) {
        const bool done = database_execute(database, "BEGIN IMMEDIATE") == SQLITE_OK &&
                          database_execute(database, mark) == SQLITE_OK &&
                          upgrade(database, version) &&
                          database_execute(database, "COMMIT") == SQLITE_OK;
        if (done) continue;
        const enum error error = refuse(database, "the tables cannot be made", ret_reason);
        if (!sqlite3_get_autocommit(database->handle)) (void)database_execute(database, "ROLLBACK");
        return error;
    }
    return ERROR_NONE;
}
