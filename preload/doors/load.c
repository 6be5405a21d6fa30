#include "originbypass/doors/load.h"

#include <stdatomic.h>

#include "originbypass/cache/cache.h"
#include "originbypass/config/parse.h"
#include "originbypass/doors/expansion.h"
#include "originbypass/doors/requests.h"
#include "originbypass/guest/at_fork.h"
#include "originbypass/guest/beside.h"
#include "originbypass/guest/clock.h"
#include "originbypass/guest/descriptor.h"
#include "originbypass/guest/libc.h"
#include "originbypass/guest/log.h"
#include "originbypass/guest/process.h"
#include "originbypass/guest/stack.h"
#include "originbypass/in_force/configuration.h"
#include "originbypass/in_force/published.h"
#include "originbypass/lookup/flights.h"
#include "originbypass/lookup/nat64.h"
#include "originbypass/metrics/counters.h"
#include "originbypass/metrics/metrics.h"
#include "originbypass/rules/warnings.h"
#include "originbypass/upstream/cookie.h"
#include "originbypass/upstream/health.h"
#include "originbypass/upstream/upstream.h"

_Atomic uint32_t load_state = LOAD_NEW;

/* What a new copy of the process (fork(2) and similar calls) does before its first lookup. */
static void adopt(void) {
    upstream_abandon();
    descriptors_adopt();
    beside_adopt();
    configuration_adopt();
    cache_adopt();
    expansions_adopt();
    flights_adopt();
    nat64_adopt();
    requests_adopt();
    health_adopt();
    cookies_adopt();
    warnings_adopt();
    counters_reset_in_child();
    metrics_adopt();
}

/* Clean up what a thread left when it jumped out of a lookup. */
static void clear_up(void) {
    upstream_abandon();
    flights_abandon();
}

/*
 * Get everything that must be there before the program can chroot, drop its privileges or close descriptors. Nothing is
 * parsed.
 */
static enum load_state load(void) {
    static const enum published_state states[] = {[CONFIG_AT_LOAD_GIVEN] = PUBLISHED_WAITING,
                                                  [CONFIG_AT_LOAD_NONE] = PUBLISHED_NOTHING,
                                                  [CONFIG_AT_LOAD_DISABLED] = PUBLISHED_DISABLED,
                                                  [CONFIG_AT_LOAD_LEFT_OUT] = PUBLISHED_LEFT_OUT};
    enum config_at_load found = config_load();
    publish_state(states[found], config_loaded());
    if (found != CONFIG_AT_LOAD_GIVEN)
        return LOAD_IDLE;
    log_remember_streams();
    libc_load();
    stack_load();
    clock_load();
    process_load(clear_up, adopt);
    beside_load();
    metrics_load();
    at_fork_in_child(process_forked); /* it must not wait: other handlers do */
    return LOAD_ACTIVE;
}

/* A copy has its own counters from its first call on, even if that call needs only the cache. */
static __attribute__((noinline)) void adopt_copy(void) {
    struct process_section section;
    process_section_begin(&section);
    process_adopt_copy();
    process_section_end(&section);
}

bool load_now(void) {
    uint32_t seen = LOAD_NEW;
    if (atomic_compare_exchange_strong(&load_state, &seen, LOAD_UNDER_WAY)) {
        seen = load();
        atomic_store(&load_state, seen);
    }
    if (seen == LOAD_ACTIVE && process_is_copy())
        adopt_copy();
    return seen == LOAD_ACTIVE;
}

__attribute__((constructor)) static void at_load(void) {
    load_ensure();
}

/* A copy that has not called us still has its parent's memory, and has counted nothing. */
__attribute__((destructor)) static void at_exit(void) {
    if (atomic_load(&load_state) == LOAD_ACTIVE && !process_is_copy())
        metrics_end();
}
