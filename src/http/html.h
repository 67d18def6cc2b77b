/* html.h - text into HTML, so that nothing from outside becomes markup.
 *
 * Thread: any.
 */
#pragma once

#include "base/buffer.h"

/* Appends text for an element or a quoted attribute. */
void html_append(struct buffer *buffer, struct slice text);
