#include "catalogue/read_plan.h"

#include "base/check.h"
#include "core/layout.h"

static const struct slice members[] = {
    SLICE_INIT("rows"),  SLICE_INIT("cols"),         SLICE_INIT("unavailable"),
    SLICE_INIT("types"), SLICE_INIT("aisles_after"), SLICE_INIT("accessible"),
};

/* The place that a seat's name means; PLACE_NONE, and a fault, if it means none. */
static uint32_t find_place(const struct node *node, struct slice name,
                           const struct seat_layout *layout)
{
    struct seat_name parsed;
    if (!seat_name_parse(name, &parsed)) {
        faults_add(node->faults, &node->place, "must be a seat such as A1");
        return PLACE_NONE;
    }
    if (parsed.zeros > 0 || parsed.row >= layout->rows || parsed.col < 1 ||
        parsed.col > layout->cols) {
        faults_add(node->faults, &node->place, "seat %.*s is outside of the layout", (int)name.size,
                   name.data);
        return PLACE_NONE;
    }
    return (uint32_t)parsed.row * layout->cols + parsed.col - 1;
}

/* The place of an element of a list of seats. */
static uint32_t read_place(const struct node *node, const struct seat_layout *layout)
{
    if (node->json->kind != JSON_STRING) {
        faults_add(node->faults, &node->place, "must be a seat such as A1");
        return PLACE_NONE;
    }
    return find_place(node, node->json->text, layout);
}

static void read_unavailable(const struct node *list, struct seat_layout *layout)
{
    if (!node_is_array(list, SEATS_PER_SHOWTIME_MAX)) return;
    size_t index = 0;
    for (const struct json *json = list->json->first; json != NULL; json = json->next) {
        const struct node node = node_child(list, json, index++);
        const uint32_t place = read_place(&node, layout);
        if (place == PLACE_NONE) continue;
        if (layout->types[place] == SEAT_TYPE_COUNT) {
            faults_add(node.faults, &node.place, "is named twice");
        }
        layout->types[place] = SEAT_TYPE_COUNT;
    }
}

static void read_types(const struct node *object, struct seat_layout *layout)
{
    if (node_missing(object)) return;
    if (object->json->kind != JSON_OBJECT) {
        faults_add(object->faults, &object->place, "must be an object");
        return;
    }
    for (const struct json *json = object->json->first; json != NULL; json = json->next) {
        const struct node node = node_child(object, json, 0);
        const uint32_t place = find_place(&node, json->key, layout);
        if (place == PLACE_NONE) continue;
        enum seat_type type = SEAT_STANDARD;
        if (json->kind != JSON_STRING || !seat_type_parse(json->text, &type)) {
            faults_add(node.faults, &node.place, "must be one of: standard, vip, couple");
        } else if (layout->types[place] == SEAT_TYPE_COUNT) {
            faults_add(node.faults, &node.place, "is unavailable");
        } else {
            layout->types[place] = (uint8_t)type;
        }
    }
}

/* Aisles are kept in the order of their columns, however they were written. */
static void read_aisles(const struct node *list, struct seat_plan *plan)
{
    if (!node_is_array(list, COLS_MAX)) return;
    bool behind[COLS_MAX + 1] = {false};
    size_t index = 0;
    for (const struct json *json = list->json->first; json != NULL; json = json->next) {
        const struct node node = node_child(list, json, index++);
        const int64_t column = json->kind == JSON_INTEGER ? json->integer : 0;
        if (column < 1 || column >= plan->layout.cols) {
            faults_add(node.faults, &node.place, "must be a column with another one behind it");
        } else if (behind[column]) {
            faults_add(node.faults, &node.place, "is named twice");
        } else {
            behind[column] = true;
        }
    }
    for (uint8_t column = 1; column < COLS_MAX; column++) {
        if (behind[column]) plan->aisles_after[plan->aisle_count++] = column;
    }
}

static void read_accessible(const struct node *list, struct seat_plan *plan)
{
    if (!node_is_array(list, SEATS_PER_SHOWTIME_MAX)) return;
    bool chosen[SEATS_PER_SHOWTIME_MAX] = {false};
    size_t index = 0;
    for (const struct json *json = list->json->first; json != NULL; json = json->next) {
        const struct node node = node_child(list, json, index++);
        const uint32_t place = read_place(&node, &plan->layout);
        if (place == PLACE_NONE) continue;
        if (plan->layout.types[place] == SEAT_TYPE_COUNT) {
            faults_add(node.faults, &node.place, "is unavailable");
        } else if (chosen[place]) {
            faults_add(node.faults, &node.place, "is named twice");
        } else {
            chosen[place] = true;
        }
    }
    for (uint32_t place = 0; place < layout_places(&plan->layout); place++) {
        if (chosen[place]) plan->accessible[plan->accessible_count++] = (uint16_t)place;
    }
}

bool read_plan(const struct node *node, struct seat_plan *ret_plan)
{
    CHECK(ret_plan->layout.rows == 0);

    const size_t faults_before = node->faults->count;
    if (!node_is_object(node, members, sizeof members / sizeof members[0])) return false;
    struct seat_layout *layout = &ret_plan->layout;
    const struct node rows = node_member(node, SLICE("rows"));
    const struct node cols = node_member(node, SLICE("cols"));
    layout->rows = (uint16_t)node_integer(&rows, 1, ROWS_MAX);
    layout->cols = (uint16_t)node_integer(&cols, 1, COLS_MAX);
    if (node->faults->count > faults_before) return false;
    for (uint32_t place = 0; place < layout_places(layout); place++) {
        layout->types[place] = (uint8_t)layout_default_type(layout->rows, layout->cols, place);
    }
    const struct node unavailable = node_member(node, SLICE("unavailable"));
    const struct node types = node_member(node, SLICE("types"));
    const struct node aisles = node_member(node, SLICE("aisles_after"));
    const struct node accessible = node_member(node, SLICE("accessible"));
    read_unavailable(&unavailable, layout);
    read_types(&types, layout);
    read_aisles(&aisles, ret_plan);
    read_accessible(&accessible, ret_plan);
    if (layout_seats(layout) == 0) faults_add(node->faults, &node->place, "has no seats");
    return node->faults->count == faults_before;
}
