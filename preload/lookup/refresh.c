#include "originbypass/lookup/refresh.h"

#include <stdlib.h>
#include <string.h>

#include "originbypass/guest/beside.h"
#include "originbypass/guest/clock.h"
#include "originbypass/metrics/counters.h"
#include "originbypass/metrics/metrics.h"

_Static_assert(UPSTREAM_DESCRIPTORS_MAX <= TASK_DESCRIPTORS_MAX, "a task may wait for all descriptors of a race");

/* What the thread takes with it. */
struct refresh {
    struct task task;
    struct fetch fetch;
    bool begun;
    struct name name;
    char host[NAME_LENGTH_MAX + 2]; /* with a final dot, and a NUL */
};

static void end_refresh(struct refresh *refresh) {
    if (refresh->fetch.failed != 0)
        counters_add(COUNTER_REFRESH_FAILURES);
    metrics_write_if_due(clock_recent_ms());
    fetch_end(&refresh->fetch);
    in_force_release(refresh->fetch.configuration);
    free(refresh);
}

static bool continue_refresh(struct task *task) {
    struct refresh *refresh = (struct refresh *)task;
    bool over = !refresh->begun && !fetch_begin_to_lead(&refresh->fetch);
    refresh->begun = true;
    if (!over && !fetch_go_on(&refresh->fetch))
        return false;
    end_refresh(refresh);
    return true;
}

static uint64_t refresh_due_ms(const struct task *task) {
    return upstream_due_ms(((const struct refresh *)task)->fetch.race);
}

static size_t refresh_descriptors(struct task *task, struct pollfd *to_wait_for, size_t room) {
    return upstream_descriptors(((struct refresh *)task)->fetch.race, to_wait_for, room);
}

static void process_refresh(struct task *task, const struct pollfd *waited_for) {
    upstream_process(((struct refresh *)task)->fetch.race, waited_for);
}

static struct refresh *copy_fetch(const struct fetch *fetch) {
    static const struct task_kind kind = {continue_refresh, refresh_due_ms, refresh_descriptors, process_refresh};
    struct refresh *refresh = calloc(1, sizeof(*refresh));
    if (refresh == NULL)
        return NULL;
    refresh->task.kind = &kind;
    refresh->fetch = *fetch;
    refresh->name = *fetch->name;
    refresh->fetch.name = &refresh->name;
    refresh->fetch.instead_of = NULL;
    refresh->fetch.host = strncpy(refresh->host, fetch->host, sizeof(refresh->host) - 1);
    return refresh;
}

/* From now on the flights belong to the thread, in which no signal handler runs. */
static void hand_over_flights(const struct fetch *fetch) {
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        if (fetch->lands[type])
            flight_hand_over(&fetch->flights[type]);
}

bool refresh_start(struct fetch *fetch) {
    struct refresh *refresh = copy_fetch(fetch);
    if (refresh == NULL)
        return false;
    in_force_acquire_again(fetch->configuration);
    if (!beside_run(&refresh->task)) {
        in_force_release(fetch->configuration);
        free(refresh);
        return false;
    }
    hand_over_flights(fetch);
    counters_add(COUNTER_REFRESHES);
    fetch->joins |= fetch->leads;
    fetch->leads = 0;
    fetch->lands[0] = fetch->lands[1] = false;
    return true;
}
