/* edited.h - what an edit changes of an entry: judged, merged and described alike by every store.
 *
 * A set of members has the bit 1 << m of each member m. The screens of a cinema are the store's
 * own to compare: nobody has them all at hand.
 *
 * Thread: any.
 */
#pragma once

#include "ports/catalogue_edit.h"
#include "json/json_write.h"

enum { EDITED_ACTION_SIZE_MAX = 32 };

#define EDITED_BIT(member) (UINT32_C(1) << (member))

/* What moves a showtime's end, and what moves its seats. */
enum {
    EDITED_MOVES_END = EDITED_BIT(SHOWTIME_MOVIE) | EDITED_BIT(SHOWTIME_START),
    EDITED_MOVES_SEATS = EDITED_BIT(SHOWTIME_CINEMA) | EDITED_BIT(SHOWTIME_SCREEN),
};

/* Sets the verdict on an entry that is `known` or not, and differs from the edit's in the
 * members of `different`. True if there is something to write. */
bool edited_judge(struct catalogue_edit *edit, bool known, uint32_t different);

/* The verdict on a change of a known showtime that has bookings or not, whatever became of them,
 * and claims on its seats or not. True if it may be. */
bool edited_judge_showtime(struct catalogue_edit *edit, const struct showtime *stored, bool booked,
                           bool claimed, int64_t now_ms);

/* The members that differ; of a showtime, prices of 0 do not. */
uint32_t edited_compare_movie(const struct movie *left, const struct movie *right);
uint32_t edited_compare_cinema(const struct cinema *left, const struct cinema *right);
uint32_t edited_compare_showtime(const struct showtime *stored, const struct showtime *wanted);

/* Puts the members of `changed` into the entry; of a showtime, prices of 0 stay. */
void edited_merge_movie(uint32_t changed, const struct movie *from, struct movie *movie);
void edited_merge_cinema(uint32_t changed, const struct cinema *from, struct cinema *cinema);
void edited_merge_showtime(uint32_t changed, const struct showtime *from,
                           struct showtime *showtime);

/* Writes the members of `changed` as an object: as they are now; of screens only their names, a
 * layout is as long as a book. */
void edited_describe_movie(struct json_writer *json, uint32_t changed, const struct movie *movie);
void edited_describe_cinema(struct json_writer *json, uint32_t changed,
                            const struct cinema *cinema);
void edited_describe_showtime(struct json_writer *json, uint32_t changed,
                              const struct showtime *showtime);

/* `movie.create`, in `target` of EDITED_ACTION_SIZE_MAX. */
struct slice edited_action(const struct catalogue_edit *edit, char *target);

/* The end of a showtime by its movie's duration. False if there is no such moment: the verdict
 * says so. */
bool edited_set_end(struct catalogue_edit *edit, int64_t minutes, struct showtime *showtime);
