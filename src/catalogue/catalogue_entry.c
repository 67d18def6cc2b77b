#include "catalogue/catalogue_entry.h"

#include "catalogue/read_cinema.h"
#include "catalogue/read_movie.h"
#include "catalogue/read_showtime.h"

#define NAME(name, text) SLICE_INIT(text),
static const struct slice movie_names[] = {MOVIE_MEMBERS(NAME)};
static const struct slice cinema_names[] = {CINEMA_MEMBERS(NAME)};
static const struct slice showtime_names[] = {SHOWTIME_MEMBERS(NAME)};
#undef NAME

static const struct {
    const struct slice *names;
    uint32_t count;
} kinds[] = {[EDIT_MOVIE] = {movie_names, MOVIE_MEMBER_COUNT},
             [EDIT_CINEMA] = {cinema_names, CINEMA_MEMBER_COUNT},
             [EDIT_SHOWTIME] = {showtime_names, SHOWTIME_MEMBER_COUNT}};

struct slice catalogue_entry_member(enum edit_kind kind, uint32_t member)
{
    CHECK(kind <= EDIT_SHOWTIME);
    CHECK(member < kinds[kind].count);
    return kinds[kind].names[member];
}

/* Those that stand in `root`; all, if they are to be filled in. */
static uint32_t members_of(const struct json *root, const struct catalogue_edit *edit)
{
    uint32_t members = 0;
    for (uint32_t member = 0; member < kinds[edit->kind].count; member++) {
        const bool given = json_member(root, catalogue_entry_member(edit->kind, member)) != NULL;
        if (given || edit->create) members |= UINT32_C(1) << member;
    }
    return members;
}

bool catalogue_entry_read(const struct json *root, struct arena *arena, struct catalogue_edit *edit,
                          struct faults *faults)
{
    CHECK(root != NULL);
    CHECK(faults->count == 0);

    const struct node node = {.json = root, .faults = faults, .partial = !edit->create};
    edit->members = members_of(root, edit);
    if (edit->kind == EDIT_MOVIE) {
        read_movie(&node, &edit->movie);
    } else if (edit->kind == EDIT_SHOWTIME) {
        read_single_showtime(&node, &edit->showtime);
    } else if (!read_cinema(&node, arena, &edit->cinema)) {
        faults_add(faults, &node.place, "does not fit into memory");
    }
    return faults->count == 0;
}
