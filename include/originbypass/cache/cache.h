#ifndef ORIGINBYPASS_CACHE_CACHE_H
#define ORIGINBYPASS_CACHE_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "originbypass/values/answer.h"
#include "originbypass/values/name.h"

/*
 * Answers by name and record type, in fixed slots that are never unmapped. Writers take the lock; a reader
 * takes none and writes to no memory that another reader reads: it copies a slot out and compares the slot's
 * sequence number before and after (a sequence lock).
 */

/** What a reader gets: a copy of its own. Begins with cache_copy_begin() and ends with cache_copy_release(). */
struct cache_copy {
    const struct answer *answers[RECORD_TYPE_COUNT]; /**< A, AAAA; NULL: not there */
    uint64_t expires_ms[RECORD_TYPE_COUNT];          /**< end of the lifetime, on clock_now_ms() */
    uint64_t stale_until_ms[RECORD_TYPE_COUNT];      /**< till when it may be served without a wait */
    uint64_t retry_ms[RECORD_TYPE_COUNT]; /**< what is past its lifetime is not to be asked for again before */
    const uint16_t *order;                /**< places in A's and AAAA's addresses together, the best first; or NULL */
    uint64_t order_until_ms;              /**< how long it is good */
    uint64_t list_until_ms; /**< how long a list is good that the name has (cache_put_list()); 0: it has none */
    uint32_t version;       /**< changes with everything that is remembered for the name */
    uint64_t *heap;         /**< where the copy did not fit into `storage` */
    uint64_t storage[96];
};
static inline void cache_copy_begin(struct cache_copy *copy) {
    copy->answers[0] = copy->answers[1] = NULL;
    copy->order = NULL;
    copy->heap = NULL;
}
void cache_copy_release(struct cache_copy *copy);

/**
 * Room for that many names. Called before the first lookup; later calls have no effect. Where no memory can
 * be mapped nothing is ever cached. Thread-safe.
 */
void cache_open(uint32_t max_entries);

/**
 * Copy what is there of a name's answers, fresh or not. False: nothing, or (rarely) a writer was in the
 * way. `now_ms` is the time of use. Takes no lock. Thread-safe.
 */
bool cache_get(const struct name *name, uint64_t now_ms, struct cache_copy *copy);

/** How long an answer is good. */
struct cache_term {
    uint64_t expires_ms;     /**< end of the lifetime */
    uint64_t stale_until_ms; /**< till when it may be served without a wait; not before `expires_ms` */
    uint32_t generation;     /**< cache_generation() at the time of the question */
};

/**
 * Remember an answer instead of the name's earlier one of this type; also past its term, until it is replaced or
 * evicted: what was used longest ago leaves where room is short. Nothing is remembered of a generation that is gone.
 * This type may be asked for again at once. Signals must be blocked (process_enter()). Thread-safe.
 */
void cache_put(const struct name *name, const struct answer *answer, const struct cache_term *term, uint64_t now_ms);

/**
 * Keep others from asking for the name's old answer of this type before `until_ms`. `retry_ms` is what the copy said;
 * false: it has changed since, or the name is gone. Takes no lock. Thread-safe.
 */
bool cache_postpone(const struct name *name, size_t type, uint64_t retry_ms, uint64_t until_ms);

/**
 * Note that external DNS has said this outcome of a name and type, instead of what is remembered for it, which
 * stays. Returns whether it was the last one that was noted. Forgotten with the next cache_put(). Signals must be
 * blocked. Thread-safe.
 */
bool cache_doubt(const struct name *name, size_t type, enum outcome said);

/** Changes with each cache_clear(). Thread-safe. */
uint32_t cache_generation(void);

/**
 * Remember the order of a name's addresses, A's and AAAA's together, until `until_ms`. `order` is followed by room up
 * to a whole 64-bit word. Dropped where `counts` are not their numbers any more. Signals must be blocked. Thread-safe.
 */
void cache_put_order(const struct name *name, const uint16_t *order, const size_t counts[static RECORD_TYPE_COUNT],
                     uint64_t until_ms);

/* A call's key and the longest list, in words. */
#define CACHE_KEY_WORDS 3
#define CACHE_LIST_WORDS_MAX 144

/** What a call for a name was answered with: both key and list are in the words of the caller of this room. */
struct cache_list {
    uint64_t key[CACHE_KEY_WORDS]; /**< all that the list depends on, except the name */
    uint64_t until_ms;             /**< how long it is good */
    uint32_t word_count;
    uint64_t words[CACHE_LIST_WORDS_MAX];
};

/**
 * Copy out the list that is remembered for the name, if it is of this key and good at `now_ms`, the time of use. False:
 * there is none, or (rarely) a writer was in the way. Takes no lock. Thread-safe.
 */
bool cache_get_list(const struct name *name, uint64_t now_ms, struct cache_list *list);

/**
 * Remember a list for the name, which has one place for one. Dropped where the name has changed since `version` (of
 * cache_get()), and forgotten with the next change. Signals must be blocked. Thread-safe.
 */
void cache_put_list(const struct name *name, uint32_t version, const struct cache_list *list);

/** Forget everything, and what is being asked for meanwhile: for tests. Signals must be
 * blocked. Thread-safe. */
void cache_clear(void);

/**
 * Forget the names for which `is_outdated` says true, and what is being asked for meanwhile: for a new configuration.
 * It is called under the lock: it may not wait, allocate or call anything that is not our own. Signals must be blocked.
 * Thread-safe.
 */
void cache_forget(bool (*is_outdated)(const struct name *name, void *context), void *context);

/** Names in the cache. Thread-safe. */
size_t cache_entries(void);

/** In a new copy of the process: the thread that held the lock is gone, and the name that it was writing with it. */
void cache_adopt(void);

#endif
