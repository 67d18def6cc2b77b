/* catalogue_entry.h - one movie, cinema or showtime out of a request, checked as in a file.
 *
 * The same readers, bounds and sentences as for a whole catalogue, so that what staff may say
 * in a request is what a file may say. A change gives only the members that it is about.
 *
 * Errors: false, with the faults listed; their places are the request's members.
 * Source: docs/programme.md
 */
#pragma once

#include "catalogue/faults.h"
#include "ports/catalogue_edit.h"
#include "json/json_read.h"

/* Fills in the edit's members and its entry from `root`; kind and `create` are set before. The
 * id of an entry to be added is the one given, or derived; of one to be changed, the one given
 * or none. Texts are borrowed from the tree, screens are taken from the arena. */
MUST_USE bool catalogue_entry_read(const struct json *root, struct arena *arena,
                                   struct catalogue_edit *edit, struct faults *faults);

/* The contract's name of a member. */
struct slice catalogue_entry_member(enum edit_kind kind, uint32_t member);
