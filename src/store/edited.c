#include "store/edited.h"

#include "base/buffer.h"
#include "base/check.h"
#include "base/timestamp.h"

#define MINUTE_MS INT64_C(60000)

/* What a booking was made for, and where its seats are. */
enum {
    KEPT_BY_CLAIMS = EDITED_BIT(SHOWTIME_MOVIE) | EDITED_MOVES_SEATS,
    KEPT_BY_BOOKINGS = KEPT_BY_CLAIMS | EDITED_BIT(SHOWTIME_START),
};

bool edited_judge(struct catalogue_edit *edit, bool known, uint32_t different)
{
    edit->members_changed = known ? different & edit->members : edit->members;
    if (!known) edit->outcome = edit->create ? EDIT_CREATED : EDIT_NOT_FOUND;
    else if (edit->members_changed == 0) edit->outcome = EDIT_SAME;
    else edit->outcome = edit->create ? EDIT_TAKEN : EDIT_CHANGED;
    return edit_wrote(edit);
}

bool edited_judge_showtime(struct catalogue_edit *edit, const struct showtime *stored, bool booked,
                           bool claimed, int64_t now_ms)
{
    CHECK(edit->outcome == EDIT_CHANGED);

    uint32_t kept = 0;
    if (booked) kept |= edit->members_changed & KEPT_BY_BOOKINGS;
    if (claimed) kept |= edit->members_changed & KEPT_BY_CLAIMS;
    if (showtime_status_at(stored->status, stored->ends_at_ms, now_ms) != SHOWTIME_SCHEDULED) {
        edit->outcome = EDIT_OVER;
    } else if (kept != 0) {
        edit->outcome = EDIT_KEPT;
        edit->members_changed = kept;
    }
    return edit_wrote(edit);
}

static bool same_genres(const struct movie *left, const struct movie *right)
{
    if (left->genre_count != right->genre_count) return false;
    for (size_t index = 0; index < left->genre_count; index++) {
        if (!slice_equal(left->genres[index], right->genres[index])) return false;
    }
    return true;
}

uint32_t edited_compare_movie(const struct movie *left, const struct movie *right)
{
    return (uint32_t)!slice_equal(left->title, right->title) << MOVIE_TITLE |
           (uint32_t)(left->duration_minutes != right->duration_minutes) << MOVIE_DURATION |
           (uint32_t)!same_genres(left, right) << MOVIE_GENRE |
           (uint32_t)!slice_equal(left->poster_url, right->poster_url) << MOVIE_POSTER_URL |
           (uint32_t)!slice_equal(left->description, right->description) << MOVIE_DESCRIPTION |
           (uint32_t)!slice_equal(left->release_date, right->release_date) << MOVIE_RELEASE_DATE |
           (uint32_t)!slice_equal(left->status, right->status) << MOVIE_STATUS;
}

uint32_t edited_compare_cinema(const struct cinema *left, const struct cinema *right)
{
    return (uint32_t)!slice_equal(left->name, right->name) << CINEMA_NAME |
           (uint32_t)!slice_equal(left->address, right->address) << CINEMA_ADDRESS |
           (uint32_t)!slice_equal(left->city, right->city) << CINEMA_CITY |
           (uint32_t)!slice_equal(left->phone, right->phone) << CINEMA_PHONE |
           (uint32_t)(left->is_active != right->is_active) << CINEMA_IS_ACTIVE |
           (uint32_t)!slice_equal(left->timezone, right->timezone) << CINEMA_TIMEZONE;
}

static bool other_price(const struct showtime *stored, const struct showtime *wanted)
{
    for (uint32_t type = 0; type < SEAT_TYPE_COUNT; type++) {
        const int64_t price = wanted->prices[type];
        if (price > 0 && price != stored->prices[type]) return true;
    }
    return false;
}

uint32_t edited_compare_showtime(const struct showtime *stored, const struct showtime *wanted)
{
    return (uint32_t)!id_equal(stored->movie, wanted->movie) << SHOWTIME_MOVIE |
           (uint32_t)!id_equal(stored->cinema, wanted->cinema) << SHOWTIME_CINEMA |
           (uint32_t)!slice_equal(stored->screen_id, wanted->screen_id) << SHOWTIME_SCREEN |
           (uint32_t)(stored->starts_at_ms != wanted->starts_at_ms) << SHOWTIME_START |
           (uint32_t)other_price(stored, wanted) << SHOWTIME_PRICE;
}

void edited_merge_movie(uint32_t changed, const struct movie *from, struct movie *movie)
{
    if (edit_has(changed, MOVIE_TITLE)) movie->title = from->title;
    if (edit_has(changed, MOVIE_DURATION)) movie->duration_minutes = from->duration_minutes;
    if (edit_has(changed, MOVIE_GENRE)) {
        movie->genre_count = from->genre_count;
        memcpy(movie->genres, from->genres, sizeof movie->genres);
    }
    if (edit_has(changed, MOVIE_POSTER_URL)) movie->poster_url = from->poster_url;
    if (edit_has(changed, MOVIE_DESCRIPTION)) movie->description = from->description;
    if (edit_has(changed, MOVIE_RELEASE_DATE)) movie->release_date = from->release_date;
    if (edit_has(changed, MOVIE_STATUS)) movie->status = from->status;
}

void edited_merge_cinema(uint32_t changed, const struct cinema *from, struct cinema *cinema)
{
    if (edit_has(changed, CINEMA_NAME)) cinema->name = from->name;
    if (edit_has(changed, CINEMA_ADDRESS)) cinema->address = from->address;
    if (edit_has(changed, CINEMA_CITY)) cinema->city = from->city;
    if (edit_has(changed, CINEMA_PHONE)) cinema->phone = from->phone;
    if (edit_has(changed, CINEMA_IS_ACTIVE)) cinema->is_active = from->is_active;
    if (edit_has(changed, CINEMA_TIMEZONE)) cinema->timezone = from->timezone;
    if (!edit_has(changed, CINEMA_SCREENS)) return;
    cinema->screen_count = from->screen_count;
    cinema->screens = from->screens;
}

void edited_merge_showtime(uint32_t changed, const struct showtime *from, struct showtime *showtime)
{
    if (edit_has(changed, SHOWTIME_MOVIE)) showtime->movie = from->movie;
    if (edit_has(changed, SHOWTIME_CINEMA)) showtime->cinema = from->cinema;
    if (edit_has(changed, SHOWTIME_SCREEN)) showtime->screen_id = from->screen_id;
    if (edit_has(changed, SHOWTIME_START)) showtime->starts_at_ms = from->starts_at_ms;
    if (!edit_has(changed, SHOWTIME_PRICE)) return;
    for (uint32_t type = 0; type < SEAT_TYPE_COUNT; type++) {
        if (from->prices[type] > 0) showtime->prices[type] = from->prices[type];
    }
}

static void describe_text(struct json_writer *json, bool changed, struct slice name,
                          struct slice text)
{
    if (!changed) return;
    json_key(json, name);
    json_text(json, text);
}

void edited_describe_movie(struct json_writer *json, uint32_t changed, const struct movie *movie)
{
    json_open_object(json);
    describe_text(json, edit_has(changed, MOVIE_TITLE), SLICE("title"), movie->title);
    if (edit_has(changed, MOVIE_DURATION)) {
        json_member_number(json, SLICE("duration"), movie->duration_minutes);
    }
    if (edit_has(changed, MOVIE_GENRE)) {
        json_key(json, SLICE("genre"));
        json_open_array(json);
        for (size_t index = 0; index < movie->genre_count; index++) {
            json_text(json, movie->genres[index]);
        }
        json_close_array(json);
    }
    describe_text(json, edit_has(changed, MOVIE_POSTER_URL), SLICE("poster_url"),
                  movie->poster_url);
    describe_text(json, edit_has(changed, MOVIE_DESCRIPTION), SLICE("description"),
                  movie->description);
    describe_text(json, edit_has(changed, MOVIE_RELEASE_DATE), SLICE("release_date"),
                  movie->release_date);
    describe_text(json, edit_has(changed, MOVIE_STATUS), SLICE("status"), movie->status);
    json_close_object(json);
}

void edited_describe_cinema(struct json_writer *json, uint32_t changed, const struct cinema *cinema)
{
    json_open_object(json);
    describe_text(json, edit_has(changed, CINEMA_NAME), SLICE("name"), cinema->name);
    describe_text(json, edit_has(changed, CINEMA_ADDRESS), SLICE("address"), cinema->address);
    describe_text(json, edit_has(changed, CINEMA_CITY), SLICE("city"), cinema->city);
    describe_text(json, edit_has(changed, CINEMA_PHONE), SLICE("phone"), cinema->phone);
    if (edit_has(changed, CINEMA_IS_ACTIVE)) {
        json_key(json, SLICE("is_active"));
        json_bool(json, cinema->is_active);
    }
    describe_text(json, edit_has(changed, CINEMA_TIMEZONE), SLICE("timezone"), cinema->timezone);
    if (edit_has(changed, CINEMA_SCREENS)) {
        json_key(json, SLICE("screens"));
        json_open_array(json);
        for (size_t index = 0; index < cinema->screen_count; index++) {
            json_text(json, cinema->screens[index].screen_id);
        }
        json_close_array(json);
    }
    json_close_object(json);
}

static void describe_id(struct json_writer *json, bool changed, struct slice name, struct id id)
{
    char hex[ID_HEX_SIZE];
    id_format(id, hex);
    describe_text(json, changed, name, (struct slice){hex, sizeof hex});
}

void edited_describe_showtime(struct json_writer *json, uint32_t changed,
                              const struct showtime *showtime)
{
    json_open_object(json);
    describe_id(json, edit_has(changed, SHOWTIME_MOVIE), SLICE("movie_id"), showtime->movie);
    describe_id(json, edit_has(changed, SHOWTIME_CINEMA), SLICE("cinema_id"), showtime->cinema);
    describe_text(json, edit_has(changed, SHOWTIME_SCREEN), SLICE("screen_id"),
                  showtime->screen_id);
    if (edit_has(changed, SHOWTIME_START)) {
        json_key(json, SLICE("start_time"));
        json_time(json, showtime->starts_at_ms);
    }
    if (edit_has(changed, SHOWTIME_PRICE)) {
        json_key(json, SLICE("price"));
        json_open_object(json);
        for (uint32_t type = 0; type < SEAT_TYPE_COUNT; type++) {
            json_member_number(json, seat_type_name((enum seat_type)type), showtime->prices[type]);
        }
        json_close_object(json);
    }
    json_close_object(json);
}

struct slice edited_action(const struct catalogue_edit *edit, char *target)
{
    static const struct slice kinds[] = {[EDIT_MOVIE] = SLICE_INIT("movie"),
                                         [EDIT_CINEMA] = SLICE_INIT("cinema"),
                                         [EDIT_SHOWTIME] = SLICE_INIT("showtime")};
    CHECK(edit_wrote(edit));
    struct buffer action;
    buffer_init(&action, target, EDITED_ACTION_SIZE_MAX);
    buffer_append(&action, kinds[edit->kind]);
    buffer_append(&action, edit->outcome == EDIT_CREATED ? SLICE(".create") : SLICE(".update"));
    CHECK(!action.overflowed);
    return buffer_text(&action);
}

bool edited_set_end(struct catalogue_edit *edit, int64_t minutes, struct showtime *showtime)
{
    CHECK(minutes >= 0);
    CHECK(minutes <= TIMESTAMP_MS_MAX / MINUTE_MS);

    showtime->ends_at_ms = showtime->starts_at_ms + minutes * MINUTE_MS;
    if (showtime->ends_at_ms <= TIMESTAMP_MS_MAX) return true;
    edit->outcome = EDIT_TOO_LATE;
    return false;
}
