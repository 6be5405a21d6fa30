#include "originbypass/refresh.h"

#include <stdlib.h>
#include <string.h>

#include "originbypass/clock.h"
#include "originbypass/counters.h"
#include "originbypass/metrics.h"

/* What the thread takes along. */
struct refresh {
    struct fetch fetch;
    struct name name;
    char host[NAME_LENGTH_MAX + 2]; /* with a final dot, and a NUL */
};

static void refresh(void *given) {
    struct refresh *refresh = given;
    struct process_hold hold;
    if (process_enter(&hold, refresh->fetch.deadline_ms)) {
        fetch_lead(&hold, &refresh->fetch);
        process_leave(&hold);
    }
    if (refresh->fetch.failed != 0)
        counters_add(COUNTER_REFRESH_FAILURES);
    metrics_write_if_due(clock_recent_ms());
    fetch_end(&refresh->fetch);
    in_force_release(refresh->fetch.configuration);
    free(refresh);
}

bool refresh_start(struct fetch *fetch) {
    struct refresh *given = calloc(1, sizeof(*given));
    if (given == NULL)
        return false;
    given->fetch = *fetch;
    given->name = *fetch->name;
    given->fetch.name = &given->name;
    given->fetch.host = strncpy(given->host, fetch->host, sizeof(given->host) - 1);
    in_force_hold_again(fetch->configuration);
    if (!process_start_thread(refresh, given)) {
        in_force_release(fetch->configuration);
        free(given);
        return false;
    }
    counters_add(COUNTER_REFRESHES);
    fetch->joins |= fetch->leads;
    fetch->leads = 0;
    fetch->lands[0] = fetch->lands[1] = false;
    return true;
}
