#include "catalogue/read_movie.h"

#include "base/check.h"
#include "calendar/calendar.h"
#include "catalogue/derived_id.h"

enum {
    TITLE_SIZE_MAX = 1024,
    GENRE_SIZE_MAX = 100,
    POSTER_URL_SIZE_MAX = 1024,
    DESCRIPTION_SIZE_MAX = 10 * 1024, /* A page of text; a list shows a hundred of them. */
    RELEASE_DATE_SIZE_MAX = 40,
};

static const struct slice members[] = {
    SLICE_INIT("id"),           SLICE_INIT("title"),      SLICE_INIT("duration"),
    SLICE_INIT("genre"),        SLICE_INIT("poster_url"), SLICE_INIT("description"),
    SLICE_INIT("release_date"), SLICE_INIT("status"),
};

static const struct slice statuses[] = {SLICE_INIT("coming_soon"), SLICE_INIT("now_showing"),
                                        SLICE_INIT("ended")};

enum { STATUS_COUNT = sizeof statuses / sizeof statuses[0] };

static void read_genres(const struct node *list, struct movie *movie)
{
    if (!node_is_array(list, GENRES_MAX)) return;
    for (const struct json *json = list->json->first; json != NULL; json = json->next) {
        const struct node node = node_child(list, json, movie->genre_count);
        movie->genres[movie->genre_count++] =
            node_text(&node, (struct text_rule){1, GENRE_SIZE_MAX, false});
    }
}

static struct slice read_release_date(const struct node *node)
{
    const struct slice text = node_text(node, (struct text_rule){1, RELEASE_DATE_SIZE_MAX, false});
    int64_t moment_ms = 0;
    if (text.size > 0 && !calendar_date_valid(text) && !calendar_parse_moment(text, &moment_ms)) {
        faults_add(node->faults, &node->place,
                   "must be a day (2024-01-15) or a moment (2024-01-15T00:00:00Z)");
    }
    return text;
}

void read_movie(const struct node *node, struct movie *ret_movie)
{
    CHECK(id_is_none(ret_movie->id));

    if (!node_is_object(node, members, sizeof members / sizeof members[0])) return;
    const struct node id = node_member(node, SLICE("id"));
    const struct node title = node_member(node, SLICE("title"));
    const struct node duration = node_member(node, SLICE("duration"));
    const struct node genre = node_member(node, SLICE("genre"));
    const struct node poster_url = node_member(node, SLICE("poster_url"));
    const struct node description = node_member(node, SLICE("description"));
    const struct node release_date = node_member(node, SLICE("release_date"));
    const struct node status = node_member(node, SLICE("status"));
    ret_movie->title = node_text(&title, (struct text_rule){1, TITLE_SIZE_MAX, false});
    ret_movie->duration_minutes = node_integer(&duration, 1, DURATION_MINUTES_MAX);
    read_genres(&genre, ret_movie);
    ret_movie->poster_url =
        node_text(&poster_url, (struct text_rule){0, POSTER_URL_SIZE_MAX, false});
    ret_movie->description =
        node_text(&description, (struct text_rule){0, DESCRIPTION_SIZE_MAX, true});
    ret_movie->release_date = read_release_date(&release_date);
    const size_t word = node_word(&status, statuses, STATUS_COUNT);
    if (word < STATUS_COUNT) ret_movie->status = statuses[word];
    ret_movie->id = node_id(&id);
    if (node->partial || !node_missing(&id) || ret_movie->title.size == 0) return;
    const struct slice parts[] = {ret_movie->title, ret_movie->release_date};
    ret_movie->id = derived_id(SLICE("movie"), parts, sizeof parts / sizeof parts[0]);
}
