#include "sim/probe.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"
#include "base/clock.h"

static struct stage stage;

static bool run_once(const struct play *play, struct probe_result *result)
{
    const bool held = play_run(&stage, play, false);
    result->digest = stage.world.digest;
    return held;
}

static bool run_day(const struct play *play, struct probe_result *result)
{
    if (!run_once(play, result)) return false;
    if (play->seed % PROBE_REPEAT_EVERY != 0) return true;
    const uint64_t first = result->digest;
    const bool held = run_once(play, result);
    MODEL_MUST(&stage.world.model, first == result->digest, "the same seed gave another history");
    return held && first == result->digest;
}

/* What the child does. */
static void run_span(const struct probe_span *span, struct probe_result *result)
{
    for (uint64_t index = 0; index < span->count; index++) {
        if (span->until_us != 0 && clock_steady_us() > span->until_us) break;
        struct play play = span->first;
        play.seed += index;
        result->seed = play.seed;
        if (!run_day(&play, result)) {
            const struct model *model = &stage.world.model;
            result->rule = model->rule;
            result->step = model->step;
            memcpy(result->fault, model->fault, sizeof result->fault);
            result->end = PROBE_BROKEN;
            return;
        }
        result->held++;
    }
    result->end = PROBE_HELD;
}

static void be_silent(void)
{
    const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    CHECK(nowhere >= 0);
    CHECK(dup2(nowhere, STDOUT_FILENO) >= 0);
    CHECK(dup2(nowhere, STDERR_FILENO) >= 0);
}

struct probe_result probe_run(const struct probe_span *span)
{
    struct probe_result *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(shared != MAP_FAILED);
    *shared = (struct probe_result){.end = PROBE_DIED, .seed = span->first.seed};
    fflush(NULL);
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        if (span->silent) be_silent();
        run_span(span, shared);
        /* The end of a long run looks for leaks; those of a thousand short ones need not. */
        if (span->silent) _exit(0);
        exit(0);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    struct probe_result result = *shared;
    munmap(shared, sizeof *shared);
    if (status == 0 && result.end != PROBE_DIED) return result;
    result.end = PROBE_DIED;
    snprintf(result.fault, sizeof result.fault, "the process ended with status %d", status);
    return result;
}

bool probe_same(const struct probe_result *left, const struct probe_result *right)
{
    return left->end == right->end && left->rule == right->rule;
}
