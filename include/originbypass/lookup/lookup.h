#ifndef ORIGINBYPASS_LOOKUP_LOOKUP_H
#define ORIGINBYPASS_LOOKUP_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "originbypass/guest/clock.h"
#include "originbypass/guest/process.h"
#include "originbypass/in_force/configuration.h"
#include "originbypass/lookup/lookup_state.h"
#include "originbypass/metrics/metrics.h"

/**
 * Whether `host` could be ours. False: libc answers (pass through). True: go on with lookup_begin() or
 * lookup_recall_list(); there is nothing to end yet. `host` stays the caller's and is used until the end. The library
 * is loaded (load_ensure()). Thread-safe; may be called from anywhere, also in a signal handler.
 */
static inline bool lookup_open(struct lookup *lookup, const char *host) {
    lookup->host = host;
    lookup->now_ms = clock_recent_ms();
    configuration_keep_up(lookup->now_ms);
    if (name_fold(&lookup->name, host))
        return true;
    metrics_count(COUNTER_PASS_THROUGHS, lookup->now_ms);
    return false;
}

/**
 * Whether the name is ours. False: libc answers (pass through), and there is nothing to end. True: go on with
 * lookup_finish(), or give up with lookup_end(). Never waits. Thread-safe.
 */
bool lookup_begin(struct lookup *lookup);

/**
 * The list with which a call of this key was answered for the name lately: a hit, and all there is to do. False: there
 * is none. Takes no lock. Thread-safe.
 */
static inline bool lookup_recall_list(const struct lookup *lookup, struct cache_list *list) {
    if (!cache_get_list(&lookup->name, lookup->now_ms, list))
        return false;
    metrics_count(COUNTER_HITS, lookup->now_ms);
    return true;
}

/**
 * Find the answers for the wanted types as preload/README.md has it: from the cache, or from external DNS. In either
 * case the lookup is still to be ended with lookup_end(). errno is kept. A cancellation point, where it has waited:
 * what the lookup holds is released then. Thread-safe; a hit takes no lock.
 */
enum lookup_verdict lookup_finish(struct lookup *lookup, enum record_types wanted);

/**
 * Begin a part in which libc is called for a name of ours, and the thread may be cancelled: what the lookup holds is
 * then released. process_cover() ends it. False: there is no memory for that. Thread-safe.
 */
bool lookup_expose(const struct lookup *lookup, struct process_rest *before);

/** Free what a lookup holds. */
void lookup_end(struct lookup *lookup);

#endif
