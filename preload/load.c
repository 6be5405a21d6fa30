#include "originbypass/load.h"

#include <pthread.h>
#include <stdatomic.h>

#include "originbypass/cache.h"
#include "originbypass/config.h"
#include "originbypass/configuration.h"
#include "originbypass/counters.h"
#include "originbypass/expansion.h"
#include "originbypass/flights.h"
#include "originbypass/health.h"
#include "originbypass/libc.h"
#include "originbypass/log.h"
#include "originbypass/metrics.h"
#include "originbypass/process.h"
#include "originbypass/requests.h"
#include "originbypass/upstream.h"
#include "originbypass/warnings.h"

_Atomic uint32_t load_state = LOAD_NEW;

/* The locks are taken in the order in which lookups take them, and given back in the other. */
static void before_fork(void) {
    requests_before_fork();
    flights_before_fork();
    cache_before_fork();
    expansions_before_fork();
    health_before_fork();
    warnings_before_fork();
}

static void in_parent(void) {
    warnings_after_fork();
    health_after_fork();
    expansions_after_fork();
    cache_after_fork();
    flights_after_fork();
    requests_after_fork();
}

static void in_child(void) {
    in_parent();
    process_forked();
}

void load_adopt(void) {
    upstream_adopt();
    configuration_adopt();
    cache_adopt();
    expansions_adopt();
    flights_adopt();
    requests_adopt();
    health_adopt();
    warnings_adopt();
    counters_reset_in_child();
    metrics_adopt();
}

/* What must be had before the program can chroot, drop its privileges or close descriptors; nothing is parsed. */
static enum load_state load(void) {
    if (!config_take())
        return LOAD_IDLE;
    log_remember_stderr();
    libc_load();
    process_load();
    metrics_load();
    pthread_atfork(before_fork, in_parent, in_child);
    return LOAD_ACTIVE;
}

/* A copy counts for itself from its first call on, also where that needs nothing but the cache. */
static __attribute__((noinline)) void adopt(void) {
    struct process_hold hold;
    process_hold_take(&hold);
    process_adopt_copy(load_adopt);
    process_hold_release(&hold);
}

bool load_now(void) {
    uint32_t seen = LOAD_NEW;
    if (atomic_compare_exchange_strong(&load_state, &seen, LOAD_UNDER_WAY)) {
        seen = load();
        atomic_store(&load_state, seen);
    }
    if (seen == LOAD_ACTIVE && process_is_copy())
        adopt();
    return seen == LOAD_ACTIVE;
}

__attribute__((constructor)) static void at_load(void) {
    load_ensure();
}

/* A copy that has not called us has its parent's memory, and counted nothing. */
__attribute__((destructor)) static void at_exit(void) {
    if (atomic_load(&load_state) == LOAD_ACTIVE && !process_is_copy())
        metrics_end();
}
