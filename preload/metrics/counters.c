#include "originbypass/metrics/counters.h"

#include <stdatomic.h>
#include <stddef.h>

static const char *const names[] = {
    [COUNTER_HITS] = "hits",
    [COUNTER_STALE_HITS] = "stale_hits",
    [COUNTER_NEGATIVE_HITS] = "negative_hits",
    [COUNTER_MISSES] = "misses",
    [COUNTER_REFRESHES] = "refreshes",
    [COUNTER_REFRESH_FAILURES] = "refresh_failures",
    [COUNTER_FALLBACKS] = "fallbacks",
    [COUNTER_PASS_THROUGHS] = "pass_throughs",
    [COUNTER_EVICTIONS] = "evictions",
    [COUNTER_FAILURES] = "failures",
    [COUNTER_REJECTIONS] = "rejections",
    [COUNTER_QUERIES] = "queries",
    [COUNTER_QUERY_ADDRESSES] = "query_addresses",
    [COUNTER_QUERY_NO_RECORDS] = "query_no_records",
    [COUNTER_QUERY_NO_NAMES] = "query_no_names",
    [COUNTER_QUERY_REFUSALS] = "query_refusals",
    [COUNTER_QUERY_TIMEOUTS] = "query_timeouts",
    [COUNTER_QUERY_ABANDONED] = "query_abandoned",
    [COUNTER_REPLIES] = "replies",
    [COUNTER_REPLY_MS] = "reply_ms",
    [COUNTER_UPSTREAM_DOWNS] = "upstream_downs",
    [COUNTER_UPSTREAM_BACKS] = "upstream_backs",
    [COUNTER_RELOADS] = "reloads",
    [COUNTER_REFUSED_RELOADS] = "refused_reloads",
    [COUNTER_EDGES_SEEN] = "edges_seen",
    [COUNTER_EDGES_REPLACED] = "edges_replaced",
};
_Static_assert(sizeof(names) / sizeof(names[0]) == COUNTER_COUNT, "every counter has a name");
_Static_assert(COUNTER_COUNT <= COUNTER_PLACES, "every counter has a place");

/* The figures of one thread, on cache lines of their own. With more threads than blocks, some share one. */
#define BLOCKS 64
static struct { _Alignas(64) _Atomic uint64_t figures[COUNTER_PLACES]; } blocks[BLOCKS];
static atomic_uint threads_seen;

/* The number of the thread's block plus one; 0 until it counts for the first time. */
static __thread unsigned own_number;

const char *counter_name(enum counter counter) {
    return names[counter];
}

static unsigned claim_number(void) {
    return atomic_fetch_add_explicit(&threads_seen, 1, memory_order_relaxed) % BLOCKS + 1;
}

static inline void add_to_counter(enum counter counter, uint64_t count) {
    if (own_number == 0)
        own_number = claim_number();
    atomic_fetch_add_explicit(&blocks[own_number - 1].figures[counter], count, memory_order_relaxed);
}

void counters_add(enum counter counter) {
    add_to_counter(counter, 1);
}

void counters_add_many(enum counter counter, uint64_t count) {
    add_to_counter(counter, count);
}

void counters_read(uint64_t totals[static COUNTER_COUNT]) {
    for (size_t counter = 0; counter < COUNTER_COUNT; counter++) {
        totals[counter] = 0;
        for (size_t block = 0; block < BLOCKS; block++)
            totals[counter] += atomic_load_explicit(&blocks[block].figures[counter], memory_order_relaxed);
    }
}

void counters_reset_in_child(void) {
    for (size_t block = 0; block < BLOCKS; block++)
        for (size_t counter = 0; counter < COUNTER_COUNT; counter++)
            atomic_store_explicit(&blocks[block].figures[counter], 0, memory_order_relaxed);
}
