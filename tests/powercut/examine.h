/* examine.h - starts a server on what a power cut has left, and looks whether all is there.
 *
 * Shape:  one image at a time.
 * Thread: one.
 */
#pragma once

#include "disk/disk_cut.h"
#include "powercut/history.h"
#include "powercut/ledger.h"

enum { EXAMINE_COPIES_MAX = 4, EXAMINE_FAULT_SIZE = 512 };

/* A backup of the house, beside its file. */
struct examine_copy {
    char name[32];
    uint64_t state;    /* That it shows. */
    bool acknowledged; /* It must be there. */
};

/* What may be expected of the house when the power fails. */
struct examine_truth {
    bool bare; /* It has not begun: nothing may be there. */
    const struct history *history;
    const struct ledger *ledger;
    struct ledger_moment moment;
    uint32_t copy_count;
    const struct examine_copy *copies;
};

/* An image, and what is done to it. */
struct examine_image {
    uint64_t seed;
    enum disk_cut_kind kind;
    bool cut_again; /* While it recovers. */
    bool go_on;     /* Then work with it. */
};

struct examiner {
    struct disk *disk; /* For images. */
    char folder[HOUSE_PATH_SIZE];
    struct house house;
    char *fault; /* [EXAMINE_FAULT_SIZE] */
    uint64_t images;
    uint64_t kinds[DISK_CUT_COUNT];
    uint64_t cut_again; /* The power failed again while it recovered. */
    uint64_t went_on;
    uint64_t replays; /* Of acknowledged keys, on images. */
    uint64_t newer;   /* Held work that was not acknowledged yet: whole. */
    uint64_t copies;  /* Backups that were there, and whole. */
};

void examine_open(struct examiner *examiner, const char *folder);
void examine_close(struct examiner *examiner);

/* Makes the image and looks at it. False, with `fault` set, if something is wrong; else
 * `ret_state` is what it holds, which may be a state that is not in the history yet. */
MUST_USE bool examine_image(struct examiner *examiner, struct disk *disk,
                            const struct examine_image *image, const struct examine_truth *truth,
                            char fault[EXAMINE_FAULT_SIZE], uint64_t *ret_state);
