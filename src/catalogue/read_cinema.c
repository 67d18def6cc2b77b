#include "catalogue/read_cinema.h"

#include "calendar/calendar.h"
#include "catalogue/derived_id.h"
#include "catalogue/read_plan.h"
#include "core/layout.h"

enum {
    NAME_SIZE_MAX = 1024,
    SCREEN_NAME_SIZE_MAX = 256,
};

static const struct slice cinema_members[] = {
    SLICE_INIT("id"),    SLICE_INIT("name"),      SLICE_INIT("address"),  SLICE_INIT("city"),
    SLICE_INIT("phone"), SLICE_INIT("is_active"), SLICE_INIT("timezone"), SLICE_INIT("screens"),
};

static const struct slice screen_members[] = {
    SLICE_INIT("screen_id"),   SLICE_INIT("name"),        SLICE_INIT("type"),
    SLICE_INIT("total_seats"), SLICE_INIT("seat_layout"),
};

static const struct slice types[] = {SLICE_INIT("standard"), SLICE_INIT("imax"), SLICE_INIT("3d"),
                                     SLICE_INIT("4dx"), SLICE_INIT("vip")};

enum { TYPE_COUNT = sizeof types / sizeof types[0] };

static void read_total(const struct node *node, const struct seat_plan *plan, struct screen *screen)
{
    const int64_t total = node_integer(node, 1, SEATS_PER_SHOWTIME_MAX);
    screen->total_seats = (uint32_t)total;
    if (plan == NULL || node_missing(node)) return;
    const uint32_t seats = layout_seats(&plan->layout);
    if (total != seats) {
        faults_add(node->faults, &node->place, "must be %u, the seats of the layout", seats);
    }
}

static void read_screen(const struct node *node, struct seat_plan *plan, struct screen *screen)
{
    if (!node_is_object(node, screen_members, sizeof screen_members / sizeof screen_members[0])) {
        return;
    }
    const struct node screen_id = node_member(node, SLICE("screen_id"));
    const struct node name = node_member(node, SLICE("name"));
    const struct node type = node_member(node, SLICE("type"));
    const struct node total_seats = node_member(node, SLICE("total_seats"));
    const struct node seat_layout = node_member(node, SLICE("seat_layout"));
    screen->screen_id = node_text(&screen_id, (struct text_rule){1, SCREEN_ID_SIZE_MAX, false});
    screen->name = node_text(&name, (struct text_rule){1, SCREEN_NAME_SIZE_MAX, false});
    const size_t word = node_word(&type, types, TYPE_COUNT);
    if (word < TYPE_COUNT) screen->type = types[word];
    if (read_plan(&seat_layout, plan)) screen->plan = plan;
    read_total(&total_seats, screen->plan, screen);
}

static void report_same_screens(const struct node *list, const struct cinema *cinema)
{
    size_t index = 0;
    for (const struct json *json = list->json->first; json != NULL; json = json->next, index++) {
        const struct slice screen_id = cinema->screens[index].screen_id;
        for (size_t before = 0; before < index && screen_id.size > 0; before++) {
            if (!slice_equal(cinema->screens[before].screen_id, screen_id)) continue;
            const struct node node = node_child(list, json, index);
            const struct node member = node_member(&node, SLICE("screen_id"));
            faults_add(member.faults, &member.place, "is that of screens[%zu] too", before);
            break;
        }
    }
}

static bool read_screens(const struct node *list, struct arena *arena, struct cinema *cinema)
{
    if (node_missing(list)) {
        if (!list->optional) faults_add(list->faults, &list->place, "is missing");
        return true;
    }
    if (!node_is_array(list, SCREENS_MAX)) return true;
    const size_t count = list->json->count;
    struct screen *screens = arena_take(arena, count * sizeof *screens);
    if (screens == NULL) return false;
    cinema->screens = screens;
    cinema->screen_count = count;
    size_t index = 0;
    for (const struct json *json = list->json->first; json != NULL; json = json->next, index++) {
        struct seat_plan *plan = arena_take(arena, sizeof *plan);
        if (plan == NULL) return false;
        const struct node node = node_child(list, json, index);
        read_screen(&node, plan, &screens[index]);
    }
    report_same_screens(list, cinema);
    return true;
}

static struct slice read_zone(const struct node *node)
{
    const struct slice usual = SLICE("Asia/Ho_Chi_Minh");
    if (node_missing(node)) return usual;
    const struct slice zone = node_text(node, (struct text_rule){1, CALENDAR_ZONE_SIZE_MAX, false});
    if (zone.size == 0) return usual;
    if (calendar_zone_known(zone)) return zone;
    faults_add(node->faults, &node->place,
               "%.*s is not a known time zone, such as Asia/Ho_Chi_Minh", (int)zone.size,
               zone.data);
    return usual;
}

bool read_cinema(const struct node *node, struct arena *arena, struct cinema *ret_cinema)
{
    CHECK(id_is_none(ret_cinema->id));

    if (!node_is_object(node, cinema_members, sizeof cinema_members / sizeof cinema_members[0])) {
        return true;
    }
    const struct text_rule needed = {1, NAME_SIZE_MAX, false};
    const struct text_rule optional = {0, NAME_SIZE_MAX, false};
    const struct node id = node_member(node, SLICE("id"));
    const struct node name = node_member(node, SLICE("name"));
    const struct node address = node_member(node, SLICE("address"));
    const struct node city = node_member(node, SLICE("city"));
    const struct node phone = node_member(node, SLICE("phone"));
    const struct node is_active = node_member(node, SLICE("is_active"));
    const struct node timezone = node_member(node, SLICE("timezone"));
    const struct node screens = node_member(node, SLICE("screens"));
    ret_cinema->name = node_text(&name, needed);
    ret_cinema->address = node_text(&address, optional);
    ret_cinema->city = node_text(&city, needed);
    ret_cinema->phone = node_text(&phone, optional);
    ret_cinema->is_active = node_flag(&is_active, true);
    ret_cinema->timezone = read_zone(&timezone);
    ret_cinema->id = node_id(&id);
    if (!node->partial && node_missing(&id) && ret_cinema->name.size > 0) {
        const struct slice parts[] = {ret_cinema->name, ret_cinema->city};
        ret_cinema->id = derived_id(SLICE("cinema"), parts, sizeof parts / sizeof parts[0]);
    }
    return read_screens(&screens, arena, ret_cinema);
}
