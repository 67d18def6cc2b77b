#include "http/back_office.h"

#include <pthread.h>

#include "base/check.h"
#include "base/clock.h"
#include "http/problem.h"

struct errand {
    struct exchange *exchange;
    struct command *command; /* The clerk's to use; of the desk that asked. */
    desk_work *work;
    struct id current;
    uint32_t loop;
    int64_t asked_us;
    struct errand *next;
};

struct errands {
    struct errand *first;
    struct errand *last;
};

/* Errands with a showtime that must be current. */
struct line {
    struct errands errands;
    bool asking;
};

/* What a clerk has taken to do. */
struct taken {
    struct errands errands;
    struct line *line; /* NULL: no version is to be asked for. */
    enum consistency consistency;
};

struct clerk {
    struct back_office *office;
    pthread_t thread;
    void *state;
    struct desk *desk;
};

struct back_office {
    struct back_office_options options;
    pthread_mutex_t mutex; /* Guards what follows, up to the clerks. */
    pthread_cond_t arrival;
    struct errands plain;
    struct line lines[CONSISTENCY_COUNT];
    bool stopping;
    uint32_t waiting;
    uint32_t entered;
    bool enter_failed;
    struct errands done[WRITER_LOOPS_MAX];
    struct errand *free_errands;
    uint32_t started;
    struct clerk clerks[BACK_OFFICE_CLERKS_MAX];
    struct errand errands[BACK_OFFICE_WAITING_MAX];
};

static void push(struct errands *errands, struct errand *errand)
{
    errand->next = NULL;
    if (errands->last == NULL) errands->first = errand;
    else errands->last->next = errand;
    errands->last = errand;
}

static struct errand *pop(struct errands *errands)
{
    struct errand *errand = errands->first;
    if (errand == NULL) return NULL;
    errands->first = errand->next;
    if (errands->first == NULL) errands->last = NULL;
    errand->next = NULL;
    return errand;
}

struct back_office *back_office_open(const struct back_office_options *options)
{
    CHECK(options->clerk_count >= 1 && options->clerk_count <= BACK_OFFICE_CLERKS_MAX);
    CHECK(options->loop_count < WRITER_LOOPS_MAX);

    struct back_office *office = calloc(1, sizeof *office);
    if (office == NULL) return NULL;
    office->options = *options;
    CHECK(pthread_mutex_init(&office->mutex, NULL) == 0);
    CHECK(pthread_cond_init(&office->arrival, NULL) == 0);
    for (uint32_t place = 0; place < BACK_OFFICE_WAITING_MAX; place++) {
        office->errands[place].next = office->free_errands;
        office->free_errands = &office->errands[place];
    }
    return office;
}

void back_office_close(struct back_office *office)
{
    if (office == NULL) return;
    CHECK(office->started == 0);
    pthread_cond_destroy(&office->arrival);
    pthread_mutex_destroy(&office->mutex);
    free(office);
}

/* Which version each errand's showtime has: one question for all of them. */
static void check(struct clerk *clerk, const struct taken *taken, struct checked *answers)
{
    const struct errands *errands = &taken->errands;
    struct id showtimes[BACK_OFFICE_CHECKED_MAX] = {0};
    uint64_t versions[BACK_OFFICE_CHECKED_MAX] = {0};
    uint32_t count = 0;
    for (const struct errand *errand = errands->first; errand != NULL; errand = errand->next) {
        uint32_t place = 0;
        while (place < count && !id_equal(showtimes[place], errand->current)) place++;
        if (place == count) showtimes[count++] = errand->current;
    }
    const enum error error = clerk->office->options.versions(clerk->state, taken->consistency,
                                                             showtimes, count, versions);
    uint32_t index = 0;
    for (const struct errand *errand = errands->first; errand != NULL; errand = errand->next) {
        uint32_t place = 0;
        while (!id_equal(showtimes[place], errand->current)) place++;
        enum error of_this = error;
        if (error == ERROR_NONE && versions[place] == 0) of_this = ERROR_SHOWTIME_NOT_FOUND;
        answers[index++] = (struct checked){true, of_this, versions[place]};
    }
}

static void hand_back(struct back_office *office, struct errand *errand)
{
    pthread_mutex_lock(&office->mutex);
    push(&office->done[errand->loop], errand);
    pthread_mutex_unlock(&office->mutex);
    office->options.wake(office->options.context, errand->loop);
}

static bool is_late(const struct errand *errand)
{
    return clock_steady_us() - errand->asked_us >= BACK_OFFICE_PATIENCE_US;
}

static void run(struct clerk *clerk, struct errand *errand, bool late, struct checked checked)
{
    struct exchange *exchange = errand->exchange;
    clerk->desk->lent_command = errand->command;
    clerk->desk->checked = checked;
    if (late) {
        problem_reply_error(exchange, ERROR_STORE_UNAVAILABLE, clock_now_ms());
    } else {
        errand->work(clerk->desk, exchange);
    }
    hand_back(clerk->office, errand);
}

/* The line to ask for next: of those that may be asked for, where the first has waited longest. */
static struct line *choose(struct back_office *office)
{
    struct line *chosen = NULL;
    for (int place = 0; place < CONSISTENCY_COUNT; place++) {
        struct line *line = &office->lines[place];
        const struct errand *first = line->errands.first;
        if (first == NULL || line->asking) continue;
        if (chosen == NULL || first->asked_us < chosen->errands.first->asked_us) chosen = line;
    }
    return chosen;
}

static struct taken take_from(struct back_office *office, struct line *line)
{
    struct taken taken = {.line = line, .consistency = (enum consistency)(line - office->lines)};
    const struct id showtime = line->errands.first->current;
    const bool strong = taken.consistency == CONSISTENCY_STRONG;
    for (uint32_t count = 0; count < BACK_OFFICE_CHECKED_MAX; count++) {
        const struct errand *next = line->errands.first;
        if (next == NULL || (strong && !id_equal(next->current, showtime))) break;
        struct errand *errand = pop(&line->errands);
        if (errand != NULL) push(&taken.errands, errand);
    }
    line->asking = true;
    return taken;
}

static bool nobody_waits(const struct back_office *office)
{
    for (int place = 0; place < CONSISTENCY_COUNT; place++) {
        if (office->lines[place].errands.first != NULL) return false;
    }
    return office->plain.first == NULL;
}

/* Takes what is to be done next; none when the end has come and nothing waits. Holds the
 * mutex. */
static struct taken take(struct back_office *office)
{
    for (;;) {
        struct line *line = choose(office);
        if (line != NULL) return take_from(office, line);
        struct taken taken = {0};
        struct errand *errand = pop(&office->plain);
        if (errand != NULL) push(&taken.errands, errand);
        if (errand != NULL || (office->stopping && nobody_waits(office))) return taken;
        pthread_cond_wait(&office->arrival, &office->mutex);
    }
}

/* Asks for those who are not late, and lets the next question be asked. */
static void ask(struct clerk *clerk, const struct taken *taken, struct checked *answers)
{
    struct back_office *office = clerk->office;
    if (!is_late(taken->errands.last)) check(clerk, taken, answers);
    pthread_mutex_lock(&office->mutex);
    taken->line->asking = false;
    if (office->stopping) pthread_cond_broadcast(&office->arrival);
    else pthread_cond_signal(&office->arrival);
    pthread_mutex_unlock(&office->mutex);
}

static void run_all(struct clerk *clerk, struct taken taken)
{
    struct checked answers[BACK_OFFICE_CHECKED_MAX] = {0};
    uint32_t index = 0;
    if (taken.line != NULL) ask(clerk, &taken, answers);
    struct errand *errand = NULL;
    while ((errand = pop(&taken.errands)) != NULL) {
        const struct checked checked = answers[index++];
        const bool late = taken.line != NULL ? !checked.known : is_late(errand);
        run(clerk, errand, late, checked);
    }
}

static void *work(void *argument)
{
    struct clerk *clerk = argument;
    struct back_office *office = clerk->office;
    clerk->state = office->options.enter(office->options.context, &clerk->desk);
    pthread_mutex_lock(&office->mutex);
    office->entered++;
    if (clerk->state == NULL) office->enter_failed = true;
    pthread_cond_broadcast(&office->arrival);
    struct taken taken = {0};
    if (clerk->state != NULL) taken = take(office);
    while (taken.errands.first != NULL) {
        pthread_mutex_unlock(&office->mutex);
        run_all(clerk, taken);
        pthread_mutex_lock(&office->mutex);
        taken = take(office);
    }
    pthread_mutex_unlock(&office->mutex);
    if (clerk->state != NULL) office->options.leave(office->options.context, clerk->state);
    return NULL;
}

bool back_office_start(struct back_office *office)
{
    for (uint32_t place = 0; place < office->options.clerk_count; place++) {
        struct clerk *clerk = &office->clerks[place];
        clerk->office = office;
        if (pthread_create(&clerk->thread, NULL, work, clerk) != 0) return false;
        office->started++;
    }
    pthread_mutex_lock(&office->mutex);
    while (office->entered < office->started) {
        pthread_cond_wait(&office->arrival, &office->mutex);
    }
    const bool well = !office->enter_failed;
    pthread_mutex_unlock(&office->mutex);
    return well;
}

void back_office_stop(struct back_office *office)
{
    pthread_mutex_lock(&office->mutex);
    office->stopping = true;
    pthread_cond_broadcast(&office->arrival);
    pthread_mutex_unlock(&office->mutex);
    for (uint32_t place = 0; place < office->started; place++) {
        CHECK(pthread_join(office->clerks[place].thread, NULL) == 0);
    }
    office->started = 0;
}

/* Queues an errand; false if too many wait. */
static bool queue(struct back_office *office, const struct errand *wanted)
{
    pthread_mutex_lock(&office->mutex);
    struct errand *errand = office->stopping ? NULL : office->free_errands;
    if (errand != NULL) {
        office->free_errands = errand->next;
        *errand = *wanted;
        struct line *line = &office->lines[wanted->exchange->consistency];
        push(id_is_none(wanted->current) ? &office->plain : &line->errands, errand);
        pthread_cond_signal(&office->arrival);
    }
    pthread_mutex_unlock(&office->mutex);
    return errand != NULL;
}

void back_office_ask(struct back_office *office, struct desk *desk, struct exchange *exchange,
                     desk_work *work, struct id current)
{
    CHECK(work != NULL);

    const bool open = office->options.is_open(office->options.context);
    struct command *command = open ? desk_take(desk) : NULL;
    enum error error = open ? ERROR_OVERLOADED : ERROR_STORE_UNAVAILABLE;
    if (command != NULL) {
        exchange_lend(exchange);
        const struct errand errand = {.exchange = exchange,
                                      .command = command,
                                      .work = work,
                                      .current = current,
                                      .loop = desk->loop,
                                      .asked_us = clock_steady_us()};
        if (queue(office, &errand)) return;
        (void)exchange_take_back(exchange);
        desk_give_back(desk, command);
        error = ERROR_OVERLOADED;
    }
    problem_reply_error(exchange, error, clock_now_ms());
}

void back_office_collect(struct back_office *office, struct desk *desk)
{
    pthread_mutex_lock(&office->mutex);
    struct errands done = office->done[desk->loop];
    office->done[desk->loop] = (struct errands){0};
    pthread_mutex_unlock(&office->mutex);
    struct errand *errand = done.first;
    if (errand == NULL) return;
    for (; errand != NULL; errand = errand->next) {
        desk_take_over(desk, errand->exchange, errand->command);
    }
    pthread_mutex_lock(&office->mutex);
    done.last->next = office->free_errands;
    office->free_errands = done.first;
    pthread_mutex_unlock(&office->mutex);
}
