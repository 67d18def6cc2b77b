/* mongo_audit_cut.h - a showtime's document, and the rules that it alone can break.
 *
 * Thread: the audit's.
 */
#pragma once

#include "store/mongo/mongo_audit_state.h"

/* Takes the cut out of the document. False if bookings cannot be judged by it, which
 * mongo_audit_cut_judge explains. */
MUST_USE bool mongo_audit_cut_take(struct mongo_audit *audit, struct id showtime,
                                   const bson_t *document);

/* Says what is wrong with a document that was taken, or could not be. */
void mongo_audit_cut_judge(struct mongo_audit *audit, const bson_t *document);

/* The seat of that name, or NULL if the showtime has none. */
struct mongo_audit_seat *mongo_audit_cut_seat(struct mongo_audit_cut *cut, struct seat_name name);

/* The name of a seat by its position in the cut. */
struct seat_name mongo_audit_cut_name(uint32_t position);
