/* model_edit.h - what becomes of an edit of a showtime, by the auditor's own word. */
#pragma once

#include "ports/catalogue_edit.h"
#include "sim/model.h"

/* Judges the answer of an edit and learns from it. */
void model_edit_hear(struct model *model, const struct command *command);

/* The edit's batch was kept, though nobody was told. True if it changed something. */
bool model_edit_absorb(struct model *model, const struct catalogue_edit *edit);
