#ifndef ORIGINBYPASS_LOOKUP_LOOKUP_H
#define ORIGINBYPASS_LOOKUP_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "originbypass/cache/cache.h"
#include "originbypass/config/config.h"
#include "originbypass/guest/clock.h"
#include "originbypass/guest/process.h"
#include "originbypass/in_force/configuration.h"
#include "originbypass/in_force/in_force.h"
#include "originbypass/metrics/metrics.h"
#include "originbypass/values/answer.h"
#include "originbypass/values/name.h"

/** Who answers for a name that is ours. */
enum lookup_verdict {
    LOOKUP_FALLBACK, /**< libc: external DNS did not, and the message said why; or the thread is inside already */
    LOOKUP_ANSWERED, /**< we do, with addresses or with an error */
};

/** One lookup and what came of it. Made by lookup_open(), begun by lookup_begin(), ended by lookup_end(). */
struct lookup {
    const char *host; /**< as the program wrote it */
    struct name name;
    uint64_t now_ms; /**< the time of the call on clock_recent_ms(); after an answer from DNS the time of that */
    enum record_types wanted;
    /** A and AAAA: what was wanted and answered; NULL: not wanted, or a failure. Valid until lookup_end(). */
    const struct answer *answers[RECORD_TYPE_COUNT];
    const struct answer *rejected[RECORD_TYPE_COUNT]; /**< in place of an answer: what the policy rejects as a whole */
    const struct in_force *configuration;             /**< held; NULL: was not needed */
    const struct host_settings *settings;             /**< of the configuration; NULL after a hit */
    struct answer *fetched[RECORD_TYPE_COUNT];        /**< the answers that did not come from the cache */
    bool no_recovery;                                 /**< where one failed: message_is_final_failure() */
    uint16_t *sorted;                                 /**< an order that did not come from the cache */
    struct cache_copy copy;
};

/** A place in an order: which type's answer, and which address in it. */
#define ORDER_TYPE(place) ((place) >> 15)
#define ORDER_POSITION(place) ((place)&0x7fff)

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
 * Find the answers for the wanted types as DESIGN section 2 has it: from the cache, or from external DNS. In either
 * case the lookup is still to be ended with lookup_end(). errno is kept. A cancellation point, where it has waited:
 * what the lookup holds is released then. Thread-safe; a hit takes no lock.
 */
enum lookup_verdict lookup_finish(struct lookup *lookup, enum record_types wanted);

/**
 * Begin a part in which libc is called for a name of ours, and the thread may be cancelled: what the lookup holds is
 * then released. process_cover() ends it. False: there is no memory for that. Thread-safe.
 */
bool lookup_expose(const struct lookup *lookup, struct process_rest *before);

/** Whether a wanted type has an answer with this outcome; OUTCOME_FAILURE: whether one has no answer. */
bool lookup_has(const struct lookup *lookup, enum outcome outcome);

/** Whether external DNS has said that the name has no address of this family: libc's are not to be used then. */
bool lookup_lacks(const struct lookup *lookup, sa_family_t family);

/** How many addresses the wanted types have. */
size_t lookup_address_count(const struct lookup *lookup);

/**
 * The places of the wanted addresses in libc's order, lookup_address_count() of them; A's in DNS order and then AAAA's
 * where no order can be found. Written to `places`. Remembered with the answer for a second.
 */
void lookup_order(struct lookup *lookup, uint16_t *places);

/**
 * There is nothing better than the rejected addresses: use them as the answers, unless the settings are strict. False:
 * they may not be used, or there are none. Either way a warning says so. The caller is inside (process_enter()).
 */
bool lookup_use_rejected(struct lookup *lookup);

/** Free what a lookup holds. */
void lookup_end(struct lookup *lookup);

#endif
