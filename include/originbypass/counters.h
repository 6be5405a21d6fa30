#ifndef ORIGINBYPASS_COUNTERS_H
#define ORIGINBYPASS_COUNTERS_H

#include <stdint.h>

/** What is counted, in lookups of one name and record type where nothing else is said. */
enum counter {
    COUNTER_HITS,             /**< answered from the cache with addresses, within their TTL */
    COUNTER_STALE_HITS,       /**< answered from the cache with addresses, past their TTL */
    COUNTER_NEGATIVE_HITS,    /**< answered from the cache: no such name, or no such record */
    COUNTER_MISSES,           /**< not in the cache */
    COUNTER_REFRESHES,        /**< refreshes begun */
    COUNTER_REFRESH_FAILURES, /**< refreshes that brought no answer */
    COUNTER_FALLBACKS,        /**< calls for an allowlisted name that libc answered */
    COUNTER_PASS_THROUGHS,    /**< calls that were never ours */
    COUNTER_EVICTIONS,        /**< entries that left the cache for want of room */
    COUNTER_COUNT
};

/** The name of a counter as users see it: `stale_hits`. */
const char *counter_name(enum counter counter);

/** Add one. No memory that another thread writes is touched, up to 64 threads. Thread-safe, takes no lock. */
void counters_add(enum counter counter);

/** The sums over all threads, also those that have ended, since load or since the last reset. Thread-safe. */
void counters_read(uint64_t totals[static COUNTER_COUNT]);

/** Begin at zero. For the child of fork(2), while it has one thread: what its parent counted is its parent's. */
void counters_reset_in_child(void);

#endif
