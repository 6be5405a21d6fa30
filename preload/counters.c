#include "originbypass/counters.h"

#include <stdatomic.h>
#include <stddef.h>

#define BLOCK_COUNT 64
#define CACHE_LINE_SIZE 64

/** The figures of one thread, on cache lines of their own. With more threads than blocks, some share one. */
struct block {
    _Alignas(CACHE_LINE_SIZE) atomic_uint_fast64_t figures[COUNTER_COUNT];
};

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
};
_Static_assert(sizeof(names) / sizeof(names[0]) == COUNTER_COUNT, "every counter has a name");

static struct block blocks[BLOCK_COUNT];
static atomic_uint threads_seen;

/** NULL until the thread counts for the first time. */
static __thread struct block *own_block;

const char *counter_name(enum counter counter) {
    return names[counter];
}

static struct block *take_block(void) {
    return &blocks[atomic_fetch_add_explicit(&threads_seen, 1, memory_order_relaxed) % BLOCK_COUNT];
}

void counters_add(enum counter counter) {
    if (own_block == NULL)
        own_block = take_block();
    atomic_fetch_add_explicit(&own_block->figures[counter], 1, memory_order_relaxed);
}

void counters_read(uint64_t totals[static COUNTER_COUNT]) {
    for (size_t counter = 0; counter < COUNTER_COUNT; counter++) {
        totals[counter] = 0;
        for (size_t block = 0; block < BLOCK_COUNT; block++)
            totals[counter] += atomic_load_explicit(&blocks[block].figures[counter], memory_order_relaxed);
    }
}

void counters_reset_in_child(void) {
    for (size_t block = 0; block < BLOCK_COUNT; block++)
        for (size_t counter = 0; counter < COUNTER_COUNT; counter++)
            atomic_store_explicit(&blocks[block].figures[counter], 0, memory_order_relaxed);
}
