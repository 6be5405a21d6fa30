#ifndef ORIGINBYPASS_METRICS_COUNTERS_H
#define ORIGINBYPASS_METRICS_COUNTERS_H

#include <stdint.h>

/**
 * What is counted, in lookups of one name and record type where nothing else is said. Their places are part of the
 * layout of the counters' files (counters_file.h): new ones come at the end, none is taken out.
 */
enum counter {
    COUNTER_HITS,             /**< answered from the cache with addresses, within their TTL */
    COUNTER_STALE_HITS,       /**< answered from the cache with addresses, past their TTL */
    COUNTER_NEGATIVE_HITS,    /**< answered from the cache: no such name, or no such record */
    COUNTER_MISSES,           /**< not in the cache, or too old to be served without a wait */
    COUNTER_REFRESHES,        /**< refreshes begun */
    COUNTER_REFRESH_FAILURES, /**< refreshes that brought no answer */
    COUNTER_FALLBACKS,        /**< calls for an allowlisted name that libc answered */
    COUNTER_PASS_THROUGHS,    /**< calls that were never ours */
    COUNTER_EVICTIONS,        /**< entries that were evicted because the cache was full */
    COUNTER_FAILURES,         /**< calls for an allowlisted name that nobody answered (`fallback = "never"`) */
    COUNTER_REJECTIONS,       /**< answers of upstreams with only rejected addresses */
    COUNTER_QUERIES,          /**< questions to an upstream, probes and repetitions too; each has one of these ends: */
    COUNTER_QUERY_ADDRESSES,  /**< addresses */
    COUNTER_QUERY_NO_RECORDS, /**< the name exists, without an address of this type */
    COUNTER_QUERY_NO_NAMES,   /**< no such name */
    COUNTER_QUERY_REFUSALS,   /**< the upstream said something of no use */
    COUNTER_QUERY_TIMEOUTS,   /**< no word from the upstream, or no way to it */
    COUNTER_QUERY_ABANDONED,  /**< given up: another upstream was quicker, or there was no socket */
    COUNTER_REPLIES,          /**< the first replies to a question, or to the two for both types, of an upstream */
    COUNTER_REPLY_MS,         /**< how long these took together, in milliseconds */
    COUNTER_UPSTREAM_DOWNS,   /**< how often an upstream went down */
    COUNTER_UPSTREAM_BACKS,   /**< how often one came back */
    COUNTER_RELOADS,          /**< new configurations that took effect */
    COUNTER_REFUSED_RELOADS,  /**< new configurations that were refused */
    COUNTER_EDGES_SEEN,       /**< calls that libc led to an edge (`when = "edge"`), without a hit before */
    COUNTER_EDGES_REPLACED,   /**< of these, calls that external DNS answered */
    COUNTER_COUNT
};

/** The name of a counter as users see it: `stale_hits`. */
const char *counter_name(enum counter counter);

/** So many counters have room. */
#define COUNTER_PLACES 32

/** Add one. No memory that another thread writes is touched, up to 64 threads. Thread-safe, takes no lock. */
void counters_add(enum counter counter);

/** Add as many. Thread-safe. */
void counters_add_many(enum counter counter, uint64_t count);

/** The sums over all threads, also those that have ended, since load or since the last reset. Thread-safe. */
void counters_read(uint64_t totals[static COUNTER_COUNT]);

/** Begin at zero. For the child of fork(2), while it has one thread: what its parent counted is its parent's. */
void counters_reset_in_child(void);

#endif
