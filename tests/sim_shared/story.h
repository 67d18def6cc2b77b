/* story.h - short stories that are told with each operation struck in each way.
 *
 * Chance brings two troubles together; these leave out none that comes alone.
 *
 * Thread: fiber 0.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { STORIES = 3 };

/* What happens next: false if the story is over. */
bool story_go_on(uint32_t story, uint32_t step);
