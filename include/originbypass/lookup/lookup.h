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
 * is loaded (load_ensure()). Thread-safe; can be called from anywhere, also in a signal handler.
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
 * Get the list that recently answered a call with this key for the name. True: it is a hit, and nothing more is to be
 * done. False: there is no list. Takes no lock. Thread-safe.
 */
static inline bool lookup_recall_list(const struct lookup *lookup, struct cache_list *list) {
    if (!cache_get_list(&lookup->name, lookup->now_ms, list))
        return false;
    metrics_count(COUNTER_HITS, lookup->now_ms);
    return true;
}

/**
 * After lookup_begin(): whether libc is to be asked first, because the name's rule is only for names that libc leads to
 * an edge (`when = "edge"`), and no origin of the name is known whose lifetime is not over. Then tell
 * lookup_leads_to_edge() whether it does. If so, go on with lookup_finish(); if LOOKUP_FALLBACK is the result, libc's
 * answer stays. Never waits. Thread-safe.
 */
bool lookup_asks_libc_first(struct lookup *lookup);

/**
 * After libc was asked first and had no answer, because its DNS failed: whether an origin of the name is known. Then go
 * on with lookup_finish(), since the name was ours when libc could say. Never waits. Thread-safe.
 */
bool lookup_outlives_libc(const struct lookup *lookup);

/** Whether an address of libc's is an edge, for a name of which libc is asked first. Thread-safe. */
bool lookup_is_edge(const struct lookup *lookup, const struct address *address);

/**
 * Tell whether libc leads to an edge, and to which; it is used until the end. Returns `found`. If not, the call is a
 * pass through, and only lookup_end() is left. errno is kept. Thread-safe.
 */
bool lookup_leads_to_edge(struct lookup *lookup, bool found, const struct address *edge);

/**
 * Find the answers for the wanted types as preload/README.md describes: from the cache, or from external DNS. In either
 * case the caller still has to end the lookup with lookup_end(). errno is kept. It is a cancellation point if it has
 * waited: what the lookup holds is released then. Thread-safe; a hit takes no lock.
 */
enum lookup_verdict lookup_finish(struct lookup *lookup, enum record_types wanted);

/**
 * Begin a part in which libc is called for a name of ours. If the thread is cancelled there, what the lookup holds is
 * released. process_cover() ends it. False: there is not enough memory. Thread-safe.
 */
bool lookup_expose(const struct lookup *lookup, struct process_rest *before);

/** Free what a lookup holds. */
void lookup_end(struct lookup *lookup);

#endif
