#ifndef ORIGINBYPASS_LOOKUP_AGE_H
#define ORIGINBYPASS_LOOKUP_AGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "originbypass/cache/cache.h"
#include "originbypass/values/record_types.h"

/* Every hit calls these functions, so they are compiled into their callers. */

/** How old an answer from the cache may be. */
enum age {
    AGE_FRESH, /**< within its lifetime */
    AGE_STALE, /**< or so little past it that nobody waits for a fresh one */
    AGE_ANY,   /**< or older: better than no answer, except an answer that leaves the name to libc */
};

/** Whether the cache has an answer for this type that is no older than `age`. */
static inline bool age_is_within(const struct cache_copy *copy, size_t type, enum age age, uint64_t now_ms) {
    const struct answer *answer = copy->answers[type];
    if (answer == NULL)
        return false;
    if (age == AGE_ANY)
        return !answer_is_for_libc(answer) || copy->expires_ms[type] > now_ms;
    return (age == AGE_FRESH ? copy->expires_ms[type] : copy->stale_until_ms[type]) > now_ms;
}

/** The types in `set` that may be asked for now. After a failure, a type is not asked for again at once. */
static inline enum record_types age_due(const struct cache_copy *copy, enum record_types set, uint64_t now_ms) {
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++)
        if (copy->retry_ms[type] > now_ms)
            set &= ~types[type];
    return set;
}

#endif
