#ifndef ORIGINBYPASS_LOOKUP_LOOKUP_STATE_H
#define ORIGINBYPASS_LOOKUP_LOOKUP_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "originbypass/cache/cache.h"
#include "originbypass/config/config.h"
#include "originbypass/in_force/in_force.h"
#include "originbypass/values/answer.h"
#include "originbypass/values/name.h"
#include "originbypass/values/record_types.h"

/** Who answers for a name that is ours. */
enum lookup_verdict {
    LOOKUP_FALLBACK, /**< libc does: external DNS did not, and the message said why; or the thread is already inside */
    LOOKUP_ANSWERED, /**< we do, with addresses or with an error */
};

/** One lookup and its result. Made by lookup_open(), begun by lookup_begin(), ended by lookup_end(). */
struct lookup {
    const char *host; /**< as the program wrote it */
    struct name name;
    uint64_t now_ms; /**< on clock_recent_ms(): the time of the call, or of the answer that came from DNS */
    enum record_types wanted;
    /** A and AAAA: what was wanted and answered; NULL: not wanted, or a failure. Valid until lookup_end(). */
    const struct answer *answers[RECORD_TYPE_COUNT];
    const struct answer *rejected[RECORD_TYPE_COUNT]; /**< instead of an answer: a wholly rejected one */
    const struct in_force *configuration;             /**< acquired; NULL: it was not needed */
    const struct host_settings *settings;             /**< of the configuration; NULL after a hit */
    const struct address *instead_of;                 /**< libc's edge, if it was asked first; NULL: it was not */
    struct answer *fetched[RECORD_TYPE_COUNT];        /**< the answers that did not come from the cache */
    bool no_recovery;                                 /**< if a type failed: message_is_final_failure() */
    bool translated;                                  /**< the AAAA answer is made of A's, as a DNS64 does */
    uint16_t *sorted;                                 /**< an order that did not come from the cache */
    struct cache_copy copy;
};

/** Whether a wanted type has an answer with this outcome; OUTCOME_FAILURE: whether a wanted type has no answer. */
static inline bool lookup_has(const struct lookup *lookup, enum outcome outcome) {
    for (size_t type = 0; type < RECORD_TYPE_COUNT; type++) {
        const struct answer *answer = lookup->answers[type];
        enum outcome said = answer == NULL ? OUTCOME_FAILURE : (enum outcome)answer->outcome;
        /* Rejected addresses among the answers are used if there are no others. */
        if ((lookup->wanted & types[type]) && (said == OUTCOME_REJECTED ? OUTCOME_ADDRESSES : said) == outcome)
            return true;
    }
    return false;
}

/**
 * Whether external DNS has said that the name has no address of this family: libc's addresses of this family must not
 * be used then.
 */
bool lookup_lacks(const struct lookup *lookup, sa_family_t family);

/** How many addresses the wanted types have. */
size_t lookup_address_count(const struct lookup *lookup);

#endif
